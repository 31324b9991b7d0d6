"""Many cells on the digits: what planning, running and comparing them cost as their number grows."""

import argparse
import json
import statistics
import tempfile
from pathlib import Path

from bench.measure import table, where
from bench.workflow import benchmarks, copy_project, point, snakemake

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
TOGETHER = ("compare", "figures", "errors", "report")


def section(arguments: argparse.Namespace) -> None:
    """Measure each size on a project of its own."""
    columns = [measure(int(cells)) for cells in arguments.cells.split(",")]
    print("Scale: cells of the digits in a grid of ten values a factor, [32], 3 epochs, 1 seed; two cores")
    print(f"{where()}\n")
    header, *rows = [[name, *(column[name] for column in columns)] for name in columns[0]]
    print(table(header, rows))
    print()


def measure(cells: int) -> dict[str, str]:
    """All figures of one size."""
    with tempfile.TemporaryDirectory() as folder:
        project = copy_project(Path(folder) / "project")
        grid = json.dumps([{"name": f"cell-{number}"} | point(number) for number in range(cells)])
        (project / "config/scale.yaml").write_text(CONFIG.format(cells=grid), "utf-8")
        planning = snakemake(project, "--configfile", "config/scale.yaml", "--dry-run", "--quiet", "all")
        whole = snakemake(project, "--configfile", "config/scale.yaml")
        nothing = snakemake(project, "--configfile", "config/scale.yaml")
        results = project / "results"
        figures = {
            "cells": str(cells),
            "planning, s": f"{planning.seconds:.1f}",
            "planning, peak MB": f"{planning.peak:.0f}",
            "whole run, s": f"{whole.seconds:.0f}",
            "whole run, s per cell": f"{whole.seconds / cells:.2f}",
            "nothing to do, s": f"{nothing.seconds:.1f}",
        }
        for stage in ("train", "evaluate"):
            jobs = benchmarks(results, stage)
            figures[f"{stage}, s per cell (median)"] = f"{statistics.median(job['s'] for job in jobs):.2f}"
            figures[f"{stage}, peak MB"] = f"{max(job.get('max_rss', 0) for job in jobs):.0f}"
        for stage in TOGETHER:
            (job,) = benchmarks(results, stage)
            figures[f"{stage}, s"] = f"{job['s']:.1f}"
            figures[f"{stage}, peak MB"] = f"{job.get('max_rss', 0):.0f}"
        figures["report.html, MB"] = f"{(results / 'report.html').stat().st_size / 1e6:.1f}"
    return figures
