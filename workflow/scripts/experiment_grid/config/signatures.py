"""Signatures of classes and functions, read from their sources: nothing is imported, and no code of the user's runs.

What a package's name leads to is followed through imports, `__all__` and base classes; 57 s with griffe, which reads all of
torch for one optimizer. What was found is kept beside the fingerprints, with size and time of every file that was read.
"""

import ast
import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any, NamedTuple

from experiment_grid.runtime.files import write_json

CACHE = Path(".snakemake/signatures.json")
MODULE = "torch.nn.Module"  # its own __init__ takes anything and refuses it: a subclass without one has no options
UNREADABLE = "unreadable"
Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


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
    """What a class or function takes, without `self`. `open`: it has **kwargs."""

    is_class: bool
    parameters: tuple[Parameter, ...]
    open: bool = False


@dataclass(frozen=True)
class Found:
    """What a target leads to: `where` it is defined, the shortest name that leads there too, and its signature where
    that can be read."""

    where: str
    shortest: str
    signature: Signature | None


class NotThereError(Exception):
    """There is nothing by this name; `names` are those that there are."""

    def __init__(self, message: str, names: Iterator[str] | list[str] = ()):
        super().__init__(message)
        self.names = list(names)


def of_name(target: str) -> Found:
    """What a dotted name leads to. Raises NotThereError."""
    return _known(target, lambda reader: _found(reader, reader.find(target, None), target))


def of_file(file: Path, name: str) -> Found:
    """What a name in a Python file leads to. Raises NotThereError; SyntaxError where a file is no Python."""
    target = f"{file}:{name}"
    module = Module(file.stem, file, file.parent)
    return _known(target, lambda reader: _found(reader, reader.inside(module, name), target))


def _known(target: str, find: Any) -> Found:
    known = _cache()
    kept = known.get(target)
    if kept is None or any(_stamp(Path(file)) != stamp for file, stamp in kept["files"].items()):
        reader = Reader()
        found = find(reader)
        kept = known[target] = {"files": {str(file): _stamp(file) for file in reader.read}, "found": asdict(found)}
        _cache.changed = True
    where, shortest, signature = kept["found"].values()
    if signature:
        parameters = tuple(Parameter(*parameter) for parameter in signature["parameters"])
        signature = Signature(signature["is_class"], parameters, signature["open"])
    return Found(where, shortest, signature)


def _found(reader: "Reader", thing: Any, target: str) -> Found:
    if isinstance(thing, Module):
        raise NotThereError("is a module, no class or function", reader.index(thing).names)
    if thing == UNREADABLE:
        return Found(target, target, None)
    where = f"{thing.module.name}.{thing.node.name}" if not thing.module.root else target
    return Found(where, _shortest(reader, thing, where, target), reader.signature(thing))


def _shortest(reader: "Reader", thing: "Thing", where: str, target: str) -> str:
    """Of the packages around a definition, the outermost that exports it: torch.optim.SGD for torch.optim.sgd.SGD."""
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
def _cache() -> dict[str, Any]:
    try:
        kept = json.loads(CACHE.read_text("utf-8"))
        return kept["known"] if kept["by"] == _by() else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def keep() -> None:
    """Keep what was found for the next run, in a project that has been run."""
    if getattr(_cache, "changed", False) and CACHE.parent.is_dir():
        with suppress(OSError):
            write_json(CACHE, {"by": _by(), "known": _cache()}, flush=False)
        _cache.changed = False


def _by() -> str:
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]


def _stamp(file: Path) -> list[int] | None:
    try:
        stat = file.stat()
    except OSError:
        return None
    return [stat.st_size, stat.st_mtime_ns]


@dataclass(frozen=True)
class Module:
    """A module's name and file; `root` is the folder that a user's file and its helpers are imported from."""

    name: str
    file: Path
    root: Path | None

    @property
    def package(self) -> str:
        return self.name if self.file.name == "__init__.py" else self.name.rpartition(".")[0]


@dataclass(frozen=True)
class Thing:
    """A definition in a module."""

    module: Module
    node: Definition


@dataclass
class Index:
    """What a module's top level says: definitions, names of other modules' things by their dotted names, all else."""

    names: dict[str, Definition | str | None] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    all: list[str] | None = None
    lazy: bool = False  # it has a __getattr__


class Reader:
    """Finds definitions; `read` are the files that it looked into."""

    def __init__(self):
        self.read: dict[Path, Index] = {}

    def find(self, dotted: str, root: Path | None, seen: frozenset = frozenset()) -> Thing | Module | str:
        """What a dotted name leads to; UNREADABLE for what no source tells. Raises NotThereError."""
        parts = dotted.split(".")
        module = self.module(parts[0], root)
        if module is None:
            raise NotThereError(f"no package {parts[0]} is installed")
        for number, part in enumerate(parts[1:], start=2):
            inner = self.module(".".join(parts[:number]), root)
            if inner and number < len(parts):
                module = inner
                continue
            thing = self.inside(module, part, seen)
            if not isinstance(thing, Module) and number < len(parts):
                return UNREADABLE  # something inside of a class
            module = thing
        return module

    def inside(self, module: Module, name: str, seen: frozenset = frozenset()) -> Thing | Module | str:
        """What a name in a module leads to. Raises NotThereError."""
        if (module.file, name) in seen:
            return UNREADABLE
        seen |= {(module.file, name)}
        index = self.index(module)
        if name in index.names:
            said = index.names[name]
            if said == f"{module.name}.{name}":  # a package that imports a part of its own
                return self.module(said, module.root) or UNREADABLE
            if said is None:
                return UNREADABLE
            if not isinstance(said, str):
                return Thing(module, said)
            try:
                return self.find(said, module.root, seen)
            except NotThereError:  # compiled, or made while it is imported
                return UNREADABLE
        blind = index.lazy
        for star in index.stars:
            other = self.module(star, module.root)
            if other is None:
                blind = True
            elif self.index(other).all is None or name in self.index(other).all:
                with suppress(NotThereError):
                    thing = self.inside(other, name, seen)
                    if thing != UNREADABLE:
                        return thing
                    blind = True
        inner = module.file.name == "__init__.py" and self.module(f"{module.name}.{name}", module.root)
        if inner or blind:
            return inner or UNREADABLE
        raise NotThereError("no such class or function", self._public(module))

    def _public(self, module: Module) -> Iterator[str]:
        index = self.index(module)
        yield from (name for name in index.names if not name.startswith("_"))
        for star in index.stars:
            other = self.module(star, module.root)
            if other and other != module:
                yield from self.index(other).all or self.index(other).names

    def module(self, dotted: str, root: Path | None) -> Module | None:
        """The module of this name, from the folder `root` or from where Python finds it; None if it has no source."""
        if root and (file := _source(root, dotted.split("."))):
            return Module(dotted, file, root)
        for place in places(dotted.split(".")[0]):
            if place.is_file():
                return Module(dotted, place, None) if "." not in dotted and place.suffix == ".py" else None
            if file := _source(place.parent, dotted.split(".")):
                return Module(dotted, file, None)
        return None

    def index(self, module: Module) -> Index:
        """What a module says at its top level. Raises SyntaxError."""
        if module.file not in self.read:
            try:
                tree = ast.parse(module.file.read_bytes(), str(module.file))
            except (ValueError, RecursionError) as error:
                raise SyntaxError(str(error)) from None
            self.read[module.file] = _index(tree, module.package)
        return self.read[module.file]

    def signature(self, thing: Thing) -> Signature | None:
        """The signature of a definition; None where it can't be read from the sources."""
        if not isinstance(thing.node, ast.ClassDef):
            return _signature(thing.node, is_class=False)
        made = self._constructor(thing, frozenset())
        if made == UNREADABLE:
            return None
        return _signature(made, is_class=True) if made else Signature(True, ())

    def _constructor(self, thing: Thing, seen: frozenset) -> ast.FunctionDef | str | None:
        """`__init__` of a class or of its bases; None where neither has one."""
        names = {_last(decorator) for decorator in thing.node.decorator_list}
        if names & {"dataclass", "define", "attrs"} or thing in seen:
            return UNREADABLE
        own = [node for node in thing.node.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"]
        own = [node for node in own if "overload" not in map(_last, node.decorator_list)]
        if own:
            return own[-1]
        for base in thing.node.bases:
            made = self._of_base(thing.module, base, seen | {thing})
            if made is not None:
                return made
        return None

    def _of_base(self, module: Module, base: ast.expr, seen: frozenset) -> ast.FunctionDef | str | None:
        name = _dotted(base.value if isinstance(base, ast.Subscript) else base)
        if name in ("object", "Generic", "Protocol", "typing.Generic", "typing.Protocol"):
            return None
        first, _, rest = (name or "").partition(".")
        said = self.index(module).names.get(first)
        if isinstance(said, str) and f"{said}.{rest}".rstrip(".") == MODULE:
            return None
        try:
            if not rest:
                thing = self.inside(module, first)
            elif isinstance(said, str):
                thing = self.find(f"{said}.{rest}", module.root)
            else:
                return UNREADABLE
        except (NotThereError, SyntaxError):
            return UNREADABLE
        is_class = isinstance(thing, Thing) and isinstance(thing.node, ast.ClassDef)
        if is_class and f"{thing.module.name}.{thing.node.name}" == "torch.nn.modules.module.Module":
            return None
        return self._constructor(thing, seen) if is_class else UNREADABLE


@cache
def places(package: str) -> list[Path]:
    """Where a package is: its folders, or the file of a module."""
    try:
        spec = PathFinder.find_spec(package)
    except (ImportError, ValueError, AttributeError):
        return []
    if spec is None:
        return []
    if spec.submodule_search_locations:
        return [Path(place) for place in spec.submodule_search_locations]
    return [Path(spec.origin)] if spec.origin and spec.has_location else []


def _source(folder: Path, parts: list[str]) -> Path | None:
    path = folder.joinpath(*parts)
    for candidate in (path / "__init__.py", path.with_name(f"{path.name}.py")):
        if candidate.is_file():
            return candidate
    return None


def _index(tree: ast.Module, package: str) -> Index:
    index = Index()
    for node in _statements(tree.body):
        if isinstance(node, Definition):
            index.names[node.name] = node
            index.lazy |= node.name == "__getattr__"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                index.names.setdefault(name, alias.name if alias.asname else name)
        elif isinstance(node, ast.ImportFrom):
            base = absolute(node, package)
            for alias in node.names:
                if alias.name == "*":
                    index.stars.append(base)
                elif not isinstance(index.names.get(alias.asname or alias.name), Definition):
                    index.names[alias.asname or alias.name] = f"{base}.{alias.name}"
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
                    _assign(index, target.id, node.value)
    return index


def _assign(index: Index, name: str, value: ast.expr) -> None:
    if name == "__all__":
        with suppress(ValueError):
            index.all = list(ast.literal_eval(value))
        return
    first, _, rest = (_dotted(value) or "").partition(".")
    other = index.names.get(first)
    if isinstance(other, str):
        other = f"{other}.{rest}".rstrip(".")
    elif rest:
        other = None
    index.names.setdefault(name, other)


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a top level, those below `if`, `try` and `with` too."""
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try | ast.With):
            for part in ("body", "handlers", "orelse", "finalbody"):
                for inner in getattr(node, part, ()):
                    yield from _statements(inner.body if isinstance(inner, ast.ExceptHandler) else [inner])


def absolute(node: ast.ImportFrom, package: str) -> str:
    """The dotted name of the module that `from … import` names, in a module of this package."""
    if not node.level:
        return node.module or ""
    parents = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join(filter(None, [*parents, node.module]))


def _dotted(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (base := _dotted(node.value)):
        return f"{base}.{node.attr}"
    return None


def _last(decorator: ast.expr) -> str:
    name = _dotted(decorator.func if isinstance(decorator, ast.Call) else decorator)
    return (name or "").rpartition(".")[2]


def _signature(node: Definition, *, is_class: bool) -> Signature:
    arguments = node.args
    ordinary = [*arguments.posonlyargs, *arguments.args]
    pairs: list[tuple[ast.arg, ast.expr | None]] = []
    first_default = len(ordinary) - len(arguments.defaults)
    for number, argument in enumerate(ordinary):
        pairs.append((argument, arguments.defaults[number - first_default] if number >= first_default else None))
    pairs += zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    parameters = tuple(_parameter(*pair) for pair in (pairs[1:] if is_class else pairs))
    return Signature(is_class, parameters, arguments.kwarg is not None)


def _parameter(argument: ast.arg, default: ast.expr | None) -> Parameter:
    annotation = ast.unparse(argument.annotation) if argument.annotation else ""
    literal, value = False, None
    if default is not None:
        with suppress(ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            value = json.loads(json.dumps(ast.literal_eval(default), allow_nan=False))
            literal = True
    return Parameter(argument.arg, annotation, default is None, literal, value)
