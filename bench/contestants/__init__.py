"""The ways to train the same cell. Each module has `train(job) -> seconds of training`, run in a process of its own.

Training seconds: all epochs' batches, without start-up, reading, compiling and validation. Each ends with its weights
saved as [out, in] and [out] arrays, whether or not its library would write them differently.
"""

import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HANDWRITTEN = "6ed8ef4"  # the commit with the trainer before the present one; a shallow clone does not have it
NEEDS = {"jax_scan": "jax", "mlp_classifier": "sklearn", "loader": "torchvision"}  # what each imports beyond torch
NEEDS |= {"handwritten": f"commit {HANDWRITTEN}"}
SHIFT = {"degrees": 0, "translate": [0.1, 0.1]}  # options of torchvision's RandomAffine


@dataclass(frozen=True)
class Job:
    """One cell: what to train on, the network, and where to save it."""

    folder: str  # prepared.safetensors, MNIST/raw/
    saved: str  # .npz to write
    hidden: tuple[int, ...] = (128, 64)
    batch_size: int = 64
    epochs: int = 10
    learning_rate: float = 0.001
    momentum: float = 0.9
    normalize: bool = False
    augment: bool = False  # shifts the training images (SHIFT), for this project and the loader
    n_train: int = 48_000
    n_images: int = 60_000  # the rest is for validation
    seeds: tuple[int, ...] = (1,)  # only this project trains more than the first
    device: str = "cpu"  # or cuda, for this project, the eager loop and the loader
    model: str = "mlp"  # or lenet, for the same, or wide, a LeNet with [32, 64] channels; weights are not saved
    step: str = "recorded"  # or eager, for this project
    threads: int = 1  # for this project, each on a core

    @property
    def seed(self) -> int:
        """The first seed."""
        return self.seeds[0]

    @property
    def prepared(self) -> Path:
        """The prepared file."""
        return Path(self.folder) / "prepared.safetensors"

    @property
    def widths(self) -> tuple[int, ...]:
        """Pixels, hidden layers, classes."""
        return (784, *self.hidden, 10)


def installed(module: str) -> bool:
    """Whether a contestant has the package that it needs, or the commit."""
    if module == "handwritten":
        command = ["git", "cat-file", "-e", f"{HANDWRITTEN}^{{commit}}"]
        return subprocess.run(command, cwd=ROOT, capture_output=True).returncode == 0
    return module not in NEEDS or find_spec(NEEDS[module]) is not None


def clock(device):
    """A clock that, on a GPU, waits for launched kernels before it is read."""
    from time import perf_counter

    import torch

    def read() -> float:
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return perf_counter()

    return read


def training_pixels(job: Job):
    """Pixels uint8 [n_train, 784] and labels uint8 [n_train], for contestants that take arrays."""
    import numpy as np

    from experiment_grid.data.prepared import training_images

    images, labels = training_images(job.prepared)
    chosen = np.random.default_rng(job.seed).permutation(len(images))[: job.n_train]
    return images[chosen].reshape(job.n_train, -1), labels[chosen]


def training_arrays(job: Job):
    """Inputs float32 [n_train, 784] as the network sees them, and labels uint8 [n_train]."""
    import numpy as np

    pixels, labels = training_pixels(job)
    inputs = pixels.astype(np.float32) / 255
    return (inputs - 0.5) / 0.5 if job.normalize else inputs, labels


def save(job: Job, weights) -> None:
    """Save [weight, bias, ...] as NumPy arrays."""
    import numpy as np

    np.savez(job.saved, *weights)
