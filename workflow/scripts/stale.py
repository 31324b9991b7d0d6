"""List, and remove when asked, what cells left behind that are no longer configured."""

import sys
from pathlib import Path

from frame import lock
from frame.errors import UserError
from frame.files import remove, size

PLACES = (
    "cells/{cell}",
    "partial/{cell}",
    "plan/train/{cell}.json",
    "plan/evaluate/{cell}.json",
    "logs/train/{cell}.log",
    "logs/evaluate/{cell}.log",
    "benchmarks/train/{cell}.tsv",
    "benchmarks/evaluate/{cell}.tsv",
)


def stale(results: Path, cells: list[str], delete: bool = False) -> list[str]:
    """A line per cell with what it takes on disk; with `delete`, its files are gone afterwards."""
    lines = []
    for cell in cells:
        paths = [results / place.format(cell=cell) for place in PLACES]
        taken = sum(map(size, paths))
        if delete:
            for path in paths:
                remove(path)
        lines.append(f"{'removed ' if delete else ''}{cell}  {taken / 1e6:.1f} MB")
    return lines or ["every cell that has results is configured"]


def prune(results: Path, cells: list[str], configured: list[str]) -> list[str]:
    """Remove these cells, unless none that is configured has results: then the folder is another configuration's."""
    if cells and not any((results / "cells" / cell).is_dir() for cell in configured):
        sys.exit(
            f"{results}: none of the configured cells has results here: is this the folder of another configuration?"
        )
    with lock.unused(results, cells):
        return stale(results, cells, delete=True)


if __name__ == "__main__":
    folder, left = Path(snakemake.params.results), list(snakemake.params.cells)
    try:
        lines = prune(folder, left, snakemake.params.configured) if snakemake.params.delete else stale(folder, left)
    except UserError as error:
        sys.exit(str(error))
    print("\n".join(lines))
