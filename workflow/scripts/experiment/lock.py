"""One run at a time in a results folder.

Snakemake's own lock stays behind when it is killed and must then be taken away by hand; this one is the kernel's
and ends with the process, whatever ends it.
"""

from pathlib import Path

from filelock import FileLock, Timeout

from experiment.errors import UserError


def hold(results: Path | str) -> FileLock:
    """Take the folder's lock and return it; it is held as long as the process lives or until it is released.

    Raises UserError when another run holds it.
    """
    path = Path(results) / ".lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(
            f"{results}: another run is working in this folder; wait for it, or give this one a folder of its own "
            "(pathvars: {results: …})"
        ) from None
    return lock
