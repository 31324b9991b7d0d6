"""Errors that the user can correct, and how messages write what is not the program's own text."""

import errno
import os
from collections.abc import Sequence
from pathlib import Path

IN_THE_WAY = {errno.ENOTDIR, errno.EEXIST}  # what the system says of a file in a folder's place


class UserError(Exception):
    """An error that the user can correct. The message is shown without a traceback; each line of it names the place,
    the problem, what was given and what is allowed.
    """


def cannot_write(path: Path | str, error: OSError) -> UserError:
    """The message for a failed write: disk full, read-only, no permission, or a file in place of a folder."""
    if error.errno in IN_THE_WAY:
        for place in (Path(path), *Path(path).parents):
            if place.is_symlink() and not place.exists():
                wrong = f"is a link to {place.readlink()}, which is not there (not mounted?)"
                return UserError(f"{place}: {wrong}; a folder is needed; then run the same command again")
            if place.exists() and not place.is_dir():
                return UserError(
                    f"{place}: is a file, a folder is needed; move it away, and run the same command again"
                )
    reason = os.strerror(error.errno) if error.errno else str(error)
    return UserError(
        f"{path}: cannot be written ({reason}); free some space or fix the permissions, or move the results: "
        "pathvars: {results: …}"
    )


def some(names: Sequence[object], most: int = 3) -> str:
    """The first of these names in a message, and how many more there are: `a, b, c and 4 more`."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(str, names[:most])) + more


def printable(text: str) -> str:
    """A text with what is not printable escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def one_line(text: str, limit: int = 80) -> str:
    """Foreign text for a terminal: at most `limit` characters, and what is not printable escaped."""
    text = printable(text[: limit + 1])
    return text if len(text) <= limit else text[: limit - 3] + "..."
