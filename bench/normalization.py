"""The cost of normalizing and shifting images: in a loader that does it for each image every time, and here."""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

from bench import images
from bench.contestants import Job
from bench.measure import measure, ratios, spread, table, where

EPOCHS = 3
WAYS = {"torchvision DataLoader loop": "loader", "this project": "ours"}


def section(arguments: argparse.Namespace) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        data = images.make(Path(folder))
        raw = Job(folder, "", epochs=EPOCHS)
        jobs = {"raw": raw, "normalized": replace(raw, normalize=True), "shifted": replace(raw, augment=True)}
        contestants = {(way, what): (module, job) for way, module in WAYS.items() for what, job in jobs.items()}
        print("Normalizing, and shifting at random (one shift for a batch here, one for each image in the loader)")
        print(f"[128, 64], {EPOCHS} epochs of 48,000 images ({data}), batch 64, one core pinned")
        print(f"{where()}\n", flush=True)
        times = measure({" ".join(label): job for label, job in contestants.items()}, arguments.rounds)
    rows = []
    for way in WAYS:
        if f"{way} raw" not in times:
            continue
        plain, *others = (times[f"{way} {what}"].training for what in jobs)
        rows.append(
            [way, spread(plain, 2), *(text for found in others for text in (spread(found, 2), ratios(found, plain)))]
        )
    header = [text for what in [*jobs][1:] for text in (what, f"{what} / raw")]
    print(table(["training, s", "raw", *header], rows))
    print()
