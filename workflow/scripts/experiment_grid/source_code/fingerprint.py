"""A checksum of the code of a stage, unchanged by comments, docstrings and layout.

Read by the recipes, so that a stage runs again exactly when the code that makes its result has changed.
"""

import ast
import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from experiment_grid.runtime.errors import UserError
from experiment_grid.runtime.files import digest, write_json
from experiment_grid.source_code.definitions import places
from experiment_grid.training.optimizers import module_of

SCRIPTS = Path(__file__).resolve().parents[2]  # workflow/scripts, where the stages' imports start

CACHE = Path(".snakemake/fingerprints.json")  # beside the engine's own notes, in the working directory

DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)

# The package around every job: how it is locked, logged and recorded is not part of its result.
RUNTIME = "experiment_grid.runtime"
PROJECT = "experiment_grid."


def fingerprint(script: str, scripts: Path = SCRIPTS) -> dict[str, str]:
    """Fingerprints of a stage's script and of the project modules that it imports, directly or not.

    `script` is the module name of the stage's script, for example "train", or of any module of the project. Returns
    module name → checksum of its syntax tree. Imports inside of functions count like those at the top. Files that the
    modules read as resources (templates, styles) are in no syntax tree: see `folder_fingerprint`.
    """
    found: dict[str, str] = {}
    waiting = [*_prefixes(script)]
    while waiting:
        name = waiting.pop()
        path = source(name, scripts)
        if name in found or f"{name}.".startswith(f"{RUNTIME}.") or path is None:
            continue
        found[name], imported = _read(path, name)
        waiting += imported
    return dict(sorted(found.items()))


def file_fingerprint(path: str) -> dict[str, str]:
    """Fingerprints of a user's file and of all that it imports from its own folder, by their paths; of what it imports
    of the project, by module name. Raises UserError where one of them is not valid Python."""
    folder = Path(path).parent
    found: dict[str, str] = {}
    waiting = [Path(path).stem]
    while waiting:
        name = waiting.pop()
        file = _find(name, folder)
        if file is None:
            found |= {} if name in found else fingerprint(name) if name.startswith(PROJECT) else {}
            continue
        if file.as_posix() not in found:
            try:
                meaning, imported = describe(file.read_bytes(), name, is_package=file.name == "__init__.py")
            except (SyntaxError, ValueError, RecursionError) as error:
                line = f":{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
                raise UserError(f"{file}{line}: is not valid Python: {getattr(error, 'msg', error)}") from None
            found[file.as_posix()] = meaning
            waiting += imported
    return dict(sorted(found.items()))


def target_fingerprint(kind: str, target: str) -> dict[str, str]:
    """Fingerprints of the code that a component's target resolves to, as far as it is the project's or the user's."""
    path, is_file, _ = target.partition(":")
    if is_file:
        return file_fingerprint(path)
    stand_in = module_of(target) if kind == "optimizer" else None
    module = stand_in or target.rpartition(".")[0]
    return fingerprint(module) if module.startswith(PROJECT) and source(module) else {}


def folder_fingerprint(folder: Path, suffixes: tuple[str, ...]) -> dict[str, str]:
    """Checksums of the contents of a folder's files with these suffixes, by relative path."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in suffixes)
    return {path.relative_to(folder).as_posix(): checksum(path.read_bytes()) for path in files}


@cache
def version(package: str) -> str:
    """The version of an installed package, without an import; of one without a version, a checksum of its sources."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        names = metadata.packages_distributions().get(package)
        if names:
            return metadata.version(names[0])
    found = [folder_fingerprint(place, (".py",)) if place.is_dir() else digest(place) for place in places(package)]
    return checksum(json.dumps(found).encode())


@cache
def _read(path: Path, name: str) -> tuple[str, list[str]]:
    """Checksum of a module's meaning, and the dotted names that it imports."""
    return describe(path.read_bytes(), name, is_package=path.name == "__init__.py")


def describe(content: bytes, name: str, *, is_package: bool = False) -> tuple[str, list[str]]:
    """Checksum of the meaning of a module's source, and the dotted names that it imports."""
    key = checksum(f"{name} {is_package} ".encode() + content)
    known = _known()
    if key not in known:
        package = name if is_package else name.rpartition(".")[0]
        imported: set[str] = set()
        meaning = _meaning(ast.parse(content), package, imported)
        known[key] = checksum(repr(meaning).encode()), sorted(imported)
    found, names = known[key]
    return found, names


@cache
def _known() -> dict[str, tuple[str, list[str]]]:
    """What `_read` found in earlier runs, by the content that it read: parsing takes longer than all else here."""
    try:
        kept = json.loads(CACHE.read_text("utf-8"))
        return kept["known"] if kept["by"] == _by() else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _by() -> str:
    """This module's own content: another way to fingerprint knows nothing of what this one found."""
    return checksum(Path(__file__).read_bytes())


def keep() -> None:
    """Keep the fingerprints for the next run; without a place to keep them, they are computed again."""
    with suppress(OSError):
        write_json(CACHE, {"by": _by(), "known": _known()}, flush=False)


def _meaning(node: Any, package: str, imported: set[str]) -> Any:
    """A syntax tree as nested tuples, without docstrings and without what is empty (which fields there are differs
    between Python versions). Adds to `imported` the names that the tree imports."""
    if isinstance(node, list):
        return tuple(_meaning(item, package, imported) for item in node)
    if not isinstance(node, ast.AST):
        return node
    if isinstance(node, ast.Import | ast.ImportFrom):
        imported.update(_imports(node, package))
    parts: list[Any] = [type(node).__name__]
    for name in node._fields:
        value: Any = getattr(node, name, None)
        if name == "body" and isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            value = value[1:]
        if value is not None and value != []:
            parts.append((name, _meaning(value, package, imported)))
    return tuple(parts)


def _imports(node: ast.Import | ast.ImportFrom, package: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    else:
        base = node.module or ""
        if node.level:
            parents = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join(filter(None, [*parents, base]))
        names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
    for dotted in names:
        yield from _prefixes(dotted)


def _prefixes(dotted: str) -> Iterator[str]:
    parts = dotted.split(".")
    yield from (".".join(parts[:end]) for end in range(1, len(parts) + 1))


@cache
def source(name: str, scripts: Path = SCRIPTS) -> Path | None:
    """The file of a project module, or None for anything else (a library, a function's name)."""
    return _find(name, scripts)


def _find(name: str, scripts: Path) -> Path | None:
    path = scripts.joinpath(*name.split("."))
    for candidate in (path / "__init__.py", path.with_name(path.name + ".py")):
        if candidate.is_file():
            return candidate
    return None


def checksum(content: bytes) -> str:
    """Of a file's content, short."""
    return hashlib.sha256(content).hexdigest()[:16]
