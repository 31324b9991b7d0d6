"""What a stage ran from and what it left: the record beside its outputs.

Written by every stage's script, read by the plan (which decides from it what reruns) and by the page.
"""

import json
import os
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from experiment_grid.runtime.errors import UserError
from experiment_grid.runtime.files import describe, digest, write_json

CELL_NAME = "[A-Za-z0-9][A-Za-z0-9._-]*"  # a pattern, also of paths
AGAIN = "run the same command again"
CPU_MODEL = {"family": "cpu family", "model": "model"}  # in /proc/cpuinfo
READ: dict[str, str] = {}  # SHA-256 of user files that this job read and its recipe lacks (`imported_code`)
FORCED = "forced"  # why a job runs that Snakemake was asked to run, whatever is there
FORMAT = 1  # of the record; a record of another format makes its job run again


def now() -> str:
    """The time as ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat()


def trained_with(record: Mapping[str, Any]) -> dict[str, Any]:
    """What a training job trained with, resolved; of its record or its plan."""
    of_cell: dict[str, Any] = record["recipe"]["settings"]["parameters"]
    return of_cell


def age() -> float:
    """Seconds since this process started."""
    import psutil  # late: nine milliseconds that one stage needs

    started: float = psutil.Process().create_time()
    if hasattr(time, "CLOCK_BOOTTIME"):  # Linux counts from its boot, whose time of day psutil has in whole seconds
        return time.clock_gettime(time.CLOCK_BOOTTIME) - (started - psutil.boot_time())
    return time.time() - started


def write_record(
    path: Path | str,
    plan: Path | str,
    outputs: Mapping[str, Path | str] | Sequence[Path | str],
    *,
    inputs: Sequence[Path | str],
    started: str,
    packages: tuple[str, ...] = (),
    **facts: Any,
) -> None:
    """Write the record of a finished stage: its plan, its inputs and outputs as they are on disk now, and `facts`.

    Call it last: a record says that everything else is complete. `inputs` are the files that the stage read,
    without the plan file; `packages` are the distributions whose versions matter for the result. File names are
    stored relative to the results folder, which `plan` (`<results>/plan/…`) is in. What user's
    code read from the working directory is in `reads`, by its path there. Raises UserError where that has changed.
    """
    planned = json.loads(Path(plan).read_text("utf-8"))
    results = results_folder(plan)
    check_reads()
    facts |= {"reads": dict(sorted(READ.items()))} if READ else {}
    files = [Path(file) for file in (outputs.values() if isinstance(outputs, Mapping) else outputs)]
    record = {
        "format": FORMAT,
        "stage": planned["stage"],
        "cell": planned["cell"],
        "recipe": planned["recipe"],
        "why": planned["why"],
        "started": started,
        "finished": now(),
        "versions": {"python": platform.python_version()} | {name: metadata.version(name) for name in packages},
        "machine": machine(),
        "peak_memory": peak_memory(),
        "inputs": {os.path.relpath(file, results): digest(Path(file)) for file in inputs},
        "outputs": {os.path.relpath(file, results): describe(file) for file in files},
    }
    write_json(path, record | facts)


def changed_reads(reads: Mapping[str, str]) -> list[str]:
    """The files of these, by their paths in the working directory, that have another SHA-256 now or are gone."""
    return [name for name, known in reads.items() if not Path(name).is_file() or digest(Path(name)) != known]


def check_reads() -> None:
    """Raise UserError where a file that this job read has changed since."""
    for name in changed_reads(READ):
        raise UserError(f"{name}: changed while this job was using it; {AGAIN}")


def results_folder(plan: Path | str) -> Path:
    """The results folder that a plan file belongs to."""
    return next(parent for parent in Path(plan).parents if parent.name == "plan").parent


def machine() -> dict[str, Any]:
    """What the stage ran on."""
    return {
        "host": platform.node(),
        "system": f"{platform.system()} {platform.release()}",
        "cpu": _cpu_name(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
    }


def peak_memory() -> int:
    """The most bytes that this process has had in memory."""
    status = Path("/proc/self/status")
    if status.exists():  # where getrusage would include the parent's peak
        (line,) = (line for line in status.read_text("utf-8").splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    import resource  # late: not on every system

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS


def _cpu_name() -> str:
    """The name; on Linux with family and model, which differ where a cloud has one name."""
    if sys.platform == "linux":
        lines = (line.partition(":") for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines())
        facts = {key.strip(): value.strip() for key, _, value in reversed(list(lines))}  # of the first core
        if "model name" in facts:
            which = ", ".join(f"{key} {facts[of]}" for key, of in CPU_MODEL.items() if of in facts)
            return f"{facts['model name']} ({which})" if which else facts["model name"]
    return platform.processor() or platform.machine()
