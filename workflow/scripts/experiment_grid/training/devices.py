"""Where a cell trains: the CPU, or a GPU that no other job has."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from experiment_grid.runtime.errors import UserError
from experiment_grid.runtime.leases import LEASES, lease
from experiment_grid.runtime.records import machine


@contextmanager
def device_for(wanted: str, gpus: int, folder: Path = LEASES) -> Iterator[torch.device]:
    """The device of a job, its own while the block runs.

    `wanted` is the cell's parameter (auto, cpu, cuda, mps), `gpus` how many GPUs the workflow gave the job: none, and
    `auto` means the CPU. CUDA_VISIBLE_DEVICES is respected, as by all of CUDA: a cluster names the device with it.
    """
    if wanted == "mps":
        if not torch.backends.mps.is_available():
            raise UserError("device: mps: PyTorch finds no Metal GPU on this machine; set device to cpu or auto")
        yield torch.device("mps")
        return
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


def set_arithmetic(parameters: Mapping[str, Any], device: torch.device) -> None:
    """How a GPU multiplies, and whether its kernels must give the same bits twice, as a cell's parameters say.

    Settings of the process, so for each training anew. PyTorch's own default is TF32 for convolutions.
    """
    on_gpu = device.type == "cuda"
    if on_gpu:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read before the first product, for deterministic
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = parameters.get("tf32", False)
        torch.backends.cudnn.deterministic = True  # a resumed training ends with the same bits
    deterministic = device.type != "cpu" and parameters.get("deterministic", False)
    if deterministic != torch.are_deterministic_algorithms_enabled():
        torch.use_deterministic_algorithms(deterministic)


def on_mps(device: torch.device) -> bool:
    """Whether this is a Mac's GPU: without float64 and without some operations; its steps are not replayed."""
    return device.type == "mps"


def synchronize(device: torch.device) -> None:
    """Wait for what was launched: on a GPU the clock means nothing before."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif on_mps(device):
        torch.mps.synchronize()


def describe(device: torch.device, threads: int, no_gpu: str | None = None) -> dict[str, object]:
    """The device as the record and the page have it; `no_gpu` is why it isn't the GPU that the job was to have."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else machine()["cpu"]
    return {"type": device.type, "name": name, "threads": threads} | ({"no_gpu": no_gpu} if no_gpu else {})
