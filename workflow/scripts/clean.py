"""Remove the results of runs after the user confirms on the terminal. Downloads stay, and so does all
that is not the workflow's own."""

import os
import select
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from experiment_grid.format import megabytes
from experiment_grid.runtime import lock, removable
from experiment_grid.runtime.errors import UserError
from experiment_grid.runtime.files import size

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

PAUSE = 0.2  # seconds after which a Ctrl-C is heard at the latest
TRACES = ("dag/", "plan/", "logs/", "benchmarks/")  # without results, nothing to speak of


def clean(results: Path, patterns: list[str]) -> str:
    """Ask, remove, and report what was removed. `patterns`: what the rules write (see `runtime.removable.find`).

    Without a terminal to ask on, YES=1 in the environment is the answer.
    """
    found = removable.find(results, patterns)
    files = found.of()
    if all(path.relative_to(results).as_posix().startswith(TRACES) for path in files):
        return f"{results}: no results here{_elsewhere(results)}"
    cells = sum(any(path.is_relative_to(results / "cells") for path in of) for of in found.files.values())
    what = f"{results}: {cells} cells with their page, {megabytes(sum(map(size, files)))}"
    left = removable.left(found)
    if os.environ.get("YES") != "1":
        if not sys.stdin.isatty():
            sys.exit(f"{what}. Nothing removed: no terminal to ask on; make clean YES=1 confirms in advance.")
        try:
            stay = f"{left}\n" if left else ""
            print(f"{stay}{what}. Downloads in {results / 'data'} stay. Remove? [y/N] ", end="", flush=True)
            answer = _line()
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # Snakemake interrupts what the terminal has interrupted
            answer = ""
        if answer.strip().lower() not in ("y", "yes"):
            return ("" if answer.endswith("\n") else "\n") + "Nothing removed."
    with lock.unused(results):
        removable.remove(files, results)
    return "\n".join(filter(None, [f"Removed {what}.", left]))


def _line() -> str:
    """A line from the terminal. A Ctrl-C just before a blocking read would take effect only after it."""
    while not select.select([sys.stdin], [], [], PAUSE)[0]:
        pass
    return sys.stdin.readline()


def _elsewhere(results: Path) -> str:
    """How to clean the folders below that have results of their own, such as the demo's."""
    hints = ""
    for other in sorted(path.parent for path in results.glob("*/cells")):
        config = Path(f"config/{other.name}.yaml")
        hints += f"; {other} has some: make clean CONFIG={config if config.is_file() else '…'}"
    return hints


if __name__ == "__main__":
    try:
        print(clean(Path(snakemake.params.results), list(snakemake.params.patterns)))
    except UserError as error:
        sys.exit(str(error))
