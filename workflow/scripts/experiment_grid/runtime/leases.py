"""A GPU for each job: on a machine with several, no two jobs train on the same one."""

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from experiment_grid.runtime.errors import UserError

# Of this machine and user, whatever results folder a run has: it is the machine's devices that are leased.
LEASES = Path(tempfile.gettempdir()) / f"experiment-grid-gpus-{os.getuid()}"
POLL = 0.2  # seconds between two looks for a free device


@contextmanager
def lease(names: Sequence[str], folder: Path) -> Iterator[int]:
    """The index of a device that no other process has leased; waits until there is one.

    A lease is a lock on a file named after the device. The kernel ends it with the process, whatever kills that.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (
        folder.is_symlink() or folder.stat().st_uid != os.getuid()
    ):  # its owner could put links to the user's files there
        raise UserError(f"{folder}: belongs to another user; set TMPDIR to a folder of your own")
    waiting = False
    while True:
        for index, name in enumerate(names):
            lock = FileLock(folder / f"{name}.lock", blocking=False)
            try:
                lock.acquire()
            except Timeout:
                continue
            try:
                yield index
            finally:
                lock.release()
            return
        if not waiting:
            print(f"waiting: all of {len(names)} devices are in use")
            waiting = True
        time.sleep(POLL)
