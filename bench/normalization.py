"""What normalising the images costs: in a loader that does it for every image again, and here."""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

from bench import images
from bench.contestants import Job
from bench.measure import measure, ratios, spread, table, where

EPOCHS = 3


def section(arguments: argparse.Namespace) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        data = images.make(Path(folder))
        raw = Job(folder, "", epochs=EPOCHS)
        normalized = replace(raw, normalize=True)
        contestants = {
            ("torchvision DataLoader loop", "raw"): ("loader", raw),
            ("torchvision DataLoader loop", "normalised"): ("loader", normalized),
            ("this project", "raw"): ("ours", raw),
            ("this project", "normalised"): ("ours", normalized),
        }
        print(f"Normalising: [128, 64], {EPOCHS} epochs of 48,000 images ({data}), batch 64, one core pinned")
        print(f"{where()}\n", flush=True)
        times = measure({" ".join(label): job for label, job in contestants.items()}, arguments.rounds)
    rows = []
    for way in ("torchvision DataLoader loop", "this project"):
        if f"{way} raw" not in times:
            continue
        plain, scaled = times[f"{way} raw"].training, times[f"{way} normalised"].training
        rows.append([way, spread(plain, 2), spread(scaled, 2), ratios(scaled, plain)])
    print(table(["training, s", "raw", "normalised", "normalised / raw"], rows))
    print()
