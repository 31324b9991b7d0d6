"""Many cells on the digits: the cost of planning, running and comparing them as their number grows."""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from bench.measure import megabytes, table, where
from bench.workflow import copy_project, peak, point, seconds_of, snakemake

CONFIG = """\
title: Scale
dataset: digits
reference: null
baseline: cell-0
final: cell-0
pathvars: {{results: results}}
defaults: {{hidden: [32], epochs: 3, seeds: [1], device: cpu}}
cells: {cells}
"""
TOGETHER = ("timing", "compare", "figures", "errors", "report", "record")


def section(arguments: argparse.Namespace) -> None:
    """Measure each size on a project of its own."""
    print("Scale: cells of the digits in a grid of ten values a factor, [32], 3 epochs, 1 seed; two cores")
    print(f"{where()}\n", flush=True)
    columns = []
    for cells in arguments.cells:
        columns.append(measure(cells))
        print(
            table(["cells", str(cells)], list(columns[-1].items())[1:]), end="\n\n", file=sys.stderr, flush=True
        )  # an hour may be interrupted
    header, *rows = [[name, *(column[name] for column in columns)] for name in columns[0]]
    print(table(header, rows))
    print()


def measure(cells: int) -> dict[str, str]:
    """All measurements of one size."""
    with tempfile.TemporaryDirectory() as folder:
        project = copy_project(Path(folder) / "project")
        grid = json.dumps([{"name": f"cell-{number}"} | point(number) for number in range(cells)])
        (project / "config/scale.yaml").write_text(CONFIG.format(cells=grid), "utf-8")
        planning = snakemake(project, "--configfile", "config/scale.yaml", "--dry-run", "--quiet", "all")
        whole = snakemake(project, "--configfile", "config/scale.yaml")
        nothing = snakemake(project, "--configfile", "config/scale.yaml")
        results = project / "results"
        found = {
            "cells": str(cells),
            "planning, s": f"{planning.seconds:.1f}",
            "planning, peak MB": f"{planning.peak:.0f}",
            "whole run, s": f"{whole.seconds:.0f}",
            "whole run, s per cell": f"{whole.seconds / cells:.2f}",
            "nothing to do, s": f"{nothing.seconds:.1f}",
        }
        for stage in ("train", "evaluate"):
            found[f"{stage}, s per cell (median)"] = f"{statistics.median(seconds_of(results, stage)):.2f}"
            found[f"{stage}, peak MB"] = f"{peak(results, stage):.0f}"
        for stage in TOGETHER:
            (seconds,) = seconds_of(results, stage)
            found[f"{stage}, s"] = f"{seconds:.1f}"
            found[f"{stage}, peak MB"] = f"{peak(results, stage):.0f}"
        found["report.html, MB"] = f"{megabytes((results / 'report.html').stat().st_size):.1f}"
    return found
