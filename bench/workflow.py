"""Snakemake on a copy of the project, with the clock running."""

import csv
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from bench.measure import ROOT

PARTS = ("Snakefile", "environment.yml", "config", "profiles", "workflow")


@dataclass
class Ran:
    """A finished run: seconds, and the largest memory in MB of any of its processes."""

    seconds: float
    peak: float


def copy_project(folder: Path) -> Path:
    """The project without its results."""
    folder.mkdir()
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, folder / part)
        else:
            shutil.copy(ROOT / part, folder)
    return folder


def snakemake(folder: Path, *arguments: str) -> Ran:
    """Run it on two cores; whatever it says goes to `bench.log` in the folder."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--resources", "gpu=0", *arguments]
    with (folder / "bench.log").open("w") as log:
        started = perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = perf_counter() - started
    if status:
        sys.exit(f"{' '.join(command)} failed:\n{(folder / 'bench.log').read_text('utf-8')[-3000:]}")
    return Ran(seconds, usage.ru_maxrss / 1024)


def benchmarks(results: Path, stage: str) -> list[dict[str, float]]:
    """Snakemake's own figures of all jobs of a stage: `s` (seconds), `max_rss` (MB), ..."""
    files = [*(results / "benchmarks").glob(f"{stage}.tsv"), *(results / "benchmarks" / stage).glob("*.tsv")]
    rows = []
    for path in files:
        with path.open(encoding="utf-8", newline="") as file:
            row = next(csv.DictReader(file, delimiter="\t"))
            rows.append({key: float(row[key]) for key in ("s", "max_rss", "cpu_time") if row[key] not in ("-", "NA")})
    return rows


def point(number: int) -> dict[str, float]:
    """A point of a grid of four factors with ten values each: cells have as many neighbours as in a real grid.

    (Along one factor alone every cell is every other's neighbour, and the pairs grow with the square.)
    """
    rate, momentum, decay, batch = (number // 10**place % 10 for place in range(4))
    factors = {"learning_rate": 0.001 * (rate + 1), "momentum": 0.1 * momentum, "weight_decay": 0.0001 * decay}
    return factors | {"batch_size": 64 + batch}
