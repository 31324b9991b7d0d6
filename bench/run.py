"""The default grid on two cores, and where its time goes."""

import argparse
import json
import tempfile
from pathlib import Path

from bench.measure import table, where
from bench.workflow import copy_project, peak, seconds_of, snakemake

STAGES = ("download", "prepare", "train", "evaluate", "timing", "compare", "figures", "errors", "report", "record")


def section(arguments: argparse.Namespace) -> None:
    """Run everything, then again with nothing to do."""
    print("The default grid, two cores")
    print(f"{where()}\n", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        project = copy_project(Path(folder) / "project")
        whole, nothing = snakemake(project), snakemake(project)
        results = project / "results"
        runs = [json.loads(path.read_text("utf-8")) for path in results.glob("cells/*/run.json")]
        jobs = {stage: seconds_of(results, stage) for stage in STAGES}
        rows = [
            [
                stage,
                str(len(seconds)),
                f"{sum(seconds):.1f}",
                f"{sum(seconds) / len(seconds):.1f}",
                f"{peak(results, stage):.0f}",
            ]
            for stage, seconds in jobs.items()
        ]
    training = sum(seed["train_seconds"] for run in runs for seed in run["seeds"].values())
    print(table(["stage", "jobs", "seconds, all", "per job", "peak MB"], rows))
    parts = ", ".join(f"{part} {sum(run['seconds'][part] for run in runs):.1f} s" for part in runs[0]["seconds"])
    half = training / 2
    rest = 2 * whole.seconds - sum(map(sum, jobs.values()))
    print(f"\nOf the train jobs: {parts}")
    print(f"Snakemake itself, and cores that waited: {rest:.1f} s")
    print(f"All training seconds: {training:.1f}. Whole run: {whole.seconds:.1f} s, {whole.seconds / half:.2f} x half;")
    print(f"the goal is 1.25 x half + 20 s = {1.25 * half + 20:.1f} s. Nothing to do: {nothing.seconds:.1f} s\n")
