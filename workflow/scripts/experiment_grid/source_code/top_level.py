"""What the top level of a module says: its definitions, imports and assignments."""

import ast
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Index:
    """What a module's top level says: definitions, names of other modules' things by their dotted names, all else."""

    names: dict[str, Definition | str | None] = field(default_factory=dict)
    values: dict[str, ast.expr] = field(default_factory=dict)  # what is assigned to a name, at first
    stars: list[str] = field(default_factory=list)
    all: list[str] | None = None
    lazy: bool = False  # it has a __getattr__
    twice: set[str] = field(default_factory=set)
    rebound: set[str] = field(default_factory=set)  # definitions whose name is given to something else

    def constant(self, name: str) -> bool:
        """Whether a name is that of a number, a text or a collection."""
        return isinstance(
            self.values.get(name), ast.Constant | ast.List | ast.Tuple | ast.Dict | ast.Set | ast.JoinedStr
        )


def index_of(tree: ast.Module, package: str) -> Index:
    """The index of a module of this package."""
    index = Index()
    for node in _statements(tree.body):
        if isinstance(node, Definition):
            again = node in tree.body and index.names.get(node.name) in tree.body
            index.twice |= {node.name} if again and not node.decorator_list else set()
            index.rebound |= {node.name} & {*index.names}
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
                elif not isinstance(index.names.get(name := alias.asname or alias.name), Definition):
                    index.names[name] = f"{base}.{alias.name}"
                else:
                    index.rebound.add(name)
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
    if name in index.names:
        index.rebound.add(name)
        index.values.pop(name, None)
    else:
        index.values[name] = value
    first, _, rest = (dotted(value) or "").partition(".")
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


def dotted(node: ast.expr) -> str | None:
    """The text of a dotted name; None for any other expression."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (base := dotted(node.value)):
        return f"{base}.{node.attr}"
    return None


def last_name(decorator: ast.expr) -> str:
    """The name of a decorator, without its package and arguments."""
    name = dotted(decorator.func if isinstance(decorator, ast.Call) else decorator)
    return (name or "").rpartition(".")[2]
