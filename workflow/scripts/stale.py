"""List the results of cells that are no longer configured, and unused trainings, with their sizes."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from experiment_grid.format import megabytes
from experiment_grid.runtime import removable
from experiment_grid.runtime.errors import UserError
from experiment_grid.runtime.files import size

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def stale(results: Path, cells: list[str], trainings: dict[str, str], patterns: list[str]) -> list[str]:
    """A line per cell, and those of `trainings` (folder: line); `patterns`: see `runtime.removable.find`."""
    found = removable.find(results, patterns)
    lines = [f"{cell}  {megabytes(sum(map(size, found.of([cell]))))}" for cell in cells]
    return [*lines, *trainings.values()] or ["every cell that has results is configured"]


if __name__ == "__main__":
    asked = snakemake.params
    try:
        lines = stale(Path(asked.results), list(asked.cells), dict(asked.trainings), list(asked.patterns))
    except UserError as error:
        sys.exit(str(error))
    print("\n".join(lines))
