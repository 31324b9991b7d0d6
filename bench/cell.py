"""One cell on one core, beside other ways to train it."""

import argparse
import tempfile
from pathlib import Path

from bench import images
from bench.contestants import Job
from bench.measure import Times, measure, ratios, spread, table, where

OURS = "this project"
PRODUCTS = "bare matrix products, torch"
NUMPY_PRODUCTS = "bare matrix products, NumPy"
JAX = "JAX, epoch as one jitted scan"
LOADER = "torchvision DataLoader loop"
CONTESTANTS = {
    OURS: "ours",
    PRODUCTS: "products",
    NUMPY_PRODUCTS: "numpy_products",
    JAX: "jax_scan",
    "scikit-learn MLPClassifier": "mlp_classifier",
    LOADER: "loader",
}
HEADER = ["", "training, s", "ratio", "whole process, s", "ratio", "CPU time, s", "peak MB", "test accuracy"]


def section(arguments: argparse.Namespace) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        data = images.make(Path(folder))
        job = Job(folder, "", hidden=arguments.hidden, epochs=arguments.epochs)
        print(f"One cell: {list(job.hidden)}, {job.epochs} epochs of 48,000 images ({data}), batch 64, one core pinned")
        print(f"{where()}")
        print(
            f"Seconds: median [least-most] of {arguments.rounds} rounds; ratio: theirs / ours, round by round\n",
            flush=True,
        )
        times = measure({label: (module, job) for label, module in CONTESTANTS.items()}, arguments.rounds)
    ours = times[OURS]
    rows = [
        [
            label,
            spread(found.training, 2),
            ratios(found.training, ours.training),
            spread(found.process),
            ratios(found.process, ours.process),
            spread(found.cpu),
            f"{found.peak:.0f}",
            "" if found.accuracy is None else f"{found.accuracy:.2%}",
        ]
        for label, found in times.items()
    ]
    print(table(HEADER, rows))
    print("\nThe whole process of this project also validates and saves the weights after every epoch.\n")
    print("\n".join(goals(times)), end="\n\n")


def goals(times: dict[str, Times]) -> list[str]:
    """A line for each goal: the ratio with its spread, and what it should be; none where a contestant was left out."""
    ours, products, jax, loader = (times.get(label) for label in (OURS, PRODUCTS, JAX, LOADER))
    of_products = ratios(ours.training, products.training)
    lines = [f"This project / bare products of torch, training: {of_products}; goal: at most 1.3"]
    if loader:
        lines.append(
            f"DataLoader loop / this project, training: {ratios(loader.training, ours.training)}; goal: at least 5"
        )
    if jax:
        lines.append(f"JAX / this project, whole process: {ratios(jax.process, ours.process)}; goal: at least 1")
    return lines
