"""The state after every epoch, kept until the cell is done: a training that was killed goes on from there.

A file holds what one epoch left (rows, weights, the optimizer's buffers) and where it belongs (recipe, data, device,
versions of torch and NumPy). One that is damaged or belongs elsewhere counts as not there; what is damaged is removed.
"""

import json
import shutil
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from experiment_grid.runtime.errors import UserError
from experiment_grid.runtime.files import remove, replacing
from experiment_grid.training.history import Row


@dataclass(frozen=True)
class Epoch:
    """What one epoch of the networks of `seeds` left; `weights` by their names in the checkpoint file."""

    seeds: list[int]
    number: int
    rows: list[Row]
    seconds: dict[str, float]  # by part
    weights: dict[str, Tensor]
    buffers: list[Tensor]  # the optimizer's


class EpochStore:
    """The epochs of one cell, in a folder of their own; `origin` tells where they belong."""

    def __init__(self, folder: Path, origin: Mapping[str, Any]):
        if folder.is_symlink():
            raise UserError(f"{folder}: is a link, and epochs are kept in the results folder alone; remove it")
        self.folder = folder
        self.origin = json.dumps(origin, sort_keys=True)
        self.seconds_writing = 0.0
        self.seconds_before = 0.0  # that went into the epochs that were found here

    def write(self, epoch: Epoch) -> None:
        """Keep an epoch."""
        started = perf_counter()
        tensors = epoch.weights | {f"buffer{index}": buffer for index, buffer in enumerate(epoch.buffers)}
        results = json.dumps({"rows": [asdict(row) for row in epoch.rows], "seconds": epoch.seconds})
        metadata = {"origin": self.origin, "results": results, "checksum": _checksum(results, tensors)}
        # Not flushed to disk: killed processes leave whole files all the same, and the checksum tells the rest.
        with replacing(self._path(epoch.seeds, epoch.number), flush=False) as part:
            save_file(tensors, part, metadata=metadata)
        self.seconds_writing += perf_counter() - started

    def read(self, seeds: Sequence[int], number: int) -> Epoch | None:
        """An epoch that was kept; None, with a line in the log unless it is simply not there, if it is of no use."""
        path = self._path(seeds, number)
        if not path.exists():
            return None
        try:
            with safe_open(path, "pt") as file:
                metadata = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
        except (OSError, SafetensorError) as error:
            return _removed(path, f"damaged ({error})")
        if metadata.get("origin") != self.origin:
            print(f"{path}: of another recipe, data set or device; not used")
            return None
        if metadata.get("checksum") != _checksum(metadata["results"], tensors):
            return _removed(path, "damaged (wrong checksum)")
        results = json.loads(metadata["results"])
        weights = {name: tensor for name, tensor in tensors.items() if not name.startswith("buffer")}
        buffers = [tensors[f"buffer{index}"] for index in range(len(tensors) - len(weights))]
        rows = [Row(**row) for row in results["rows"]]
        self.seconds_before += sum(results["seconds"].values())
        return Epoch(list(seeds), number, rows, results["seconds"], weights, buffers)

    def remove(self) -> None:
        """Forget all epochs, once the cell's own files hold them."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, seeds: Sequence[int], number: int) -> Path:
        others = f"-and-{len(seeds) - 1}-more" if len(seeds) > 1 else ""  # all their numbers could be too long a name
        return self.folder / f"seed{seeds[0]}{others}.epoch{number}.safetensors"


def _checksum(results: str, tensors: Mapping[str, Tensor]) -> str:
    checksum = zlib.crc32(results.encode())
    for name in sorted(tensors):
        checksum = zlib.crc32(tensors[name].numpy(), checksum)
    return str(checksum)


def _removed(path: Path, why: str) -> None:
    print(f"{path}: {why}; removed")
    remove(path)
