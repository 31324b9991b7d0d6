"""Signatures of classes and functions, read from their sources: nothing is imported, and no code of the user's runs.

What was found is kept beside the fingerprints, with size and time of every file that was read for it.
"""

import ast
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from experiment_grid.runtime.files import write_json
from experiment_grid.source_code.constructor_limits import Guard, guards
from experiment_grid.source_code.definitions import UNREADABLE, Module, NotThereError, Reader, Thing

CACHE = Path(".snakemake/signatures.json")
FOUND: set[str] = set()  # targets that are not in it yet


class Parameter(NamedTuple):
    """A parameter that can be given by name. `default` is one of JSON's values; where there is another, it is not
    `required`, and `literal` is false."""

    name: str
    annotation: str
    required: bool
    literal: bool
    default: Any


@dataclass(frozen=True)
class Signature:
    """What a class or function takes, without `self`, and what it refuses. `open`: it has **kwargs."""

    is_class: bool
    parameters: tuple[Parameter, ...]
    open: bool = False
    guards: tuple[Guard, ...] = ()


@dataclass(frozen=True)
class Target:
    """What a target resolves to: `where` it is defined, the shortest name that resolves to it too, its signature where
    that can be read, and the packages that the target passes through."""

    where: str
    shortest: str
    signature: Signature | None
    packages: tuple[str, ...] = ()


def of_name(target: str) -> Target:
    """What a dotted name resolves to. Raises NotThereError."""
    return _known(target, lambda reader: _found(reader, reader.find(target, None), target))


def of_file(file: Path, name: str) -> Target:
    """What a name in a Python file resolves to. Raises NotThereError; SyntaxError where a file is not valid Python."""
    target = f"{file}:{name}"
    module = Module(file.stem, file, file.parent)

    def find(reader: Reader) -> Target:
        if name in reader.index(module).twice:
            raise NotThereError("is defined twice in this file")
        _refuse_relative(file)
        return _found(reader, reader.inside(module, name), target)

    return _known(target, find)


def annotation(target: str, name: str) -> str:
    """The annotation of one parameter of a class of this project."""
    return next(one.annotation for one in _ours(target) if one.name == name)


@cache
def _ours(target: str) -> tuple[Parameter, ...]:
    reader = Reader()
    thing = reader.find(target, None)
    signature = _read(reader, thing) if isinstance(thing, Thing) else None
    assert signature, f"{target} is not of this project"
    return signature.parameters


def _refuse_relative(file: Path) -> None:
    """Raise NotThereError for `from .helper import x`: a file that a config names is in no package."""
    for node in ast.parse(file.read_bytes()).body:  # below `try` there may be another way
        if isinstance(node, ast.ImportFrom) and node.level:
            said = f"from {'.' * node.level}{node.module or ''} import"
            place = f"from {node.module} import …" if node.module else f"import {node.names[0].name}"
            raise NotThereError(f"is in a file with a relative import, `{said} …` in line {node.lineno}: use `{place}`")


def _known(target: str, find: Callable[[Reader], Target]) -> Target:
    known = cached()
    kept = known.get(target)
    if kept is None or any(_stamp(Path(file)) != stamp for file, stamp in kept["files"].items()):
        reader = Reader()
        found = find(reader)
        kept = known[target] = {"files": {str(file): _stamp(file) for file in reader.read}, "found": asdict(found)}
        FOUND.add(target)
    where, shortest, signature = (kept["found"][name] for name in ("where", "shortest", "signature"))
    if signature:
        parameters = tuple(Parameter(*parameter) for parameter in signature["parameters"])
        guards = tuple(Guard(*guard) for guard in signature["guards"])
        signature = Signature(signature["is_class"], parameters, signature["open"], guards)
    return Target(where, shortest, signature, tuple(kept["found"]["packages"]))


def _found(reader: Reader, thing: Any, target: str) -> Target:
    if isinstance(thing, Module):
        raise NotThereError("is a module, no class or function", reader.public(thing))
    passed = tuple(reader.passed)
    if thing == UNREADABLE:
        return Target(target, target, None, passed)
    where = f"{thing.module.name}.{thing.node.name}" if not thing.module.root else target
    if not thing.module.root:
        passed += (thing.module.name.partition(".")[0],)
    return Target(where, _shortest(reader, thing, where, target), _read(reader, thing), passed)


def _shortest(reader: Reader, thing: Thing, where: str, target: str) -> str:
    """Of the packages around a definition, the outermost that exports it: torch.optim.SGD for torch.optim.sgd.SGD. In a
    file the name of the definition itself, where `Other = LeNet` is all that is done with either name."""
    file, colon, name = target.rpartition(":")
    if colon:
        alias = thing.module.file == Path(file) and not {name, thing.node.name} & reader.index(thing.module).rebound
        return f"{file}:{thing.node.name}" if alias else target
    parts = where.split(".")
    if thing.module.root or parts[0] != target.split(".")[0]:
        return target
    for end in range(1, len(parts) - 1):
        module = reader.module(".".join(parts[:end]), None)
        with suppress(NotThereError):
            if module and reader.inside(module, parts[-1]) == thing:
                return ".".join([*parts[:end], parts[-1]])
    return where


@cache
def cached() -> dict[str, Any]:
    """What earlier runs found, and this one: by target."""
    try:
        kept = json.loads(CACHE.read_text("utf-8"))
        known: dict[str, Any] = kept["known"] if kept["by"] == _by() else {}
        return known
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def keep() -> None:
    """Keep what was found for the next run; without a place to keep it, it is found again."""
    if FOUND:
        with suppress(OSError):
            write_json(CACHE, {"by": _by(), "known": cached()}, flush=False)
        FOUND.clear()


def _by() -> str:
    """This module's content and that of those that read for it."""
    names = ("signatures", "definitions", "top_level", "constructor_limits")
    files = (Path(__file__).with_name(f"{name}.py") for name in names)
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def _stamp(file: Path) -> list[int] | None:
    try:
        stat = file.stat()
    except OSError:
        return None
    return [stat.st_size, stat.st_mtime_ns]


def _read(reader: Reader, thing: Thing) -> Signature | None:
    """The signature of a definition; None where it can't be read from the sources."""
    if not isinstance(thing.node, ast.ClassDef):
        return _signature(reader, thing, tuple(_guards(reader, thing)), is_class=False)
    made = reader.constructor(thing)
    if made is None:
        return Signature(True, ())
    if isinstance(made, str):
        return None
    return _signature(reader, made, tuple(_guards(reader, made, thing)), is_class=True)


def _guards(reader: Reader, function: Thing, owner: Thing | None = None) -> Iterator[Guard]:
    """The guards of a function, or of the constructor of the class `owner`: of its bases too, where it hands them an
    argument on under the same name."""

    def inherited(call: ast.Call) -> Iterator[Guard]:
        base = reader.inherited(owner) if owner and function.node in owner.node.body else None
        if not isinstance(base, Thing) or isinstance(base.node, ast.ClassDef):
            return
        names = [argument.arg for argument in base.node.args.args[1:]]
        pairs = [*zip(names, call.args, strict=False), *((one.arg, one.value) for one in call.keywords)]
        same = {name for name, value in pairs if isinstance(value, ast.Name) and value.id == name}
        yield from (guard for guard in _guards(reader, base) if {*guard.names} <= same)

    assert not isinstance(function.node, ast.ClassDef)
    return guards(function.node, inherited)


def _signature(reader: Reader, function: Thing, guards: tuple[Guard, ...], *, is_class: bool) -> Signature:
    assert not isinstance(function.node, ast.ClassDef)
    arguments = function.node.args
    ordinary = [*arguments.posonlyargs, *arguments.args]
    pairs: list[tuple[ast.arg, ast.expr | None]] = []
    first_default = len(ordinary) - len(arguments.defaults)
    for number, argument in enumerate(ordinary):
        default = arguments.defaults[number - first_default] if number >= first_default else None
        if default is None or argument not in arguments.posonlyargs:  # else it can't be given by its name
            pairs.append((argument, default))
    pairs += zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    parameters = tuple(
        _parameter(argument.arg, reader.annotation(function.module, argument.annotation), default)
        for argument, default in (pairs[1:] if is_class else pairs)
    )
    return Signature(is_class, parameters, arguments.kwarg is not None, guards)


def _parameter(name: str, annotation: str, default: ast.expr | None) -> Parameter:
    literal, value = False, None
    if default is not None:
        with suppress(ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            value = json.loads(json.dumps(ast.literal_eval(default), allow_nan=False))
            literal = True
    return Parameter(name, annotation, default is None, literal, value)
