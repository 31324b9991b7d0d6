"""Remove what runs left in a results folder, once the person at the terminal says yes. Downloads stay."""

import os
import sys
from pathlib import Path

from frame import lock
from frame.errors import UserError
from frame.files import remove, size

# What the rules write, without data/: fetching again may take a network that is not there.
RESULTS = (
    "cells",
    "partial",
    "comparison",
    "comparison.csv",
    "effects.csv",
    "reference.csv",
    "errors",
    "figures",
    "report.html",
    "report.json",
    "ro-crate-metadata.json",
    "record.json",
)
TRACES = (
    "dag",
    "plan",
    "logs",
    "benchmarks",
)


def clean(results: Path) -> str:
    """Ask, remove, and say what happened. Without a terminal to ask on, YES=1 in the environment is the answer."""
    there = [results / name for name in (*RESULTS, *TRACES) if (results / name).exists()]
    if not any((results / name).exists() for name in RESULTS):
        return f"{results}: no results here{_elsewhere(results)}"
    cells = sum(1 for path in (results / "cells").glob("*") if path.is_dir())
    what = f"{results}: {cells} cells with their page, {sum(map(size, there)) / 1e6:.1f} MB"
    if os.environ.get("YES") != "1":
        if not sys.stdin.isatty():
            sys.exit(f"{what}. Nothing removed: there is no terminal to ask on; make clean YES=1 says yes beforehand.")
        try:
            print(f"{what}. Downloads in {results / 'data'} stay. Remove? [y/N] ", end="", flush=True)
            answer = sys.stdin.readline()
        except KeyboardInterrupt:
            answer = ""
        if answer.strip().lower() not in ("y", "yes"):
            return ("" if answer.endswith("\n") else "\n") + "Nothing removed."
    with lock.unused(results):
        for path in there:
            remove(path)
    return f"Removed {what}."


def _elsewhere(results: Path) -> str:
    """How to clean the folders below that have results of their own, such as the demo's."""
    hints = ""
    for other in sorted(path.parent for path in results.glob("*/cells")):
        config = Path(f"config/{other.name}.yaml")
        hints += f"; {other} has some: make clean CONFIG={config if config.is_file() else '…'}"
    return hints


if __name__ == "__main__":
    try:
        print(clean(Path(snakemake.params.results)))
    except UserError as error:
        sys.exit(str(error))
