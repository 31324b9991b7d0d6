"""Print what would run now, and why. The rule `why` hands over the plan in words."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


if __name__ == "__main__":
    print(snakemake.params.text)
