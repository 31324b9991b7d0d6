"""Where a cell trains: the CPU, or a GPU that no other job has."""

import torch

from experiment.errors import UserError
from experiment.records import machine


def select(wanted: str, gpus: int) -> torch.device:
    """The device of a cell: `wanted` is its parameter (auto, cpu, cuda), `gpus` how many the job was given."""
    if wanted == "cpu" or (wanted == "auto" and not gpus):
        return torch.device("cpu")
    if torch.cuda.is_available():
        return torch.device("cuda")
    if wanted == "cuda":
        raise UserError("device: cuda was asked for, but PyTorch finds no CUDA device here; allowed here: cpu, auto")
    return torch.device("cpu")


def synchronize(device: torch.device) -> None:
    """Wait for what was launched: on a GPU the clock means nothing before."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def describe(device: torch.device, threads: int) -> dict[str, object]:
    """The device as the record and the page tell it."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else machine()["cpu"]
    return {"type": device.type, "name": name, "threads": threads}
