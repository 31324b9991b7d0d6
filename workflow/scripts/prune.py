"""Remove the results of cells that are no longer configured, and unused trainings; list the user's own files."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from experiment_grid.format import megabytes
from experiment_grid.runtime import lock, removable
from experiment_grid.runtime.errors import UserError
from experiment_grid.runtime.files import size

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def prune(
    results: Path, cells: list[str], trainings: dict[str, str], patterns: list[str], configured: list[str]
) -> list[str]:
    """Remove these cells and trainings (folder: line), and return a line on each; `patterns`: see
    `runtime.removable.find`. Nothing is removed where no configured cell has results: then the folder is another
    configuration's."""
    if (cells or trainings) and not any((results / "cells" / cell).is_dir() for cell in configured):
        sys.exit(
            f"{results}: none of the configured cells has results here: is this the folder of another configuration?"
        )
    with lock.unused(results, cells):
        found = removable.find(results, patterns)
        lines = []
        for cell in cells:
            files = found.of([cell])
            lines.append(f"removed {cell}  {megabytes(sum(map(size, files)))}")
            removable.remove(files, results)
            left = removable.left(found, [f"cells/{cell}", f"partial/{cell}"])
            lines += [left] if left else []
        for folder, line in trainings.items():
            lines.append(f"removed {line}")
            removable.remove([path for path in found.of([""]) if path.parent == Path(folder)], results)
    return lines or ["every cell that has results is configured"]


if __name__ == "__main__":
    asked = snakemake.params
    what = Path(asked.results), list(asked.cells), dict(asked.trainings), list(asked.patterns)
    try:
        lines = prune(*what, asked.configured)
    except UserError as error:
        sys.exit(str(error))
    print("\n".join(lines))
