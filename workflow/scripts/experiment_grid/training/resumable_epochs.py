"""The state after every epoch, on disk until the cell is done: a training that was killed resumes from it, and the
cell's checkpoints are put together from it.

A file holds what one epoch left (its row, state dicts, and what else a resumed training needs) and its origin (recipe,
data, device, versions of torch and NumPy). One that is damaged or of another origin is ignored; a damaged one is
removed.
"""

import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from experiment_grid.runtime.errors import UserError
from experiment_grid.runtime.files import remove, replacing
from experiment_grid.runtime.records import READ, changed_reads, check_reads
from experiment_grid.training.history import HistoryRow

MODEL, LOSS, REST = "model/", "loss/", "rest/"  # before the names of tensors


@dataclass(frozen=True)
class Epoch:
    """What one epoch of a seed left: the state dicts of model and loss, and the rest that resuming needs.

    Without the rest, None, the epoch cannot be resumed from.
    """

    seed: int
    number: int
    row: HistoryRow
    seconds: dict[str, float]  # by part
    model: dict[str, Tensor]
    loss: dict[str, Tensor]
    rest: dict[str, Any] | None  # numbers, texts, lists, dicts, tensors


class EpochStore:
    """The epochs of one cell, in a folder of their own; `origin` is what they depend on, None: not checked."""

    def __init__(self, folder: Path, origin: Mapping[str, Any] | None):
        if folder.is_symlink():
            raise UserError(f"{folder}: is a link, and epochs are kept in the results folder alone; remove it")
        self.folder = folder
        self.origin = None if origin is None else json.dumps(origin, sort_keys=True)
        self.seconds_writing = 0.0
        self.seconds_before = 0.0  # that went into the epochs that were found here

    def write(self, epoch: Epoch) -> None:
        """Write an epoch. Where the rest of its state can't be written, a line in the log says so."""
        started = perf_counter()
        tensors = {MODEL + name: tensor for name, tensor in epoch.model.items()}
        tensors |= {LOSS + name: tensor for name, tensor in epoch.loss.items()}
        rest: Any = None
        packed: dict[str, Tensor] = {}
        try:
            rest = pack(epoch.rest, packed)
            tensors |= packed
        except (TypeError, RecursionError) as error:  # the latter of what holds itself
            print(f"epoch {epoch.number} cannot be resumed from, a killed training would start again: {error}")
        results = json.dumps({"row": asdict(epoch.row), "seconds": epoch.seconds, "rest": rest})
        check_reads()
        metadata = {"results": results, "checksum": _checksum(results, tensors)}
        metadata |= {} if self.origin is None else {"origin": self.origin}
        metadata |= {"reads": json.dumps(READ)} if READ else {}
        # Not flushed to disk: killed processes leave whole files all the same, and the checksum shows the rest.
        with replacing(self.path(epoch.seed, epoch.number), flush=False) as part:
            save_file(tensors, part, metadata=metadata)
        self.seconds_writing += perf_counter() - started

    def drop_state(self, epoch: Epoch) -> None:
        """Leave an epoch's row and nothing else: no weights, and nothing to resume from."""
        self.write(replace(epoch, model={}, loss={}, rest=None))

    def read(self, seed: int, number: int) -> Epoch | None:
        """An epoch that was written; None where there is none or, with a line in the log, where it cannot be used."""
        path = self.path(seed, number)
        if not path.exists():
            return None
        try:
            with safe_open(path, "pt") as file:
                metadata = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
        except (OSError, SafetensorError) as error:
            _remove(path, f"damaged ({error})")
            return None
        if self.origin not in (None, metadata.get("origin")):
            print(f"{path}: of another recipe, data set or device; not used")
            return None
        if other := changed_reads(json.loads(metadata.get("reads", "{}"))):
            print(f"{path}: {other[0]} changed since then; not used")
            return None
        if metadata.get("checksum") != _checksum(metadata["results"], tensors):
            _remove(path, "damaged (wrong checksum)")
            return None
        results = json.loads(metadata["results"])
        self.seconds_before += sum(results["seconds"].values())
        model, loss, rest = (
            {name.removeprefix(kind): tensor for name, tensor in tensors.items() if name.startswith(kind)}
            for kind in (MODEL, LOSS, REST)
        )
        return Epoch(
            seed, number, HistoryRow(**results["row"]), results["seconds"], model, loss, unpack(results["rest"], rest)
        )

    def has_state(self, path: Path) -> bool:
        """Whether a training can resume from an epoch's file."""
        with safe_open(path, "pt") as file:
            return json.loads(file.metadata()["results"])["rest"] is not None

    def path(self, seed: int, number: int) -> Path:
        """The file of an epoch."""
        return self.folder / f"seed{seed}.epoch{number}.safetensors"


def pack(value: Any, tensors: dict[str, Tensor]) -> Any:
    """Nested dicts, lists and tuples as JSON, their tensors put into `tensors`. Raises TypeError for anything else."""
    if isinstance(value, Tensor) and value.layout == torch.strided:
        name = str(len(tensors))
        tensors[REST + name] = value.detach().to("cpu", copy=True).contiguous()
        return {"tensor": name}
    if isinstance(value, Mapping):
        return {"dict": [[pack(key, tensors), pack(item, tensors)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        kind = "list" if isinstance(value, list) else "tuple"
        return {kind: [pack(item, tensors) for item in value]}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"its state holds a {type(value).__name__}")


def unpack(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    """What `pack` was given."""
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "tensor":
        return tensors[content]
    if kind == "dict":
        return {unpack(key, tensors): unpack(item, tensors) for key, item in content}
    items = [unpack(item, tensors) for item in content]
    return items if kind == "list" else tuple(items)


def _checksum(results: str, tensors: Mapping[str, Tensor]) -> str:
    checksum = zlib.crc32(results.encode())
    for name in sorted(tensors):
        checksum = zlib.crc32(tensors[name].reshape(-1).view(torch.uint8).numpy().data, checksum)
    return str(checksum)


def _remove(path: Path, why: str) -> None:
    print(f"{path}: {why}; removed")
    remove(path)
