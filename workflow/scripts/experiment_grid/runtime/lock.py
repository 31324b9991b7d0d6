"""One run at a time in a results folder, one process at a time on a job.

Snakemake's own lock stays behind when it is killed and must then be taken away by hand; these are the kernel's and
end with their process, whatever ends it. A process whose Snakemake was killed works on, and still has its job.
"""

import errno
import fcntl
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO

from experiment_grid.runtime.errors import UserError, cannot_write

WITHOUT_LOCKS = {errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK}  # some network file systems, as they are mounted

NO_FILE = {errno.ELOOP, errno.EISDIR, errno.ENXIO}  # a link, a folder, a socket


def hold(results: Path | str) -> TextIO:
    """Take the folder's lock and return its file; it is held until that is closed or the process ends.

    Raises UserError when another run holds it, or the folder can't be written.
    """
    file = _opened(Path(results) / ".lock")
    if not _taken(file):
        raise UserError(
            f"{results}: another run ({_holder(file)}) is working in this folder; wait for it, or give this one a "
            "folder of its own (pathvars: {results: …})"
        )
    return file


@contextmanager
def job(results: Path | str, stage: str, cell: str | None) -> Iterator[bool]:
    """Have a job to oneself while the block runs; yields whether another process had to be waited for.

    Raises UserError when the folder can't be written.
    """
    path = Path(results) / ".locks" / (f"{stage}/{cell}" if cell else stage)
    with _opened(path) as file:
        free = _taken(file)
        if not free:
            name = f"{stage} {cell}" if cell else stage
            print(f"{name}: {_holder(file)} of an earlier run is still running; waiting", file=sys.stderr, flush=True)
            _taken(file, wait=True)
        yield not free


@contextmanager
def unused(results: Path | str, cells: Iterable[str] | None = None) -> Iterator[None]:
    """While the block runs, no job is at work in the folder, or none on `cells`; raises UserError where one is.

    For whoever removes results. Lock files stay: a process that waits for one would have it, and another a new one.
    """
    folder = Path(results) / ".locks"
    paths = sorted(path for path in folder.rglob("*") if not path.is_dir())
    with ExitStack() as held:
        for path in paths:
            if cells is None or {*path.relative_to(folder).parts[1:]} & {*cells}:
                file = held.enter_context(_opened(path))
                if not _taken(file):
                    name = " ".join(path.relative_to(folder).parts)
                    raise UserError(
                        f"{results}: {_holder(file)} is still at {name}; nothing removed: wait for its end, or end it"
                    )
        yield


def _opened(path: Path) -> TextIO:
    """The lock file, made if need be; what is no file of its own is refused, as its content would be lost."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
    except OSError as error:
        if error.errno in NO_FILE:
            raise _no_file(path) from None
        raise cannot_write(path, error) from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise _no_file(path)
    return os.fdopen(handle, "r+", encoding="ascii", errors="replace")


def _no_file(path: Path) -> UserError:
    return UserError(f"{path}: is no ordinary file, as a lock must be; remove it, and the same command goes on")


def _taken(file: TextIO, *, wait: bool = False) -> bool:
    """Whether the lock is had now. Its file then tells by whom; where there are no locks, one goes without."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in WITHOUT_LOCKS:
            raise
        print(f"{file.name}: no locks on this file system; see to it that only one run works here", file=sys.stderr)
        return True
    try:
        os.ftruncate(file.fileno(), 0)
        os.write(file.fileno(), b"%d" % os.getpid())
    except OSError:  # a full disk: the lock is had all the same
        pass
    return True


def _holder(file: TextIO) -> str:
    file.seek(0)
    process = file.read(20)
    return f"process {process}" if process.isdigit() else "another process"
