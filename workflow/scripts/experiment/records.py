"""What a stage ran from and what it left: the record beside its outputs, and how files get their final names.

Written by every stage's script, read by the plan (which decides from it what reruns) and by the page.
"""

import glob
import hashlib
import json
import math
import os
import platform
import re
import sys
import tempfile
from collections.abc import Iterable
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

FORMAT = 1  # of the record; a record of another format makes its job run again
PART = ".part"  # in the name of a file that is being written


def now() -> str:
    """The time as ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat()


def digest(path: Path) -> str:
    """SHA-256 of a file's content, as hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def replacing(path: Path | str, *, flush: bool = True):
    """Yield a temporary path beside `path`; on success it is flushed to disk and takes the final name at once.

    Whatever interrupts the block, the final name holds the old file or the whole new one. Without `flush`, after a
    power cut too it could be an empty one: for what is made again anyway. A disk that refuses raises OSError with
    the final name.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = None
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=PART + path.suffix)
        os.close(handle)
        part = Path(name)
        yield part
        if flush:
            with part.open("rb") as file:
                os.fsync(file.fileno())
        part.chmod(0o666 & ~_umask())
        part.replace(path)
    except Exception as error:
        number = _refusal(error, part)
        if number is None:
            raise
        raise OSError(number, os.strerror(number), str(path)) from error
    finally:
        if part:
            part.unlink(missing_ok=True)


def _refusal(error: Exception, part: Path | None) -> int | None:
    """The operating system's error number, if that is what went wrong with the file on its way."""
    if isinstance(error, OSError):
        about_it = part is None or error.filename is None or str(error.filename) == str(part)
        return error.errno if about_it else None
    told = re.search(r"\(os error (\d+)\)", str(error))  # how Rust tells it: safetensors has an exception of its own
    return int(told[1]) if told else None


def sweep(paths: Iterable[Path | str]) -> None:
    """Remove what killed processes left on its way to `paths` (see `replacing`). Nobody else may be writing these."""
    for path in map(Path, paths):
        for part in path.parent.glob(f".{glob.escape(path.name)}.*{PART}{glob.escape(path.suffix)}"):
            part.unlink(missing_ok=True)


def write_json(path: Path | str, value: Any, *, flush: bool = True) -> None:
    """Write JSON under its final name at once (see `replacing`); NaN and infinity become null."""
    with replacing(path, flush=flush) as part:
        part.write_text(json.dumps(_finite(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")


def write_record(
    path: Path | str,
    plan: Path | str,
    outputs: dict[str, Path | str] | list[Path | str],
    *,
    inputs: list[Path | str],
    started: str,
    packages: tuple[str, ...] = (),
    **facts: Any,
) -> None:
    """Write the record of a finished stage: its plan, its inputs and outputs as they are on disk now, and `facts`.

    Call it last: a record says that everything else is complete. `inputs` are the files that the stage read,
    without the plan file; `packages` are the distributions whose versions matter for the result. File names are
    stored relative to the results folder, which is where `plan` (`<results>/plan/…`) tells that it is.
    """
    planned = json.loads(Path(plan).read_text("utf-8"))
    results = results_folder(plan)
    files = outputs.values() if isinstance(outputs, dict) else outputs
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
        "inputs": {os.path.relpath(file, results): digest(Path(file)) for file in inputs},
        "outputs": {os.path.relpath(file, results): describe(Path(file)) for file in files},
    }
    write_json(path, record | facts)


def results_folder(plan: Path | str) -> Path:
    """The results folder that a plan file belongs to."""
    return next(parent for parent in Path(plan).parents if parent.name == "plan").parent


def describe(path: Path) -> dict[str, Any]:
    """Checksum, size and modification time of a file, as the plan compares them."""
    stat = path.stat()
    return {"sha256": digest(path), "bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns}


def machine() -> dict[str, Any]:
    """What the stage ran on."""
    return {
        "host": platform.node(),
        "system": f"{platform.system()} {platform.release()}",
        "cpu": _cpu_name(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
    }


def _cpu_name() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
