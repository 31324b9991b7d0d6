"""Where a cell trains: the CPU, or a GPU that no other job has."""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch

from experiment.errors import UserError
from experiment.records import machine

# Of this machine and user, whatever results folder a run has: it is the machine's devices that are leased.
LEASES = Path(tempfile.gettempdir()) / f"experiment-grid-gpus-{os.getuid()}"
POLL = 0.2  # seconds between two looks for a free device


@contextmanager
def device_for(wanted: str, gpus: int, folder: Path = LEASES) -> Iterator[torch.device]:
    """The device of a job, its own while the block runs.

    `wanted` is the cell's parameter (auto, cpu, cuda), `gpus` how many GPUs the workflow gave the job: none, and
    `auto` means the CPU. CUDA_VISIBLE_DEVICES is respected, as by all of CUDA: a cluster names the device with it.
    """
    cuda = torch.cuda.is_available() if wanted == "cuda" or (wanted == "auto" and gpus) else False
    if wanted == "cuda" and not cuda:
        raise UserError("device: cuda: PyTorch finds no CUDA device on this machine; set device to cpu or auto")
    if not cuda:
        yield torch.device("cpu")
        return
    devices = range(torch.cuda.device_count())
    with lease([str(torch.cuda.get_device_properties(index).uuid) for index in devices], folder) as index:
        device = torch.device("cuda", index)
        torch.cuda.set_device(device)
        yield device


@contextmanager
def lease(names: Sequence[str], folder: Path) -> Iterator[int]:
    """The index of a device that no other process has leased; waits until there is one.

    A lease is a lock on a file named after the device. The kernel ends it with the process, whatever kills that.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():  # with links in it, others could have files emptied
        raise UserError(f"{folder}: belongs to another user; set TMPDIR to a folder of your own")
    waiting = False
    while True:
        for index, name in enumerate(names):
            with (folder / f"{name}.lock").open("w") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                yield index
                return
        if not waiting:
            print(f"waiting: all of {len(names)} devices are in use")
            waiting = True
        time.sleep(POLL)


def synchronize(device: torch.device) -> None:
    """Wait for what was launched: on a GPU the clock means nothing before."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def describe(device: torch.device, threads: int) -> dict[str, object]:
    """The device as the record and the page tell it."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else machine()["cpu"]
    return {"type": device.type, "name": name, "threads": threads}
