"""One cell on one core, beside other ways to train it."""

import argparse
import tempfile
from pathlib import Path

from bench import images
from bench.contestants import Job
from bench.measure import measure, ratios, spread, table, where

CONTESTANTS = {
    "this project": "ours",
    "bare matrix products, torch": "products",
    "JAX, epoch as one jitted scan": "jax_scan",
    "scikit-learn MLPClassifier": "mlp_classifier",
    "torchvision DataLoader loop": "loader",
}


def section(arguments: argparse.Namespace) -> None:
    """Measure and print."""
    hidden = tuple(map(int, arguments.hidden.split(",")))
    with tempfile.TemporaryDirectory() as folder:
        data = images.make(Path(folder))
        job = Job(folder, "", hidden=hidden, epochs=arguments.epochs)
        times = measure({label: (module, job) for label, module in CONTESTANTS.items()}, arguments.rounds)
    ours = times["this project"]
    print(f"One cell: {list(hidden)}, {arguments.epochs} epochs of 48,000 images ({data}), batch 64, one core pinned")
    print(f"{where()}")
    print(f"Seconds: median [least-most] of {arguments.rounds} rounds; ratio: theirs / ours, round by round\n")
    rows = [
        [
            label,
            spread(found.training),
            ratios(found.training, ours.training),
            spread(found.process),
            ratios(found.process, ours.process),
            spread(found.cpu),
            f"{found.peak:.0f}",
            "" if found.accuracy is None else f"{found.accuracy:.2%}",
        ]
        for label, found in times.items()
    ]
    print(
        table(
            ["", "training, s", "ratio", "whole process, s", "ratio", "CPU time, s", "peak MB", "test accuracy"], rows
        )
    )
    print("\nThe whole process of this project also validates and saves the weights after every epoch.\n")
