"""List, and remove when asked, what cells left behind that are no longer configured."""

import shutil
from pathlib import Path

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


def stale(results: Path, cells: list[str], delete: bool) -> list[str]:
    """A line per cell with what it takes on disk; with `delete`, its files are gone afterwards."""
    lines = []
    for cell in cells:
        paths = [results / place.format(cell=cell) for place in PLACES]
        size = sum(_bytes(path) for path in paths)
        if delete:
            for path in paths:
                _remove(path)
        lines.append(f"{'removed ' if delete else ''}{cell}  {size / 1e6:.1f} MB")
    return lines or ["no cell has results that is not configured"]


def _bytes(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    print("\n".join(stale(Path(snakemake.params.results), list(snakemake.params.cells), snakemake.params.delete)))
