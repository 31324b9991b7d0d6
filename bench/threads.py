"""The speed of one training with more cores (`threads`), beside cells in parallel with a core each."""

import argparse
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from bench import images
from bench.contestants import Job
from bench.measure import measure, ratios, spread, table, where

NETWORKS = {
    "[128, 64]": {"hidden": (128, 64)},
    "[256, 128, 64]": {"hidden": (256, 128, 64)},
    "LeNet": {"model": "lenet"},
    "LeNet, channels [32, 64]": {"model": "wide"},
}


def section(arguments: argparse.Namespace) -> None:
    """Measure and print; with one core there is nothing to measure."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    numbers = [number for number in (1, 2, 4) if number <= cores]
    if len(numbers) < 2:
        sys.exit("bench threads: needs two cores; given: 1")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        data = images.make(Path(folder))
        print(f"Threads of one training: {arguments.epochs} epochs of 48,000 images ({data}), batch 64")
        print(f"{where()}\n", flush=True)
        job = Job(folder, "", epochs=arguments.epochs)
        for network, options in NETWORKS.items():
            jobs = {str(number): ("ours", replace(job, threads=number, **options)) for number in numbers}
            times = {label: found.training for label, found in measure(jobs, arguments.rounds).items()}
            alone = times["1"]
            more = [
                cell
                for label in times
                if label != "1"
                for cell in (spread(times[label], 2), ratios(alone, times[label]))
            ]
            rows.append([network, spread(alone, 2), *more])
    header = [text for number in numbers[1:] for text in (f"{number} threads", f"1 thread / {number}")]
    print(table(["training, s", "1 thread", *header], rows))
    print(
        "\nCells side by side do the work of two cores on two: a ratio below 2 is a loss wherever cells are waiting.\n"
    )
