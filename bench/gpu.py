"""Cells on a GPU: this project with one seed and with five, and the usual loop with one."""

import argparse
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from bench import images
from bench.contestants import Job
from bench.measure import Times, measure, ratios, spread, table, where

NETWORKS = ((128, 64), (256, 128, 64))
ONE, FIVE, LOADER = "this project, one seed", "this project, five seeds", "torchvision DataLoader loop"
DEVICE = "import torch; print(torch.cuda.get_device_name(0) if torch.cuda.is_available() else '')"


def section(arguments: argparse.Namespace) -> None:
    """Measure and print; on a machine without a GPU end with status 1."""
    name = device_name() if arguments.device == "cuda" else "the CPU, to try this section"
    if not name:
        sys.exit("bench gpu: PyTorch finds no CUDA device on this machine; --device cpu tries this section without one")
    with tempfile.TemporaryDirectory() as folder:
        data = images.make(Path(folder))
        print(f"GPU: {name}; {arguments.epochs} epochs of 48,000 images ({data}), batch 64, one core pinned")
        print(f"{where()}")
        print(
            f"Seconds: median [least-most] of {arguments.rounds} rounds; ratio: / {ONE}, round by round\n", flush=True
        )
        contestants = {}
        for hidden in NETWORKS:
            one = Job(folder, "", hidden=hidden, epochs=arguments.epochs, device=arguments.device)
            five = replace(one, seeds=(1, 2, 3, 4, 5))
            for label, entry in {ONE: ("ours", one), FIVE: ("ours", five), LOADER: ("loader", one)}.items():
                contestants[f"{list(hidden)} {label}"] = entry
        times = measure(contestants, arguments.rounds)
    for hidden in NETWORKS:
        print(of_network(list(hidden), times), end="\n\n")


def of_network(hidden: list[int], times: dict[str, Times]) -> str:
    """The table of one network."""
    labels = [label for label in (ONE, FIVE, LOADER) if f"{hidden} {label}" in times]
    ours = times[f"{hidden} {ONE}"]
    rows = []
    for label in labels:
        found = times[f"{hidden} {label}"]
        training, process = ratios(found.training, ours.training), ratios(found.process, ours.process)
        rows.append(
            [label, spread(found.training, 2), training, spread(found.process), process, f"{found.accuracy:.2%}"]
        )
    return table([str(hidden), "training, s", "ratio", "whole process, s", "ratio", "test accuracy, seed 1"], rows)


def device_name() -> str:
    """What PyTorch calls cuda:0; empty without one. (Asked in a process of its own: torch is not needed here.)"""
    done = subprocess.run([sys.executable, "-c", DEVICE], capture_output=True, text=True, check=True)
    return done.stdout.strip()
