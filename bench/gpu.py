"""Cells on a GPU: this project, the usual loop with images in memory, and the usual loop with a DataLoader."""

import argparse
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from bench import images
from bench.contestants import Job
from bench.measure import Times, measure, ratios, spread, table, where

ONE, FIVE, STEPS = "this project, one seed", "this project, five seeds", "this project, step: eager"
EAGER, LOADER = "eager loop, images in memory", "torchvision DataLoader loop"
CELLS = {
    "[128, 64]": ({"hidden": (128, 64)}, (ONE, FIVE, STEPS, EAGER, LOADER)),
    "[256, 128, 64]": ({"hidden": (256, 128, 64)}, (ONE, EAGER)),
    "LeNet": ({"model": "lenet"}, (ONE, EAGER, LOADER)),
}
HEADER = ["training, s", "ratio", "us a step", "whole process, s", "GPU memory, MB", "test accuracy, seed 1"]
DEVICE = "import torch; print(torch.cuda.get_device_name(0) if torch.cuda.is_available() else '')"


def section(arguments: argparse.Namespace) -> None:
    """Measure and print; on a machine without a GPU end with status 1."""
    name = device_name() if arguments.device == "cuda" else "the CPU, to try this section"
    if not name:
        sys.exit("bench gpu: PyTorch finds no CUDA device on this machine; --device cpu tries this section without one")
    with tempfile.TemporaryDirectory() as folder:
        data = images.make(Path(folder))
        print(f"GPU: {name}; {arguments.epochs} epochs of 48,000 images ({data}), batch 64")
        print(f"{where()}")
        print(
            f"Seconds: median [least-most] of {arguments.rounds} rounds; ratio: / {ONE}, round by round\n", flush=True
        )
        for cell, (options, labels) in CELLS.items():
            job = Job(folder, "", epochs=arguments.epochs, device=arguments.device, **options)
            times = measure({label: contestant(label, job) for label in labels}, arguments.rounds)
            print(of_cell(cell, job, times), end="\n\n", flush=True)


def contestant(label: str, job: Job) -> tuple[str, Job]:
    """The module that trains and its job."""
    if label == FIVE:
        return "ours", replace(job, seeds=(1, 2, 3, 4, 5))
    if label == STEPS:
        return "ours", replace(job, step="eager")
    return {ONE: "ours", EAGER: "eager", LOADER: "loader"}[label], job


def of_cell(cell: str, job: Job, times: dict[str, Times]) -> str:
    """The table of one cell; with five seeds, the time of a step is that of one seed."""
    ours, steps = times[ONE], job.epochs * -(-job.n_train // job.batch_size)
    rows = []
    for label, found in times.items():
        each = [seconds / steps / (5 if label == FIVE else 1) * 1e6 for seconds in found.training]
        accuracy = "" if found.accuracy is None else f"{found.accuracy:.2%}"
        memory = f"{found.gpu_peak:.0f}"
        times_of = spread(found.training, 2), ratios(found.training, ours.training), spread(each, 0)
        rows.append([label, *times_of, spread(found.process), memory, accuracy])
    return table([cell, *HEADER], rows)


def device_name() -> str:
    """What PyTorch calls cuda:0; empty without one. (Asked in a process of its own: torch is not needed here.)"""
    done = subprocess.run([sys.executable, "-c", DEVICE], capture_output=True, text=True, check=True)
    return done.stdout.strip()
