"""List, and remove when asked, what cells left behind that are no longer configured, and earlier trainings."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from experiment_grid.runtime import lock, owned
from experiment_grid.runtime.errors import UserError
from experiment_grid.runtime.files import size

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def stale(
    results: Path, cells: list[str], trainings: dict[str, str], patterns: list[str], delete: bool = False
) -> list[str]:
    """A line per cell with what it takes on disk; with `delete`, its files are gone afterwards, and what is not the
    workflow's own is listed. `trainings`: their folders, and a line on each; `patterns`: what the rules write (see
    `runtime.owned.find`)."""
    found = owned.find(results, patterns)
    lines = []
    for cell in cells:
        files = found.of([cell])
        lines.append(f"{'removed ' if delete else ''}{cell}  {sum(map(size, files)) / 1e6:.1f} MB")
        if delete:
            owned.remove(files, results)
            left = owned.left(found, [f"cells/{cell}", f"partial/{cell}"])
            lines += [left] if left else []
    for folder, line in trainings.items():
        lines.append(f"{'removed ' if delete else ''}{line}")
        if delete:
            owned.remove([path for path in found.of([""]) if path.parent == Path(folder)], results)
    return lines or ["every cell that has results is configured"]


def prune(
    results: Path, cells: list[str], trainings: dict[str, str], patterns: list[str], configured: list[str]
) -> list[str]:
    """Remove these cells and trainings, unless none that is configured has results: then the folder is another
    configuration's."""
    if (cells or trainings) and not any((results / "cells" / cell).is_dir() for cell in configured):
        sys.exit(
            f"{results}: none of the configured cells has results here: is this the folder of another configuration?"
        )
    with lock.unused(results, cells):
        return stale(results, cells, trainings, patterns, delete=True)


if __name__ == "__main__":
    asked = snakemake.params
    what = Path(asked.results), list(asked.cells), dict(asked.trainings), list(asked.patterns)
    try:
        lines = prune(*what, asked.configured) if asked.delete else stale(*what)
    except UserError as error:
        sys.exit(str(error))
    print("\n".join(lines))
