"""Saved weights: the state dict of every epoch in one safetensors file per cell, `seed<seed>/epoch<epoch>/<name>`.

A loss that has a state leaves it as `seed<seed>/epoch<epoch>-loss/<name>`.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from experiment_grid.data.tensors import stable
from experiment_grid.runtime.errors import UserError
from experiment_grid.runtime.files import replacing

FORMAT = "2"
MODEL, LOSS = "", "-loss"  # whose state


def named(seed: int, epoch: int, state: Mapping[str, Tensor], of: str = MODEL) -> dict[str, Tensor]:
    """A state dict by its names in the file."""
    return {f"seed{seed}/epoch{epoch}{of}/{name}": tensor for name, tensor in state.items()}


def save(path: Path | str, cell: str, tensors: Mapping[str, Tensor]) -> None:
    """Write all weights of a cell, the same bytes every time."""
    with replacing(path) as part:
        save_file(dict(tensors), part, metadata={"format": FORMAT, "cell": cell})
        with part.open("r+b") as file:  # safetensors orders the metadata at random; sorted they are as long
            size = int.from_bytes(file.read(8), "little")
            file.seek(0)
            header = stable(file.read(8 + size))
            file.seek(0)
            file.write(header)


class Checkpoints:
    """The saved weights of one cell, read as they are asked for.

    A file that is none, of another cell or of another format is refused by its name.
    """

    def __init__(self, path: Path | str, cell: str):
        self.path, self.cell = path, cell
        try:
            self.file = safe_open(path, "pt")
        except SafetensorError as error:
            raise self._refused(f"is no safetensors file or a damaged one ({error})") from error
        found = self.file.metadata() or {}
        if found.get("format") != FORMAT:
            raise self._refused(f"has format {json.dumps(found.get('format'))}, readable is {json.dumps(FORMAT)}")
        if found.get("cell") != cell:
            raise self._refused(f"belongs to cell {json.dumps(found.get('cell'))}, wanted is {json.dumps(cell)}")
        self.names = sorted(self.file.keys())

    def state(self, seed: int, epoch: int, like: Mapping[str, Tensor], of: str = MODEL) -> dict[str, Tensor]:
        """The state dict of one seed after one epoch, with the names, shapes and types of the state dict `like`."""
        wanted = named(seed, epoch, like, of)
        for name in self.names:
            if name.startswith(f"seed{seed}/epoch{epoch}{of}/") and name not in wanted:
                raise self._refused(f"has {name}, which the cell's {'loss' if of else 'model'} has not")
        read = {name: self._tensor(name, tensor) for name, tensor in wanted.items()}
        return dict(zip(like, read.values(), strict=True))

    def _tensor(self, name: str, like: Tensor) -> Tensor:
        if name not in self.names:
            raise self._refused(f"has no {name}")
        if (found := self.file.get_slice(name).get_shape()) != list(like.shape):
            raise self._refused(f"{name} has shape {found}, the cell's network needs {list(like.shape)}")
        tensor = self.file.get_tensor(name)
        if tensor.dtype != like.dtype:
            kinds = (str(dtype).removeprefix("torch.") for dtype in (tensor.dtype, like.dtype))
            raise self._refused("{} holds {}, wanted is {}".format(name, *kinds))
        return tensor

    def _refused(self, why: str) -> UserError:
        return UserError(f"{self.path}: {why}; delete it, and the next run trains the cell {self.cell} again")
