"""One run at a time in a results folder, one process at a time on a job.

Snakemake's own lock remains when it is killed and must then be removed by hand; these are the kernel's and end with
their process, whatever ends it. A process whose Snakemake was killed keeps running and keeps its job.
"""

import errno
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from experiment_grid.runtime.errors import UserError, cannot_write

WITHOUT_LOCKS = {errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK}  # some network file systems, as they are mounted

NO_FILE = {errno.ELOOP, errno.EISDIR, errno.ENXIO}  # a link, a folder, a socket


def hold(results: Path | str) -> BaseFileLock:
    """Take the folder's lock and return it; it is held until its `release`, or until the process ends.

    Raises UserError when another run holds it, or the folder can't be written.
    """
    path = Path(results) / ".lock"
    lock = _lock(path)
    if not _taken(lock):
        raise UserError(
            f"{results}: another run ({_holder(path)}) is working in this folder; wait for it, or give this one a "
            "folder of its own (pathvars: {results: …})"
        )
    return lock


@contextmanager
def job(results: Path | str, stage: str, cell: str | None) -> Iterator[bool]:
    """Lock a job while the block runs; yields whether it waited for another process.

    Raises UserError when the folder can't be written.
    """
    path = Path(results) / ".locks" / (f"{stage}/{cell}" if cell else stage)
    lock = _lock(path)
    free = _taken(lock)
    if not free:
        name = f"{stage} {cell}" if cell else stage
        print(f"{name}: {_holder(path)} of an earlier run is still running; waiting", file=sys.stderr, flush=True)
        _taken(lock, wait=True)
    try:
        yield not free
    finally:
        lock.release()


@contextmanager
def unused(results: Path | str, cells: Iterable[str] | None = None) -> Iterator[None]:
    """While the block runs, no job is at work in the folder, or none on `cells`; raises UserError where one is.

    For commands that remove results. Lock files stay: a process that waits for a removed one would lock it while
    another locks a new one.
    """
    folder = Path(results) / ".locks"
    paths = sorted(path for path in folder.rglob("*") if not path.is_dir())
    with ExitStack() as held:
        for path in paths:
            if cells is None or {*path.relative_to(folder).parts[1:]} & {*cells}:
                lock = _lock(path)
                if not _taken(lock):
                    name = " ".join(path.relative_to(folder).parts)
                    raise UserError(
                        f"{results}: {_holder(path)} is still running {name}; nothing removed: wait for it, or stop it"
                    )
                held.callback(lock.release)
        yield


def _lock(path: Path) -> BaseFileLock:
    """The lock of a file, which then has the number of the process that holds it."""
    return FileLock(path, fallback_to_soft=False, thread_local=False, on_acquired=_sign)


def _sign(file: int) -> None:
    try:
        os.ftruncate(file, 0)
        os.write(file, b"%d" % os.getpid())
    except OSError:  # a full disk: the lock still holds
        pass


def _taken(lock: BaseFileLock, *, wait: bool = False) -> bool:
    """Whether the lock is held now; on a file system without locks, True.

    What is not a file of its own is refused: its content would be lost.
    """
    path = Path(lock.lock_file)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        lock.acquire(blocking=wait)
    except Timeout:
        return False
    except OSError as error:
        if error.errno in NO_FILE:
            problem = "is not an ordinary file, as a lock must be; remove it, and run the same command again"
            raise UserError(f"{path}: {problem}") from None
        if error.errno not in WITHOUT_LOCKS:
            raise cannot_write(path, error) from None
        print(f"{path}: no locks on this file system; make sure that only one run uses this folder", file=sys.stderr)
    return True


def _holder(path: Path) -> str:
    process = path.read_text("ascii", errors="replace")[:20]
    return f"process {process}" if process.isdigit() else "another process"
