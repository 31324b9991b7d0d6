"""Runs contestants in turns and reports how they compare. Memory in MB of 1,000,000 bytes."""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from importlib import metadata
from pathlib import Path
from time import perf_counter

import numpy as np
from threadpoolctl import threadpool_info

from bench.contestants import NEEDS, Job, installed
from experiment_grid.data.prepared import test_images
from experiment_grid.runtime.records import machine

ROOT = Path(__file__).resolve().parents[1]


@dataclass
class Times:
    """Seconds of one contestant, round by round: training, its process from start to end, CPU time of that process.

    `peak` is its largest memory in MB, `accuracy` that of its last network on the test images (None without one),
    `gpu_peak` the MB that PyTorch reserved on a GPU.
    """

    training: list[float] = field(default_factory=list)
    process: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    peak: float = 0.0
    accuracy: float | None = None
    gpu_peak: float = 0.0


def measure(contestants: Mapping[str, tuple[str, Job]], rounds: int) -> dict[str, Times]:
    """Run every contestant (module, job) once per round, so that other load on the machine slows all of them.

    One whose package is not installed is left out.
    """
    for label, (module, _) in contestants.items():
        if not installed(module):
            print(f"Left out, as {NEEDS[module]} is not here (make setup-bench installs packages): {label}", flush=True)
    contestants = {label: entry for label, entry in contestants.items() if installed(entry[0])}
    times = {label: Times() for label in contestants}
    for number in range(1, rounds + 1):
        for label in order(list(contestants), number):
            module, job = contestants[label]
            _progress(f"round {number}/{rounds}  {label}")
            job = replace(job, saved=f"{tempfile.mkdtemp(dir=job.folder)}/network.npz")  # a folder of its own
            command = [sys.executable, "-m", "bench.contestant", module, json.dumps(asdict(job))]
            started = perf_counter()
            with (Path(job.folder) / "output").open("w+") as output:
                process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output, text=True)
                _, status, usage = os.wait4(process.pid, 0)
                times[label].process.append(perf_counter() - started)
                output.seek(0)
                printed = output.read()
            if status:
                sys.exit(f"\n{label} failed:\n{printed}")
            found = json.loads(printed.splitlines()[-1])
            times[label].training.append(found["training"])
            times[label].gpu_peak = max(times[label].gpu_peak, megabytes(found.get("gpu_bytes", 0)))
            times[label].cpu.append(usage.ru_utime + usage.ru_stime)
            times[label].peak = max(times[label].peak, megabytes(usage.ru_maxrss * 1024))  # Linux counts in KiB
            if Path(job.saved).exists():
                times[label].accuracy = accuracy_of(job)
    _progress("")
    return times


def order(labels: list[str], number: int) -> list[str]:
    """Labels in the order of round `number` (1, 2, ...): forward, backward, then the same starting with the next one.

    So each follows different ones from round to round, and none is always first.
    """
    first = (number - 1) // 2 % len(labels)
    forward = labels[first:] + labels[:first]
    return forward if number % 2 else forward[::-1]


def megabytes(size: float) -> float:
    """Bytes as MB."""
    return size / 1e6


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{text:60}\r", end="", file=sys.stderr, flush=True)


def accuracy_of(job: Job) -> float:
    """Test accuracy of the saved network."""
    with np.load(job.saved) as file:
        weights = [np.asarray(file[name], np.float32) for name in file.files]
    images, labels = test_images(job.prepared)
    outputs = images.reshape(len(images), -1).astype(np.float32) / 255
    outputs = (outputs - 0.5) / 0.5 if job.normalize else outputs
    for weight, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        outputs = np.maximum(outputs @ weight.T + bias, 0)
    return float(((outputs @ weights[-2].T + weights[-1]).argmax(axis=1) == labels).mean())


def spread(values: Iterable[float], digits: int = 1) -> str:
    """Median and, in brackets, the smallest and the largest."""
    values = list(values)
    return f"{statistics.median(values):.{digits}f} [{min(values):.{digits}f}-{max(values):.{digits}f}]"


def ratios(times: Iterable[float], ours: Iterable[float]) -> str:
    """Spread of another's time over ours, round by round."""
    return spread((other / own for other, own in zip(times, ours, strict=True)), 2)


def table(header: list[str], rows: Iterable[list[str]]) -> str:
    """Rows in columns."""
    rows = [header, *rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def where() -> str:
    """The machine and the installed versions, on which times depend."""
    facts = machine()
    versions = [f"Python {platform.python_version()}"]
    for name in ("torch", "torchvision", "scikit-learn", "jax", "numpy"):
        with suppress(metadata.PackageNotFoundError):
            versions.append(f"{name} {metadata.version(name)}")
    chosen = " (by OPENBLAS_CORETYPE)" if "OPENBLAS_CORETYPE" in os.environ else ""
    kernels = {found["architecture"] for found in threadpool_info() if "openblas" in found["prefix"]}
    versions += [f"OpenBLAS for {name}{chosen}" for name in sorted(kernels)]
    return f"{facts['cpu']}, {facts['cores']} cores, {facts['system']}; {', '.join(versions)}"
