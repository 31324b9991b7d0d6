"""The default grid on two cores, and where its time goes."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.measure import table, where
from bench.workflow import STAGES_WHOLE, copy_project, peak, seconds_of, snakemake

SHARE = 1.25  # most CPU time of everything as a multiple of training, apart from two imports of PyTorch per cell


def section(arguments: argparse.Namespace) -> None:
    """Run everything, then again with nothing to do."""
    print("The default grid, two cores")
    print(f"{where()}\n", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        project = copy_project(Path(folder) / "project")
        imports = import_torch()
        whole, nothing = snakemake(project), snakemake(project)
        results = project / "results"
        runs = [json.loads(path.read_text("utf-8")) for path in results.glob("cells/*/run.json")]
        jobs = {stage: seconds_of(results, stage) for stage in STAGES_WHOLE}
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
    rest = 2 * whole.seconds - sum(map(sum, jobs.values()))
    print(f"\nOf the train jobs: {parts}")
    print(f"Snakemake itself, and cores that waited: {rest:.1f} s")
    print(f"Whole run: {whole.seconds:.1f} s. Nothing to do: {nothing.seconds:.1f} s")
    bound = SHARE * training + 2 * len(runs) * imports
    print(f"CPU time: {whole.cpu:.1f} s, of which timing {sum(jobs['timing']):.1f} s. Goal for all else: at most")
    print(f"{SHARE} x training ({training:.1f} s) + 2 x cells x import torch ({imports:.1f} s) = {bound:.1f} s\n")


def import_torch() -> float:
    """CPU seconds of a Python that imports torch: the median of three."""
    seconds = []
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", "import torch"])
        _, _, usage = os.wait4(process.pid, 0)
        seconds.append(usage.ru_utime + usage.ru_stime)
    return statistics.median(seconds)
