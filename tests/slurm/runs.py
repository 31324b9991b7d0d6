"""Snakemake, submitting to the test's cluster, and its jobs as seen from outside."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import yaml
from cluster import Cluster

IMPATIENT = Path(__file__).with_name("impatient.py")
CONFIG = "config/slurm.yaml"

# The profile as it is, except for the pauses that a shared scheduler and a network file system need.
PROFILE = ("--workflow-profile", "profiles/slurm", "--latency-wait", "5", "--max-status-checks-per-second", "10")
PROFILE += ("--slurm-init-seconds-before-status-checks", "1")


def configure(project: Path, config: dict[str, Any]) -> None:
    """Write the overlay that the runs below use."""
    (project / CONFIG).write_text(yaml.safe_dump(config, sort_keys=False), "utf-8")


class Run:
    """Snakemake, running with the Slurm profile: `with Run(cluster, project, …) as run`. Nothing outlives the block."""

    def __init__(self, cluster: Cluster, project: Path, *arguments: str):
        self._command = [sys.executable, str(IMPATIENT), *arguments, "--configfile", CONFIG, *PROFILE]
        self._cluster = cluster
        self._project = project

    def __enter__(self) -> "Run":
        with (self._project / "run.log").open("w") as log:
            self.process = subprocess.Popen(
                self._command,
                cwd=self._project,
                env=self._cluster.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def __exit__(self, *_):
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    @property
    def said(self) -> str:
        """Both output streams so far."""
        return (self._project / "run.log").read_text("utf-8")

    def wait_for(self, what: str, condition: Callable[[], Any], seconds: float = 180) -> Any:
        """The first true value of `condition` while Snakemake is running."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            value = condition()
            if value:
                return value
            time.sleep(0.1)
        raise AssertionError(f"{what}: not within {seconds:.0f} s, or Snakemake ended before\n{self.said}")

    def finish(self, seconds: float = 900, status: int = 0) -> str:
        """Wait for the end, with status 0 unless another one is expected; returns the output."""
        try:
            ended = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            ended = f"still running after {seconds:.0f} s"
        assert ended == status, f"{ended}\n{self.said}"
        return self.said


def submit(cluster: Cluster, project: Path, *arguments: str) -> str:
    """Run Snakemake with the Slurm profile to its end, without an error; returns the output."""
    with Run(cluster, project, *arguments) as run:
        return run.finish()


@dataclass(frozen=True)
class Trainer:
    """A training process on the node, with what Slurm gave it."""

    pid: int
    cell: str
    job: str
    gpus: str | None


def trainers(project: Path) -> list[Trainer]:
    """The training processes of a project that run in Slurm jobs now; another test's cluster may have its own."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if not any(part.endswith(".train.py") for part in process.cmdline()) or Path(process.cwd()) != project:
                continue
            environment = process.environ()
            around = [part for parent in process.parents() for part in parent.cmdline()]
            cells = [part.removeprefix("train:cell=") for part in around if part.startswith("train:cell=")]
            if cells and "SLURM_JOB_ID" in environment:
                gpus = environment.get("CUDA_VISIBLE_DEVICES")
                found.append(Trainer(process.pid, cells[0], environment["SLURM_JOB_ID"], gpus))
    return found


@contextmanager
def watching(project: Path) -> Iterator[list[list[Trainer]]]:
    """Which processes trained at the same time: `trainers` every fifth of a second until the block ends."""
    seen: list[list[Trainer]] = []
    done = threading.Event()

    def look():
        while not done.wait(0.2):
            seen.append(trainers(project))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


def record(results: Path, cell: str) -> dict[str, Any]:
    """The record of a cell's training."""
    return json.loads((results / "cells" / cell / "run.json").read_text("utf-8"))


def peak_memory(pid: int) -> int:
    """Largest resident size that a process has had, in bytes; 0 for one that has ended."""
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:")), 0)
