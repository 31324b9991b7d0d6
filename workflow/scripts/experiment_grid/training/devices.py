"""Where a cell trains: the CPU, or a GPU that no other job has."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from experiment_grid.runtime.errors import UserError
from experiment_grid.runtime.leases import LEASES, lease
from experiment_grid.runtime.records import machine


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
        torch.backends.cudnn.deterministic = True  # a training that goes on after a kill ends with the same bits
        yield device


def synchronize(device: torch.device) -> None:
    """Wait for what was launched: on a GPU the clock means nothing before."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def describe(device: torch.device, threads: int, no_gpu: str | None = None) -> dict[str, object]:
    """The device as the record and the page tell it; `no_gpu` is why it isn't the GPU that the job was to have."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else machine()["cpu"]
    return {"type": device.type, "name": name, "threads": threads} | ({"no_gpu": no_gpu} if no_gpu else {})
