"""Snakemake on a copy of the project, and its times."""

import csv
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from bench.measure import ROOT, megabytes
from experiment_grid.planning.stages import STAGES

STAGES_WHOLE = tuple(stage for stage in STAGES if stage != "train_seed")  # of a config that splits no seeds
PARTS = ("Snakefile", "config", "profiles", "workflow")


@dataclass
class Ran:
    """A finished run: seconds, CPU seconds of it and its jobs, the largest memory in MB of any of its processes."""

    seconds: float
    cpu: float
    peak: float


def copy_project(folder: Path) -> Path:
    """Copy the project without its results."""
    folder.mkdir()
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part)
        else:
            shutil.copy(ROOT / part, folder)
    return folder


def snakemake(folder: Path, *arguments: str) -> Ran:
    """Run it on two cores; its output goes to `bench.log` in the folder."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--resources", "gpu=0", *arguments]
    with (folder / "bench.log").open("w") as log:
        started = perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = perf_counter() - started
    if status:
        sys.exit(f"{' '.join(command)} failed:\n{(folder / 'bench.log').read_text('utf-8')[-3000:]}")
    return Ran(seconds, usage.ru_utime + usage.ru_stime, megabytes(usage.ru_maxrss * 1024))  # Linux counts in KiB


def seconds_of(results: Path, stage: str) -> list[float]:
    """Seconds of all jobs of a stage, by Snakemake's own clock."""
    files = [*(results / "benchmarks").glob(f"{stage}.tsv"), *(results / "benchmarks" / stage).glob("*.tsv")]
    seconds = []
    for path in files:
        with path.open(encoding="utf-8", newline="") as file:
            seconds.append(float(next(csv.DictReader(file, delimiter="\t"))["s"]))
    return seconds


def peak(results: Path, stage: str) -> float:
    """Largest memory in MB of any job of a stage, by the jobs' records: Snakemake's samples miss short jobs' peaks."""
    records = results.glob(STAGES[stage].record.format(dataset="*", cell="*"))
    return megabytes(max(json.loads(path.read_text("utf-8"))["peak_memory"] for path in records))


def point(number: int) -> dict[str, float]:
    """A point of a grid of four factors with ten values each: cells have as many neighbours as in a real grid.

    (Along one factor alone every cell is every other's neighbour, and the pairs grow with the square.)
    """
    rate, momentum, decay, batch = (number // 10**place % 10 for place in range(4))
    factors = {"learning_rate": 0.001 * (rate + 1), "momentum": 0.1 * momentum, "weight_decay": 0.0001 * decay}
    return factors | {"batch_size": 64 + batch}
