"""Whether the code that a job imports is that of its recipe, whose fingerprints were taken when the run was planned."""

import sys
import time
from collections.abc import Mapping
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from experiment_grid.planning import fingerprint
from experiment_grid.runtime.errors import UserError
from experiment_grid.runtime.records import age

PREAMBLE_END = b"######## snakemake preamble end #########\n"  # in the copy of a script that Snakemake runs


def hold_to_recipe(stage: str, code: Mapping[str, str]) -> None:
    """Raise UserError where a module of `code`, by its dotted name, was imported in another state than the recipe has;
    from now on also when one is imported. An edit after the import is no matter.
    """
    script = Path(sys.argv[0])
    if script.name.endswith(f".{stage}.py") and PREAMBLE_END in (content := script.read_bytes()):
        _compare(stage, f"{stage}.py", content.partition(PREAMBLE_END)[2], code)
    now = time.time()
    born = now - age()
    for name in code:
        file = getattr(sys.modules.get(name), "__file__", None)
        if file and Path(file).is_file():
            _compare_file(name, Path(file), code)
            if born <= Path(file).stat().st_ctime <= now:  # perhaps edited before its import, and put back after it
                raise _changed(file, "was written while this job started")
    sys.meta_path.insert(0, _Gate(code))


class _Gate:
    """A finder of modules that finds none, and refuses those that are not as the recipe says."""

    def __init__(self, code: Mapping[str, str]):
        self._code = code

    def find_spec(self, name: str, path=None, target=None) -> ModuleSpec | None:
        if name in self._code:
            spec = PathFinder.find_spec(name, path)
            if spec and spec.origin:
                _compare_file(name, Path(spec.origin), self._code)
        return None


def _compare_file(name: str, file: Path, code: Mapping[str, str]) -> None:
    _compare(name, str(file), file.read_bytes(), code, is_package=file.name == "__init__.py")


def _compare(name: str, file: str, content: bytes, code: Mapping[str, str], *, is_package: bool = False) -> None:
    try:
        meaning, _ = fingerprint.describe(content, name, is_package=is_package)
    except SyntaxError:
        meaning = None
    if meaning != code.get(name, meaning):
        raise _changed(file, "changed since the run was planned")


def _changed(file: str, how: str) -> UserError:
    return UserError(f"{file}: {how}; the same command makes this again, from the code as it then is")
