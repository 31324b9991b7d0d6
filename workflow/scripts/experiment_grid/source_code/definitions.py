"""Where a name of a package, or of a user's file, is defined.

Imports, `__all__` and base classes are followed in the sources: nothing is imported, and no code of the user's runs.
"""

import ast
from collections.abc import Iterable, Iterator
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path

from experiment_grid.source_code.top_level import Definition, Index, dotted, index_of, last_name

MODULE = "torch.nn.Module", "torch.nn.modules.module.Module"  # its own __init__ takes anything, and refuses it
UNREADABLE = "unreadable"
PACKAGE = Path(__file__).resolve().parents[1]  # experiment_grid, which is not on the path of a run


class NotThereError(Exception):
    """No definition has this name; `names` are the existing ones."""

    def __init__(self, message: str, names: Iterable[str] = ()):
        super().__init__(message)
        self.names = list(names)


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


Found = Thing | Module | str  # UNREADABLE, where it is a text
Seen = frozenset[tuple[Path, str]]  # files, and names in them


class Reader:
    """Finds definitions; `read` are the files that it looked into, `passed` the packages that names passed through."""

    def __init__(self) -> None:
        self.read: dict[Path, Index] = {}
        self.passed: dict[str, None] = {}  # in their order

    def find(self, dotted: str, root: Path | None, seen: Seen = frozenset()) -> Found:
        """What a dotted name resolves to; UNREADABLE for what no source shows. Raises NotThereError."""
        parts = dotted.split(".")
        module = self.module(parts[0], root)
        self.passed[parts[0]] = None
        if module is None:
            raise NotThereError(f"no package {parts[0]} is installed")
        for number, part in enumerate(parts[1:], start=2):
            inner = self.module(".".join(parts[:number]), root)
            if inner and number < len(parts):
                module = inner
                continue
            thing = self.inside(module, part, seen)
            if number == len(parts):
                return thing
            if not isinstance(thing, Module):
                return UNREADABLE  # something inside of a class
            module = thing
        return module

    def inside(self, module: Module, name: str, seen: Seen = frozenset()) -> Found:
        """What a name in a module resolves to. Raises NotThereError."""
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
                self.passed[star.partition(".")[0]] = None
            elif (listed := self.index(other).all) is None or name in listed:
                with suppress(NotThereError):
                    thing = self.inside(other, name, seen)
                    if thing != UNREADABLE:
                        return thing
                    blind = True
                    self.passed[star.partition(".")[0]] = None
        inner = module.file.name == "__init__.py" and self.module(f"{module.name}.{name}", module.root)
        if inner or blind:
            return inner or UNREADABLE
        raise NotThereError("no such class or function", self.public(module))

    def public(self, module: Module) -> Iterator[str]:
        """Names of a module that may be those of a component."""
        index = self.index(module)
        names = [name for name in index.names if not name.startswith("_")]
        if module.file.name != "__init__.py":  # its own definitions; if it only re-exports, those names
            own = [name for name in names if not isinstance(index.names[name], str) and not index.constant(name)]
            names = own or [name for name in names if isinstance(said := index.names[name], str) and "." in said]
        yield from names  # then those of `import *`
        for star in index.stars:
            other = self.module(star, module.root)
            if other and other != module and (not module.root or other.root or not names):
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
        """What a module says at its top level. Raises SyntaxError where a file of the user's is not valid Python."""
        if module.file not in self.read:
            self.read[module.file] = self._parsed(module)
        return self.read[module.file]

    def _parsed(self, module: Module) -> Index:
        try:
            return index_of(ast.parse(module.file.read_bytes(), str(module.file)), module.package)
        except (SyntaxError, ValueError, RecursionError) as error:
            if not module.root:
                return Index(lazy=True)
            if isinstance(error, SyntaxError):
                raise
            raise SyntaxError(str(error), (str(module.file), None, None, None)) from None

    def annotation(self, module: Module, node: ast.expr | None) -> str:
        """The text of an annotation, the names in it replaced by what the user's file, or one of this project, assigns
        to them: `Rate = Annotated[float, Interval(ge=0, lt=1)]`."""
        if node is None:
            return ""
        ours = module.root or module.name.startswith(f"{PACKAGE.name}.")
        return ast.unparse(_Expanded(self, module, frozenset()).visit(deepcopy(node)) if ours else node)

    def assigned(self, module: Module, name: str) -> tuple[Module, ast.expr] | None:
        """The expression that a module, or one that it imports the name from, assigns to a name."""
        index = self.index(module)
        if name in index.values:
            return module, index.values[name]
        said = index.names.get(name)
        if not isinstance(said, str) or "." not in said:
            return None
        where, _, name = said.rpartition(".")
        other = self.module(where, module.root)
        if other is None or other == module or not (other.root or other.name.startswith(f"{PACKAGE.name}.")):
            return None
        return self.assigned(other, name)

    def constructor(self, thing: Thing, seen: frozenset[Thing] = frozenset()) -> Thing | str | None:
        """`__init__` (or `__new__`) of a class or of its bases; None where neither has one."""
        names = {last_name(decorator) for decorator in thing.node.decorator_list}
        if names & {"dataclass", "define", "attrs"} or thing in seen:
            return UNREADABLE
        functions = [node for node in thing.node.body if isinstance(node, ast.FunctionDef)]
        for name in ("__init__", "__new__"):
            own = [node for node in functions if node.name == name]
            own = [node for node in own if "overload" not in map(last_name, node.decorator_list)]
            if own:
                return Thing(thing.module, own[-1])
        return self.inherited(thing, seen)

    def inherited(self, thing: Thing, seen: frozenset[Thing] = frozenset()) -> Thing | str | None:
        """The constructor of a class's bases; a function has none."""
        for base in thing.node.bases if isinstance(thing.node, ast.ClassDef) else ():
            made = self._of_base(thing.module, base, seen | {thing})
            if made is not None:
                return made
        return None

    def _of_base(self, module: Module, base: ast.expr, seen: frozenset[Thing]) -> Thing | str | None:
        name = dotted(base.value if isinstance(base, ast.Subscript) else base)
        if name in ("object", "Generic", "Protocol", "typing.Generic", "typing.Protocol"):
            return None
        first, _, rest = (name or "").partition(".")
        said = self.index(module).names.get(first)
        if isinstance(said, str) and f"{said}.{rest}".rstrip(".") in MODULE:
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
        if not isinstance(thing, Thing) or not isinstance(thing.node, ast.ClassDef):
            return UNREADABLE
        return None if f"{thing.module.name}.{thing.node.name}" in MODULE else self.constructor(thing, seen)


class _Expanded(ast.NodeTransformer):
    """Replaces names by what is assigned to them; `*TABLE` by its keys or items."""

    def __init__(self, reader: Reader, module: Module, seen: frozenset[tuple[Module, ast.expr]]):
        self.reader, self.module, self.seen = reader, module, seen

    def visit_Name(self, node: ast.Name) -> ast.expr:
        found = self.reader.assigned(self.module, node.id)
        if found is None or found in self.seen:
            return node
        module, value = found
        expanded: ast.expr = _Expanded(self.reader, module, self.seen | {found}).visit(deepcopy(value))
        return expanded

    def visit_Starred(self, node: ast.Starred) -> list[ast.expr]:
        table = self.visit(node.value)
        return list(table.keys if isinstance(table, ast.Dict) else getattr(table, "elts", ()))


@cache
def places(package: str) -> list[Path]:
    """Where a package is: its folders, or the file of a module."""
    if package == PACKAGE.name:  # not on the path of a run
        return [PACKAGE]
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
