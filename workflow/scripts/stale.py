"""List, and remove when asked, what cells left behind that are no longer configured."""

from pathlib import Path

from experiment.disk import remove, size

PLACES = (
    "cells/{cell}",
    "partial/{cell}",
    "plan/train/{cell}.json",
    "plan/evaluate/{cell}.json",
    "logs/train/{cell}.log",
    "logs/evaluate/{cell}.log",
    "benchmarks/train/{cell}.tsv",
    "benchmarks/evaluate/{cell}.tsv",
    ".locks/train/{cell}",
    ".locks/evaluate/{cell}",
)


def stale(results: Path, cells: list[str], delete: bool) -> list[str]:
    """A line per cell with what it takes on disk; with `delete`, its files are gone afterwards."""
    lines = []
    for cell in cells:
        paths = [results / place.format(cell=cell) for place in PLACES]
        taken = sum(map(size, paths))
        if delete:
            for path in paths:
                remove(path)
        lines.append(f"{'removed ' if delete else ''}{cell}  {taken / 1e6:.1f} MB")
    return lines or ["no cell has results that is not configured"]


if __name__ == "__main__":
    print("\n".join(stale(Path(snakemake.params.results), list(snakemake.params.cells), snakemake.params.delete)))
