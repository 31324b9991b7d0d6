"""Train one seed of a cell, as a cell that has no other."""

from train import main

if __name__ == "__main__":
    main(snakemake)
