"""The default grid on two cores, and where its time goes."""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

from bench.measure import table, where
from bench.workflow import benchmarks, copy_project, snakemake

STAGES = ("download", "prepare", "train", "evaluate", "compare", "figures", "errors", "report")


def section(arguments: argparse.Namespace) -> None:
    """Run everything, then again with nothing to do."""
    if not os.environ.get("MNIST_MIRROR"):
        sys.exit("bench run: set MNIST_MIRROR to a folder's address with the MNIST files (file:///...)")
    with tempfile.TemporaryDirectory() as folder:
        project = copy_project(Path(folder) / "project")
        whole, nothing = snakemake(project), snakemake(project)
        results = project / "results"
        runs = [json.loads(path.read_text("utf-8")) for path in results.glob("cells/*/run.json")]
        rows = []
        for stage in STAGES:
            jobs = benchmarks(results, stage)
            seconds, peak = sum(job["s"] for job in jobs), max(job.get("max_rss", 0) for job in jobs)
            rows.append([stage, str(len(jobs)), f"{seconds:.1f}", f"{seconds / len(jobs):.1f}", f"{peak:.0f}"])
    training = sum(seed["train_seconds"] for run in runs for seed in run["seeds"].values())
    print(f"The default grid: {len(runs)} cells, two cores")
    print(f"{where()}\n")
    print(table(["stage", "jobs", "seconds, all", "per job", "peak MB"], rows))
    parts = ", ".join(f"{part} {sum(run['seconds'][part] for run in runs):.1f} s" for part in runs[0]["seconds"])
    half = training / 2
    print(f"\nOf the train jobs: {parts}")
    print(f"All training seconds: {training:.1f}. Whole run: {whole.seconds:.1f} s, {whole.seconds / half:.2f} x half;")
    print(f"the goal is 1.25 x half + 20 s = {1.25 * half + 20:.1f} s. Nothing to do: {nothing.seconds:.1f} s\n")
