"""One cell on one core, beside other ways to train it."""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

from bench import images
from bench.contestants import Job
from bench.measure import Times, measure, ratios, spread, table, where

OURS = "this project"
HANDWRITTEN = "hand-written trainer, 6ed8ef4"
PRODUCTS = "bare matrix products, torch"
NUMPY_PRODUCTS = "bare matrix products, NumPy"
JAX = "JAX, epoch as one jitted scan"
EAGER = "eager loop, images in memory"
LOADER = "torchvision DataLoader loop"
LENET_OURS, LENET_STEPS, LENET_EAGER = "this project", "this project, step: eager", EAGER
LENET_EPOCHS = 2
CONTESTANTS = {
    OURS: "ours",
    HANDWRITTEN: "handwritten",
    EAGER: "eager",
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
        lenet = replace(job, model="lenet", epochs=LENET_EPOCHS)
        convolutions = {LENET_OURS: ("ours", lenet), LENET_STEPS: ("ours", replace(lenet, step="eager"))}
        of_lenet = measure(convolutions | {LENET_EAGER: ("eager", lenet)}, arguments.rounds)
    print(of_network(times, OURS))
    print(f"\nLeNet, {LENET_EPOCHS} epochs\n\n{of_network(of_lenet, LENET_OURS)}")
    print("\nThe whole process of this project also validates and saves the weights after every epoch.\n")
    lines = [*goals(times), goal_of_lenet(of_lenet)]
    print("\n".join(lines), end="\n\n")


def of_network(times: dict[str, Times], ours: str) -> str:
    """A table; ratios to the contestant `ours`."""
    own = times[ours]
    rows = [
        [
            label,
            spread(found.training, 2),
            ratios(found.training, own.training),
            spread(found.process),
            ratios(found.process, own.process),
            spread(found.cpu),
            f"{found.peak:.0f}",
            "" if found.accuracy is None else f"{found.accuracy:.2%}",
        ]
        for label, found in times.items()
    ]
    return table(HEADER, rows)


def goals(times: dict[str, Times]) -> list[str]:
    """A line for each goal, with the ratio and its spread; none for a contestant that was left out."""
    ours = times[OURS].training
    others = {label: found.training for label, found in times.items()}
    before, loader, eager = map(others.get, (HANDWRITTEN, LOADER, EAGER))
    lines = []
    if before:
        lines.append(f"This project / hand-written trainer, training: {ratios(ours, before)}; goal: at most 1.3")
    if loader:
        lines.append(f"DataLoader loop / this project, training: {ratios(loader, ours)}; goal: at least 5")
    if eager:
        lines.append(f"Eager loop / this project, training: {ratios(eager, ours)}; goal: at least 1.4")
    if JAX in times:
        of_jax = ratios(times[OURS].process, times[JAX].process)
        lines.append(f"This project / JAX, whole process: {of_jax}; goal: at most 1.2")
    return lines


def goal_of_lenet(times: dict[str, Times]) -> str:
    """The same for LeNet."""
    theirs, ours = times[LENET_EAGER].training, times[LENET_OURS].training
    return f"LeNet, eager loop / this project, training: {ratios(theirs, ours)}; goal: at least 1"
