"""Whether an option's value fits the annotation in a signature, where that is simple enough to tell from its text."""

import ast
from functools import cache
from typing import Any, NamedTuple

from experiment_grid.config.problems import closest
from experiment_grid.config.validation import UNITS, wrong_type

SCALARS = {"int": "integer", "float": "number", "bool": "boolean", "str": "string", "None": "null"}
SEQUENCES = ("list", "List", "Sequence", "Iterable", "Collection")
NOT_IN_YAML = ("Tensor", "Module", "Parameter", "Callable", "Path", "dtype")  # no value of a config is one


class Kind(NamedTuple):
    """What an annotation allows: `what` is one of JSON's types, "literal", "tuple", "union", or "any"."""

    what: str
    parts: tuple[Any, ...] = ()


ANY = Kind("any")


def fit(annotation: str, value: Any) -> Any:
    """The value as the annotation wants it: a number of the right type. Raises ValueError where it is none."""
    return _fit(kind_of(annotation), value)


def wrong(annotation: str, value: Any) -> str:
    """What is wrong with a value that does not fit."""
    kind = kind_of(annotation)
    members = kind.parts if kind.what == "union" else (kind,)
    literals = [name for member in members if member.what == "literal" for name in member.parts]
    if literals and isinstance(value, str):
        return f"is not one of those known{closest(value, [str(name) for name in literals])}"
    if kind.what in ("array", "tuple") and isinstance(value, list):
        return "has the wrong length" if kind.what == "tuple" and len(value) != len(kind.parts) else "is not valid"
    types = [{"tuple": "array", "literal": "string"}.get(member.what, member.what) for member in members]
    return wrong_type(types, value)


def words(annotation: str) -> str:
    """What an annotation allows, in words; nothing where that can't be told."""
    return _words(kind_of(annotation))


@cache
def kind_of(annotation: str) -> Kind:
    """What an annotation allows, from its text."""
    try:
        return _kind(ast.parse(annotation, mode="eval").body) if annotation else ANY
    except (SyntaxError, ValueError):
        return ANY


def _kind(node: ast.expr) -> Kind:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return kind_of(node.value)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _union([_kind(node.left), _kind(node.right)])
    name = ast.unparse(node.value if isinstance(node, ast.Subscript) else node).rpartition(".")[2]
    if not isinstance(node, ast.Subscript):
        if name in SCALARS:
            return Kind(SCALARS[name])
        return Kind("never") if name in NOT_IN_YAML else Kind("array", (ANY,)) if name in SEQUENCES else ANY
    inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    match name:
        case "Optional":
            return _union([_kind(inner[0]), Kind("null")])
        case "Union":
            return _union([_kind(part) for part in inner])
        case "Literal":
            return Kind("literal", tuple(ast.literal_eval(part) for part in inner))
        case "tuple" | "Tuple":
            if isinstance(inner[-1], ast.Constant) and inner[-1].value is ...:
                return Kind("array", (_kind(inner[0]),))
            return Kind("tuple", tuple(map(_kind, inner)))
        case "Annotated" | "Final":
            return _kind(inner[0])
    if name in NOT_IN_YAML:
        return Kind("never")
    return Kind("array", (_kind(inner[0]),)) if name in SEQUENCES else ANY


def _union(kinds: list[Kind]) -> Kind:
    members = [member for kind in kinds for member in (kind.parts if kind.what == "union" else (kind,))]
    members = [member for member in members if member.what != "never"]
    if ANY in members or not members:
        return ANY
    return Kind("union", tuple(members)) if len(members) > 1 else members[0]


def _fit(kind: Kind, value: Any) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match kind.what:
        case "any" | "never":
            return value
        case "number" if number:
            return float(value) + 0.0
        case "integer" if number and value == int(value):
            return int(value)
        case "boolean" if isinstance(value, bool):
            return value
        case "string" if isinstance(value, str):
            return value
        case "null" if value is None:
            return value
        case "literal" if any(type(value) is type(one) and value == one for one in kind.parts):
            return value
        case "array" if isinstance(value, list):
            return [_fit(kind.parts[0], item) for item in value]
        case "tuple" if isinstance(value, list) and len(value) == len(kind.parts):
            return [_fit(part, item) for part, item in zip(kind.parts, value, strict=True)]
        case "union":
            for member in kind.parts:
                try:
                    return _fit(member, value)
                except ValueError:
                    continue
    raise ValueError


def _words(kind: Kind) -> str:
    match kind.what:
        case "literal":
            return ", ".join(map(str, kind.parts))
        case "array":
            inner = _words(kind.parts[0])
            return f"a list, each {inner}" if inner else "a list"
        case "tuple":
            return f"a list of {len(kind.parts)}: {', '.join(_words(part) or 'anything' for part in kind.parts)}"
        case "union":
            return " or ".join(_words(part) for part in kind.parts)
    return UNITS.get(kind.what, "")
