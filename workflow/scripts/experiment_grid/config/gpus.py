"""How many GPUs there are, found out without importing torch: this runs whenever the Snakefile is read."""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from experiment_grid.runtime.errors import one_line

DRIVER = Path("/proc/driver/nvidia/gpus")  # a folder for each GPU, where NVIDIA's driver is loaded

PROBE = """
import warnings
warnings.simplefilter("ignore")
import torch
try:
    torch.cuda.init()
    why = "" if torch.cuda.device_count() else "No CUDA GPUs are available"
except Exception as error:
    why = str(error) or type(error).__name__
print(why.partition(". ")[0])
"""


def gpus_available(configured: int | str = "auto") -> int:
    """Number of GPUs to train on: the configured one, or with "auto" those that this process may use.

    CUDA_VISIBLE_DEVICES narrows what is there, as it does for CUDA itself. A Slurm job without it was given none of the
    GPUs that its node may have.
    """
    if configured != "auto":
        return int(configured)
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if "SLURM_JOB_ID" in os.environ and visible is None:
        return 0
    if visible is not None and not _listed(visible):
        return 0
    present = _present()
    return present if visible is None else min(present, len(_listed(visible)))


def trains_on(device: str, gpus: int) -> str:
    """The kind of device, cpu, cuda or mps, of a cell with this key `device` where there are so many GPUs."""
    if device in ("cpu", "mps"):
        return device
    return "cuda" if gpus else "cpu"


def overlooked(configured: int | str, found: int, devices: Iterable[str]) -> str | None:
    """The warning for a cluster: cells with `device: auto` get no GPU because none was found on this machine."""
    if configured != "auto" or found or "auto" not in devices:
        return None
    return (
        "gpus: no GPU is found on this machine, so cells with device auto train on the cluster's CPUs; given: auto; "
        "where the cluster has GPUs: --config gpus=N, their number"
    )


def refusal() -> str | None:
    """Why PyTorch can't train on a GPU of this machine, in its own words; None where it can.

    In a process of its own, which takes seconds: for a run that is about to train there.
    """
    try:
        command = [sys.executable, "-c", PROBE]
        said = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None  # the jobs say what is wrong
    return one_line(said.strip().rstrip("."), 200) or None


def unusable(configured: int | str, found: int, why: str) -> str:
    """What to say where cells with `device: auto` train on the CPU since PyTorch refuses the GPUs."""
    given = f"{configured} (found: {found})" if configured == "auto" else configured
    return (
        f"gpus: PyTorch can't use a GPU of this machine, so cells with device auto train on the CPU ({why}); given: "
        f"{given}; --config gpus=0 means the same without this line"
    )


def _listed(visible: str) -> list[str]:
    """The devices of CUDA_VISIBLE_DEVICES; CUDA stops reading at the first that is none, e.g. -1."""
    devices = []
    for device in map(str.strip, visible.split(",")):
        if not device or device.startswith("-") or device == "NoDevFiles":
            break
        devices.append(device)
    return devices


def _present() -> int:
    if DRIVER.is_dir():
        return len(list(DRIVER.iterdir()))
    try:  # WSL has a driver without that folder
        listing = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    return sum(line.startswith("GPU ") for line in listing.splitlines())
