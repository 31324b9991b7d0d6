"""Whether the code that a job imports is that of its recipe, whose fingerprints were taken when the run was planned."""

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from experiment_grid.planning import fingerprint
from experiment_grid.runtime.errors import UserError
from experiment_grid.runtime.records import age

PREAMBLE_END = b"######## snakemake preamble end #########\n"  # in the copy of a script that Snakemake runs


def hold_to_recipe(stage: str, code: Mapping[str, str], scripts: Path = fingerprint.SCRIPTS) -> None:
    """Raise UserError where a file of `code` was imported in another state than the recipe has; from now on also in the
    moment in which one is imported. An edit after the import is no matter.

    `code` has modules by their dotted names, below `scripts`, and files of the user's by their paths.
    """
    script = Path(sys.argv[0])
    if script.name.endswith(f".{stage}.py") and PREAMBLE_END in (content := script.read_bytes()):
        _compare(stage, f"{stage}.py", content.partition(PREAMBLE_END)[2], code)
    lived = age()
    born, now = time.time() - lived, time.time()
    sources = {name: Path(name) if name.endswith(".py") else fingerprint.source(name, scripts) for name in code}
    files = {os.path.realpath(file): name for name, file in sources.items() if file}
    for file, name in files.items():
        if name in sys.modules:
            _compare_file(name, file, code)
            if born <= Path(file).stat().st_ctime <= now:  # perhaps edited before its import, and put back after it
                raise _changed(file, "was written while this job started")

    def at_import(event: str, arguments: tuple) -> None:
        if event == "exec" and getattr(arguments[0], "co_name", None) == "<module>":
            file = os.path.realpath(arguments[0].co_filename)
            if file in files:
                _compare_file(files[file], file, code)

    sys.addaudithook(at_import)  # Python tells it of every module's code that is about to run, however it was found


def _compare_file(name: str, file: str, code: Mapping[str, str]) -> None:
    path = Path(file)
    _compare(name, file, path.read_bytes(), code, is_package=path.name == "__init__.py")


def _compare(name: str, file: str, content: bytes, code: Mapping[str, str], *, is_package: bool = False) -> None:
    try:
        meaning, _ = fingerprint.describe(content, name, is_package=is_package)
    except SyntaxError:
        meaning = None
    if meaning != code.get(name, meaning):
        raise _changed(file, "changed since the run was planned")


def _changed(file: str, how: str) -> UserError:
    return UserError(f"{file}: {how}; the same command makes this again, from the code as it then is")
