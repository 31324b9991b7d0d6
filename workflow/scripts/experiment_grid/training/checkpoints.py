"""Saved weights: `seed<seed>/epoch<epoch>/layer<k>.weight` and `….bias` in one safetensors file per cell."""

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors import SafetensorError, safe_open

from experiment_grid.data.tensors import stable
from experiment_grid.runtime.errors import UserError
from experiment_grid.runtime.files import replacing

if TYPE_CHECKING:
    from torch import Tensor

FORMAT = "1"


def names(seed: int, epoch: int, count: int) -> list[str]:
    """Names of the `count` weights and biases of a network, in the order of `model.py`."""
    return [f"seed{seed}/epoch{epoch}/layer{index // 2}.{'bias' if index % 2 else 'weight'}" for index in range(count)]


def save(path: Path | str, cell: str, tensors: "dict[str, Tensor]") -> None:
    """Write all weights of a cell, the same bytes every time."""
    from safetensors.torch import save_file  # late: reading does without torch

    with replacing(path) as part:
        save_file(tensors, part, metadata={"format": FORMAT, "cell": cell})
        with part.open("r+b") as file:  # safetensors orders the metadata at random; sorted they are as long
            size = int.from_bytes(file.read(8), "little")
            file.seek(0)
            header = stable(file.read(8 + size))
            file.seek(0)
            file.write(header)


class Checkpoints:
    """The saved weights of one cell, read as they are asked for.

    `widths` (pixels, hidden layers, classes) are what the networks must have. A file that is none, of another cell
    or of another format is refused by its name.
    """

    def __init__(self, path: Path | str, cell: str, widths: Sequence[int]):
        self.path, self.cell = path, cell
        self.shapes = [shape for inputs, outputs in pairwise(widths) for shape in ([outputs, inputs], [outputs])]
        try:
            self.file = safe_open(path, "numpy")
        except SafetensorError as error:
            raise self._refused(f"is no safetensors file or a damaged one ({error})") from error
        found = self.file.metadata() or {}
        if found.get("format") != FORMAT:
            raise self._refused(f"has format {json.dumps(found.get('format'))}, readable is {json.dumps(FORMAT)}")
        if found.get("cell") != cell:
            raise self._refused(f"belongs to cell {json.dumps(found.get('cell'))}, wanted is {json.dumps(cell)}")
        self.names = set(self.file.keys())

    def network(self, seed: int, epoch: int) -> list[np.ndarray]:
        """The weights of one seed after one epoch, in the order of `model.py`."""
        return [self._tensor(*item) for item in zip(names(seed, epoch, len(self.shapes)), self.shapes, strict=True)]

    def _tensor(self, name: str, shape: list[int]) -> np.ndarray:
        if name not in self.names:
            raise self._refused(f"has no {name}")
        if (found := self.file.get_slice(name).get_shape()) != shape:
            raise self._refused(f"{name} has shape {found}, the cell's network needs {shape}")
        if (kind := self.file.get_slice(name).get_dtype()) != "F32":
            raise self._refused(f"{name} holds {kind}, wanted is F32")
        return self.file.get_tensor(name)

    def _refused(self, why: str) -> UserError:
        return UserError(f"{self.path}: {why}; delete it, and the next run trains the cell {self.cell} again")
