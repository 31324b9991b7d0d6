"""What the contestants train on: MNIST if it is available without the web, otherwise noise of its shape.

On noise the accuracies mean nothing, and times may differ from those on MNIST: no pixel of noise is always blank, so
no velocity decays to denormal numbers, which are slow on many CPUs unless they are flushed to zero.
"""

import os
import shutil
from pathlib import Path

import numpy as np

from experiment_grid.data import idx, prepared
from experiment_grid.data.acquire import from_mirrors
from experiment_grid.data.datasets import DATASETS, mirrors
from experiment_grid.data.fetch import RetryPolicy
from experiment_grid.data.idx_folder import FILES

KEPT = Path(__file__).resolve().parents[1] / "results/data/mnist"  # where `make run` leaves the downloads


def make(folder: Path) -> str:
    """Write `prepared.safetensors` for most contestants and `MNIST/raw/` for torchvision; returns what they hold."""
    name, parts = _mnist(folder / "download") or ("noise in the shape of MNIST", noise(60_000, 10_000))
    write(folder, parts)
    return name


def write(folder: Path, parts: list[np.ndarray]) -> None:
    """Write both from images uint8 [N, 28, 28] and labels uint8 [N] for training, then the same for testing."""
    arrays = dict(zip(FILES, parts, strict=True))
    raw = folder / "MNIST/raw"
    raw.mkdir(parents=True)
    for file, array in arrays.items():
        (raw / file).write_bytes(idx.encode(array))
    prepared.write(folder / "prepared.safetensors", "mnist", list("0123456789"), parts[:2], parts[2:])


def _mnist(folder: Path) -> tuple[str, list[np.ndarray]] | None:
    mnist = DATASETS["mnist"]
    if os.environ.get("MNIST_MIRROR"):
        folder.mkdir()
        from_mirrors("mnist", mnist.checksums, mirrors(mnist.target, None, os.environ)[:1], folder, {}, RetryPolicy())
    elif all((KEPT / f"{file}.gz").exists() for file in FILES):
        shutil.copytree(KEPT, folder)
    else:
        return None
    return "MNIST", [idx.read(folder / f"{file}.gz", dimensions) for file, dimensions in FILES.items()]


def noise(*counts: int) -> list[np.ndarray]:
    """Random images uint8 [count, 28, 28] and labels uint8 [count] for each count."""
    generator = np.random.default_rng(0)
    return [
        array.astype(np.uint8)
        for count in counts
        for array in (generator.integers(0, 256, (count, 28, 28)), generator.integers(0, 10, count))
    ]
