"""Empty files instead of plan files, in the system's temporary folder, for commands that write nothing. They are
removed with the process; those of a killed one by the next that makes some."""

import atexit
import os
import re
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

PREFIX = "experiment-grid-"
FOLDER = re.compile(rf"{PREFIX}(?P<process>\d+)-\w+")


def make(names: Iterable[Path], moment: int) -> Path:
    """A folder with these files in it, all of this time in nanoseconds since 1970."""
    remove_left()
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.utime(path, ns=(moment, moment))
    return folder


def remove_left() -> None:
    """Remove this user's folders of processes that are gone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        match = FOLDER.fullmatch(folder.name)
        if match and not folder.is_symlink() and not _runs(int(match["process"])):
            try:
                if folder.lstat().st_uid == os.getuid():
                    shutil.rmtree(folder, ignore_errors=True)
            except OSError:  # another process was faster
                continue


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
