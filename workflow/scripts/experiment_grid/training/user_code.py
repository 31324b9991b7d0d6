"""An exception in a user's code in one line: type, message, and the lines of the user's own files in the traceback."""

import sys
import traceback
from pathlib import Path

from experiment_grid.runtime.errors import one_line

PROGRAM = Path(__file__).resolve().parents[2]  # workflow/scripts
OUT_OF_MEMORY = (
    "can't allocate memory",
    "not enough memory",
    "cannot allocate memory",
)  # a RuntimeError's words on a CPU


def failure(error: BaseException) -> str:
    """`ValueError: too deep (models/lenet.py:31 in forward)`, or that the memory is too small."""
    if out_of_memory(error):
        return "out of memory; a smaller batch_size or a smaller model takes less" + _place(error)
    message = one_line(" ".join(str(error).split()), 300)
    if isinstance(error, SystemExit):
        return f"calls sys.exit({message})" + _place(error)
    return type(error).__name__ + (f": {message}" if message else "") + _place(error)


def out_of_memory(error: BaseException) -> bool:
    """Whether the memory of the machine or of the GPU did not suffice."""
    torch = sys.modules.get("torch")  # not imported by a stage that computes nothing
    if isinstance(error, MemoryError) or (torch and isinstance(error, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in OUT_OF_MEMORY)


def _place(error: BaseException) -> str:
    """The user's own lines of the traceback, from the outside in; those of a recursion once."""
    lines = [
        f"{path}:{line.lineno} in {line.name}"
        for line in traceback.extract_tb(error.__traceback__)
        if (path := _own(line.filename))
    ]
    if isinstance(error, SyntaxError) and error.filename and (path := _own(error.filename)):
        lines.append(f"{path}:{error.lineno}")
    return f" ({', '.join(dict.fromkeys(lines))})" if lines else ""


def _own(filename: str) -> str | None:
    """A file's path in the working directory; None for a file of this program, of Python, of a library."""
    file, here = Path(filename).resolve(), Path.cwd()
    program = file.is_relative_to(PROGRAM) or file == Path(sys.argv[0]).resolve()
    if program or not file.is_relative_to(here) or not file.is_file():  # Python calls some files "<frozen …>"
        return None
    relative = file.relative_to(here)
    libraries = {"site-packages", ".snakemake"} & {*relative.parts} or file.is_relative_to(Path(sys.prefix).resolve())
    return None if libraries else relative.as_posix()
