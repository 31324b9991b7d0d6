"""What the contestants train on: MNIST where it can be had without the web, noise of its shape where not.

The time of a step does not depend on what the pixels are; on noise only the accuracies mean nothing.
"""

import os
import shutil
from pathlib import Path

import numpy as np

from data import idx, prepared
from data.acquire import from_mirrors
from data.datasets import DATASETS, FILES, mirrors
from data.fetch import Patience

KEPT = Path(__file__).resolve().parents[1] / "results/data/mnist"  # where `make run` leaves the downloads


def make(folder: Path) -> str:
    """Write `prepared.safetensors` for most contestants and `MNIST/raw/` for torchvision; says what they hold."""
    name, parts = _mnist(folder / "download") or ("noise in the shape of MNIST", _noise())
    arrays = dict(zip(FILES, parts, strict=True))
    raw = folder / "MNIST/raw"
    raw.mkdir(parents=True)
    for file, array in arrays.items():
        (raw / file).write_bytes(idx.encode(array))
    prepared.write(folder / "prepared.safetensors", "mnist", list("0123456789"), parts[:2], parts[2:])
    return name


def _mnist(folder: Path) -> tuple[str, list[np.ndarray]] | None:
    mnist = DATASETS["mnist"]
    if os.environ.get("MNIST_MIRROR"):
        folder.mkdir()
        from_mirrors("mnist", mnist.checksums, mirrors("mnist", None, os.environ)[:1], folder, {}, Patience())
    elif all((KEPT / f"{file}.gz").exists() for file in FILES):
        shutil.copytree(KEPT, folder)
    else:
        return None
    return "MNIST", [idx.read(folder / f"{file}.gz", dimensions) for file, dimensions in FILES.items()]


def _noise() -> list[np.ndarray]:
    generator = np.random.default_rng(0)
    return [
        array.astype(np.uint8)
        for count in (60_000, 10_000)
        for array in (generator.integers(0, 256, (count, 28, 28)), generator.integers(0, 10, count))
    ]
