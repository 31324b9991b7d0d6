"""Saved weights: the state dict of every epoch, or of the chosen ones, in one safetensors file per cell,
`seed<seed>/epoch<epoch>/<name>`.

A loss that has a state leaves it as `seed<seed>/epoch<epoch>-loss/<name>`.
"""

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError, safe_open
from torch import Tensor

from experiment_grid.runtime.errors import UserError
from experiment_grid.runtime.files import replacing
from experiment_grid.training import resumable_epochs

FORMAT = "2"
MODEL, LOSS = "", "-loss"  # whose state


def named(seed: int, epoch: int, state: Mapping[str, Any], of: str = MODEL) -> dict[str, Any]:
    """A state dict by its names in the file."""
    return {f"seed{seed}/epoch{epoch}{of}/{name}": tensor for name, tensor in state.items()}


class _Tensor(NamedTuple):
    """A tensor in a file of an epoch: where its bytes are, and what it is called in the cell's file."""

    order: int  # by the size of its numbers
    seed: int
    epoch: int
    name: str
    file: Path
    start: int
    header: dict[str, Any]

    @property
    def bytes(self) -> int:
        first: int
        last: int
        first, last = self.header["data_offsets"]
        return last - first


def saved(file: Any, seed: int, epoch: int, of: str = MODEL) -> dict[str, Tensor]:
    """The state dict of one seed after one epoch, from a file as `safe_open` gives it; empty where none was kept."""
    prefix = f"seed{seed}/epoch{epoch}{of}/"
    names = [name for name in file.keys() if name.startswith(prefix)]  # noqa: SIM118 (no mapping)
    return {name.removeprefix(prefix): file.get_tensor(name) for name in names}


def merge(path: Path | str, cell: str, epochs: Iterable[tuple[int, int, Path]]) -> None:
    """Write the weights of a cell from its seeds, epochs and their files, the same bytes every time.

    One tensor is in memory at a time. Tensors with the widest elements come first, so that each is aligned.
    """
    _write(path, cell, (tensor for seed, epoch, file in epochs for tensor in _of_epoch(seed, epoch, file)))


def gather(path: Path | str, cell: str, files: Iterable[Path]) -> None:
    """Write the weights of a cell from files that `merge` wrote, of some of its seeds each: the same bytes."""
    _write(path, cell, (tensor for file in files for tensor in _of_seeds(file)))


def _write(path: Path | str, cell: str, tensors: Iterable[_Tensor]) -> None:
    tensors = sorted(tensors)
    header: dict[str, Any] = {"__metadata__": {"cell": cell, "format": FORMAT}}
    end = 0
    for tensor in tensors:
        header[tensor.name] = tensor.header | {"data_offsets": [end, end + tensor.bytes]}
        end += tensor.bytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with replacing(path) as part, part.open("wb") as whole:
        whole.write(len(text).to_bytes(8, "little") + text)
        for file, held in itertools.groupby(tensors, key=lambda tensor: tensor.file):
            with file.open("rb") as source:
                for tensor in held:
                    source.seek(tensor.start)
                    whole.write(source.read(tensor.bytes))


def _of_epoch(seed: int, epoch: int, file: Path) -> Iterator[_Tensor]:
    """The weights in the file of an epoch."""
    headers, values = _headers(file)
    for name, header in headers.items():
        for kind, of in ((resumable_epochs.MODEL, MODEL), (resumable_epochs.LOSS, LOSS)):
            if name.startswith(kind):
                (new,) = named(seed, epoch, {name.removeprefix(kind): None}, of)
                yield _tensor(seed, epoch, new, file, values, header)


def _of_seeds(file: Path) -> Iterator[_Tensor]:
    headers, values = _headers(file)
    for name, header in headers.items():
        ((seed, epoch),) = re.findall(r"^seed(\d+)/epoch(\d+)", name)
        yield _tensor(int(seed), int(epoch), name, file, values, header)


def _headers(file: Path) -> tuple[dict[str, Any], int]:
    """What a safetensors file says of each tensor, and where their values begin
    (https://github.com/huggingface/safetensors#format)."""
    with file.open("rb") as source:
        length = int.from_bytes(source.read(8), "little")
        headers = json.loads(source.read(length))
    headers.pop("__metadata__", None)
    return headers, 8 + length


def _tensor(seed: int, epoch: int, name: str, file: Path, values: int, header: dict[str, Any]) -> _Tensor:
    bits = int([*re.findall(r"\d+", header["dtype"]), 8][0])  # F32, BF16, F8_E4M3, BOOL
    return _Tensor(-bits, seed, epoch, name, file, values + header["data_offsets"][0], header)


class Checkpoints:
    """The saved weights of one cell, read as they are asked for.

    A file that is not a checkpoint, or is of another cell or format, is refused by name.
    """

    def __init__(self, path: Path | str, cell: str):
        self.path, self.cell = path, cell
        try:
            self.file = safe_open(path, "pt")
        except SafetensorError as error:
            raise self._refused(f"is not a safetensors file, or is damaged ({error})") from error
        found = self.file.metadata() or {}
        if found.get("format") != FORMAT:
            raise self._refused(f"has format {json.dumps(found.get('format'))}, readable is {json.dumps(FORMAT)}")
        if found.get("cell") != cell:
            raise self._refused(f"belongs to cell {json.dumps(found.get('cell'))}; expected {json.dumps(cell)}")
        self.names = sorted(self.file.keys())

    def state(self, seed: int, epoch: int, like: Mapping[str, Tensor], of: str = MODEL) -> dict[str, Tensor]:
        """The state dict of one seed after one epoch, with the names, shapes and types of the state dict `like`."""
        wanted = named(seed, epoch, like, of)
        for name in self.names:
            if name.startswith(f"seed{seed}/epoch{epoch}{of}/") and name not in wanted:
                raise self._refused(f"has {name}, which the cell's {'loss' if of else 'model'} does not have")
        read = {name: self._tensor(name, tensor) for name, tensor in wanted.items()}
        return dict(zip(like, read.values(), strict=True))

    def _tensor(self, name: str, like: Tensor) -> Tensor:
        if name not in self.names:
            raise self._refused(f"has no {name}")
        if (found := self.file.get_slice(name).get_shape()) != list(like.shape):
            raise self._refused(f"{name} has shape {found}, the cell's network needs {list(like.shape)}")
        tensor: Tensor = self.file.get_tensor(name)
        if tensor.dtype != like.dtype:
            kinds = (str(dtype).removeprefix("torch.") for dtype in (tensor.dtype, like.dtype))
            raise self._refused("{} holds {}; expected {}".format(name, *kinds))
        return tensor

    def _refused(self, why: str) -> UserError:
        return UserError(f"{self.path}: {why}; delete it, and the next run trains the cell {self.cell} again")
