"""Runs of Snakemake with planned faults (see `faulty/sitecustomize.py`), and what a run left, for comparison."""

import json
import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from project import command_of, environment_of
from tables import rows

FAULTY = Path(__file__).with_name("faulty")
MARK = "RUN_UNDER_TEST"  # environment variable that every process of a run inherits
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}  # as Snakemake gives to jobs
TIMES = {"seconds", "train_seconds", "seconds_per_epoch", "images_per_second"}


class Faults:
    """A folder with planned faults: `[what, path, nth]` each."""

    def __init__(self, folder: Path, *planned: tuple[str, str, int]):
        self.folder = folder
        folder.mkdir(parents=True)
        (folder / "faults.json").write_text(json.dumps(planned))

    @property
    def environment(self) -> dict[str, str]:
        """The environment that injects them into every Python process of a run."""
        return {"FAULTS": str(self.folder), "PYTHONPATH": str(FAULTY)}

    def held(self, number: int = 0) -> int | None:
        """The process that fault `number` holds."""
        path = self.folder / f"{number}.held"
        text = path.read_text() if path.exists() else ""
        return int(text) if text.endswith("\n") else None  # else it is still being written

    def release(self, number: int = 0) -> None:
        """Let the process that fault `number` holds continue."""
        (self.folder / f"{number}.go").touch()

    def script(self, stage: str) -> Path:
        """The script that Snakemake ran for a stage."""
        return self.folder / f"{stage}.py"


class Run:
    """Snakemake, running in the background. Nothing that it starts outlives the block of `with Run(project, …)`."""

    def __init__(self, project: Path, *arguments: str, **environment: str):
        self.name = uuid.uuid4().hex
        self.log = project / f"run-{self.name}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command_of(*arguments),
                cwd=project,
                env=environment_of(**environment, **{MARK: self.name}),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *_):
        for process in self.rest():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait()

    @property
    def said(self) -> str:
        """Both output streams so far."""
        return self.log.read_text("utf-8")

    def signal_all(self, number: int) -> None:
        """Send a signal to Snakemake and to all that it started, as the terminal does on Ctrl-C."""
        if self.process.poll() is None:  # afterwards the number may be another group's
            os.killpg(self.process.pid, number)

    def wait_for(self, what: str, condition: Callable[[], Any], seconds: float = 200) -> Any:
        """The first true value of `condition`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if value := condition():
                return value
            time.sleep(0.02)
        raise AssertionError(f"{what}: not within {seconds:.0f} s\n{self.said}")

    def finish(self, seconds: float = 200) -> int:
        """Wait for the end; returns the exit status."""
        return self.process.wait(seconds)

    def rest(self) -> list[psutil.Process]:
        """The processes that are still running, of Snakemake and all that it started."""
        return [process for process in psutil.process_iter() if _run_of(process) == self.name]


def _run_of(process: psutil.Process) -> str | None:
    """The name of the run that a process belongs to."""
    try:
        return process.environ().get(MARK)
    except (psutil.Error, OSError):  # ended, or of another user
        return None


def trained(results: Path, cell: str) -> dict[str, Any]:
    """A cell's results without times: tables row by row, arrays as bytes."""
    folder = results / "cells" / cell
    arrays = ("checkpoints.safetensors", "predictions.npz", "confusion.npz")
    tables = ("history.csv", "evaluation.csv")
    return {name: table(folder / name) for name in tables} | {name: (folder / name).read_bytes() for name in arrays}


def table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file without its columns of times."""
    return [{key: value for key, value in row.items() if key not in TIMES} for row in rows(path)]


def names(results: Path) -> list[str]:
    """The names of all files of a results folder."""
    return sorted(path.relative_to(results).as_posix() for path in results.rglob("*") if not path.is_dir())


def skip_without_mounts() -> None:
    """Skip a test that mounts, where that is not allowed."""
    if not shutil.which("unshare") or subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode:
        pytest.skip("needs user namespaces, to mount a small disk")
