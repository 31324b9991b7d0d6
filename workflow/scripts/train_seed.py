"""Train one seed of a cell, as if the cell had only this seed."""

from typing import TYPE_CHECKING

from train import main

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

if __name__ == "__main__":
    main(snakemake)
