"""Files: written under their final names whole or not at all, described by checksum and size, removed."""

import csv
import glob
import hashlib
import json
import math
import os
import re
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from experiment_grid.runtime.errors import UserError

PART = ".part"  # in the name of a file that is being written
EPOCH = re.compile(rf"\.?seed(\d+)\.epoch(\d+)\.safetensors(?:\.\w+{re.escape(PART)}\.safetensors)?")
HOME: dict[Path, os.stat_result] = {}  # the results folder of this job, as it was when that started


def digest(path: Path) -> str:
    """SHA-256 of a file's content, as hexadecimal; read once, until the file changes."""
    stat = path.stat()
    return _digest(path, stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


@cache
def _digest(path: Path, *_: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def replacing(path: Path | str, *, flush: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it is flushed to disk and takes the final name at once.

    Whatever interrupts the block, the final name holds the old file or the whole new one. Without `flush`, after a
    power cut too it could be an empty one: for what is made again anyway. A disk that refuses raises OSError with
    the final name.
    """
    path = Path(path)
    refuse_another_home()
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
        refuse_another_home()
        number = _refusal(error, part)
        if number is None:
            raise
        raise OSError(number, os.strerror(number), str(path)) from error
    finally:
        if part:
            part.unlink(missing_ok=True)


def refuse_another_home() -> None:
    """Raise UserError where the results folder is gone, or another one is in its place: what was written there now
    would be on the disk below, or in another user's folder."""
    for folder, then in HOME.items():
        try:
            same = os.path.samestat(folder.stat(), then)
        except OSError:
            same = False
        if not same:
            raise UserError(
                f"{folder}: is another folder than when this job started, or gone (unmounted, moved?); nothing is "
                "written there; put it back, and run the same command again"
            )


def _refusal(error: Exception, part: Path | None) -> int | None:
    """The operating system's error number, if that is what went wrong with the file on its way."""
    if isinstance(error, OSError):
        about_it = part is None or error.filename is None or str(error.filename) == str(part)
        return error.errno if about_it else None
    number = re.search(r"\(os error (\d+)\)", str(error))  # how Rust says it: safetensors has an exception of its own
    return int(number[1]) if number else None


def sweep(paths: Iterable[Path | str]) -> None:
    """Remove what killed processes left on its way to `paths` (see `replacing`). Nobody else may be writing these."""
    for path in map(Path, paths):
        for part in path.parent.glob(f".{glob.escape(path.name)}.*{PART}{glob.escape(path.suffix)}"):
            part.unlink(missing_ok=True)


def write_json(path: Path | str, value: Any, *, flush: bool = True) -> None:
    """Write JSON under its final name at once (see `replacing`); NaN and infinity become null."""
    with replacing(path, flush=flush) as part:
        part.write_text(json.dumps(_finite(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write rows under the columns' names (see `replacing`); None, NaN and infinity stay empty."""
    with replacing(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_finite(value) for value in row] for row in rows)


def describe(path: Path) -> dict[str, Any]:
    """Checksum, size and modification time of a file, as the plan compares them."""
    stat = path.stat()
    return {"sha256": digest(path), "bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns}


def size(path: Path) -> int:
    """Bytes of a file, or of all files in a folder; 0 where there is none."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def remove(path: Path) -> None:
    """Remove a file, a folder with its content, or a link; does nothing where there is none."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def remove_epochs(folder: Path, seeds: Collection[int] | None = None) -> None:
    """Remove the epochs of a training that is done, perhaps of these `seeds` alone, and their folder unless something
    else is there.

    The last first: a training that is killed here resumes from what is left.
    """
    epochs = {
        path: [int(n) for n in found.groups()] for path in folder.glob("*") if (found := EPOCH.fullmatch(path.name))
    }
    for path in sorted(epochs, key=epochs.__getitem__, reverse=True):
        if seeds is None or epochs[path][0] in seeds:
            remove(path)
    if seeds is None:  # another job may be about to write here
        with suppress(OSError):
            folder.rmdir()


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
