"""Check that the code that a job imports matches its recipe, whose fingerprints were taken during planning."""

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiment_grid.runtime.errors import UserError
from experiment_grid.runtime.files import digest
from experiment_grid.runtime.records import AGAIN, READ, age
from experiment_grid.source_code import fingerprint

PREAMBLE_END = b"######## snakemake preamble end #########\n"  # in the copy of a script that Snakemake runs


def check_against_recipe(
    stage: str, code: Mapping[str, str], scripts: Path = fingerprint.SCRIPTS, results: Path = Path("results")
) -> None:
    """Raise UserError where a file of `code` was imported in another state than the recipe has; from now on also in the
    moment in which one is imported or opened. An edit after that does not matter.

    `code` has modules by their dotted names, below `scripts`; files of the user's by their paths; files that a stage
    reads beside its code (templates, styles) by their paths below `scripts`. Where user's code is among it, what else
    that imports or opens in the working directory is added to `records.READ`.
    """
    script = Path(sys.argv[0])
    if script.name.endswith(f".{stage}.py") and PREAMBLE_END in (content := script.read_bytes()):
        _compare(stage, f"{stage}.py", content.partition(PREAMBLE_END)[2], code)
    now = time.time()
    started = now - age()
    files = {os.path.realpath(path): name for name in code if (path := _file(name, scripts))}
    for file, name in files.items():
        if name in sys.modules:
            _compare_file(name, file, code)
            if started <= Path(file).stat().st_ctime <= now:  # perhaps edited before its import, and put back after it
                raise _changed(file, "was written while this job started")
    looking: list[str] = []  # at a file: opening it is not using it
    users = _Users(scripts, results, Path(sys.prefix)) if any(name.endswith(".py") for name in code) else None

    def at_use(event: str, arguments: tuple[Any, ...]) -> None:
        if looking or event not in ("exec", "open"):
            return
        compiled = arguments[0] if event == "exec" else None
        used = getattr(compiled, "co_filename", None) if event == "exec" else arguments[0]
        if not isinstance(used, str | bytes) or getattr(compiled, "co_name", "<module>") != "<module>":
            return
        file = os.path.realpath(os.fsdecode(used))
        name = files.get(file)
        if name is None and users is not None:
            looking.append(file)
            try:
                users.used(Path(file), reads=event == "exec" or not arguments[2] & (os.O_WRONLY | os.O_RDWR))
            finally:
                looking.pop()
        if name and (event == "exec") == _is_python(name):
            looking.append(name)
            try:
                _compare_file(name, file, code)
                if compiled and compile(Path(file).read_bytes(), used, "exec", dont_inherit=True) != compiled:
                    raise _changed(file, "has a compiled form of other code in __pycache__: delete that")
            finally:
                looking.pop()

    sys.addaudithook(at_use)  # Python reports the code of every module that is about to run, however it was found


class _Users:
    """The user's files in the working directory: neither hidden, nor in one of `others`, nor written by this job."""

    def __init__(self, *others: Path):
        self._here = Path.cwd().resolve()
        self._others = [other.resolve() for other in others]
        self._written: set[Path] = set()

    def used(self, file: Path, *, reads: bool) -> None:
        """Record a file that is about to be opened. Raises UserError if its content differs from its first use."""
        if not file.is_relative_to(self._here) or any(file.is_relative_to(other) for other in self._others):
            return
        name = file.relative_to(self._here)
        if not reads:
            self._written.add(file)
            READ.pop(name.as_posix(), None)
        hidden = any(part.startswith(".") or part == "__pycache__" for part in name.parts)
        if hidden or file in self._written or not file.is_file():
            return
        content = digest(file)
        if READ.setdefault(name.as_posix(), content) != content:
            raise _changed(str(file), "changed while this job was using it")


def _file(name: str, scripts: Path) -> Path | None:
    if not _is_python(name):
        return scripts / name
    return Path(name) if name.endswith(".py") else fingerprint.source(name, scripts)


def _is_python(name: str) -> bool:
    return name.endswith(".py") or "/" not in name


def _compare_file(name: str, file: str, code: Mapping[str, str]) -> None:
    content = Path(file).read_bytes()
    if _is_python(name):
        _compare(name, file, content, code, is_package=Path(file).name == "__init__.py")
    elif fingerprint.checksum(content) != code[name]:
        raise _changed(file, "changed since the run was planned")


def _compare(name: str, file: str, content: bytes, code: Mapping[str, str], *, is_package: bool = False) -> None:
    try:
        meaning, _ = fingerprint.describe(content, name, is_package=is_package)
    except SyntaxError:
        meaning = None
    if meaning != code.get(name, meaning):
        raise _changed(file, "changed since the run was planned")


def _changed(file: str, how: str) -> UserError:
    return UserError(f"{file}: {how}; {AGAIN}, from the code as it then is")
