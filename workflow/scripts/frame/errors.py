"""The user's mistakes, as opposed to the program's."""

import os
from pathlib import Path


class UserError(Exception):
    """Something the user can put right. Its message goes out as it is, without a traceback:

    each line names the place, the problem, what was given and what is allowed.
    """


def cannot_write(path: Path | str, error: OSError) -> UserError:
    """What to tell when the disk refuses: full, read-only, no rights."""
    return UserError(
        f"{path}: cannot be written ({os.strerror(error.errno)}); make room or rights there, or move the results: "
        "pathvars: {results: …}"
    )


def one_line(text: str, limit: int = 80) -> str:
    """A stranger's text for a terminal: at most `limit` characters, and what is not printable escaped."""
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[: limit + 1])
    return text if len(text) <= limit else text[: limit - 3] + "..."
