"""Saved weights: `seed<seed>/epoch<epoch>/layer<k>.weight` and `….bias` in one safetensors file per cell."""

from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from experiment.records import replacing

FORMAT = "1"


def names(seed: int, epoch: int, count: int) -> list[str]:
    """The names of `count` tensors, in the order of `model.py`."""
    return [f"seed{seed}/epoch{epoch}/layer{index // 2}.{'bias' if index % 2 else 'weight'}" for index in range(count)]


def save(path: Path | str, cell: str, tensors: dict[str, Tensor]) -> None:
    """Write all weights of a cell."""
    with replacing(path) as part:
        save_file(tensors, part, metadata={"format": FORMAT, "cell": cell})


def load(path: Path | str, cell: str, seed: int, epoch: int, widths: list[int]) -> list[Tensor]:
    """The weights of one network of `widths` (pixels, hidden layers, classes)."""
    with safe_open(path, "pt") as file:
        return [file.get_tensor(name) for name in names(seed, epoch, 2 * (len(widths) - 1))]
