"""Whether an option's value fits the annotation in a signature, where its text is simple enough to show that.

Limits are those of annotated-types or of pydantic: `Annotated[float, Interval(ge=0, lt=1)]`,
`Annotated[int, Field(ge=1)]`; choices are a Literal.
"""

import ast
import json
import operator
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from experiment_grid.config.messages import UNITS, count, in_range, wrong_type
from experiment_grid.config.problems import closest

SCALARS = {"int": "integer", "float": "number", "bool": "boolean", "str": "string", "None": "null", "Path": "string"}
SEQUENCES = ("list", "List", "Sequence", "Iterable", "Collection")
NOT_IN_YAML = ("Tensor", "Module", "Parameter", "Callable", "dtype")  # no value of a config is one
# Limits by their names in annotated-types, in pydantic, and in JSON Schema: of numbers, and of lengths.
LIMITS = {"Ge": "ge", "Gt": "gt", "Le": "le", "Lt": "lt", "MinLen": "min_length", "MaxLen": "max_length"}
NUMBERS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
LENGTHS = {"min_length": "least", "max_length": "most"}
COMPARED = {"ge": operator.ge, "gt": operator.gt, "le": operator.le, "lt": operator.lt}
COMPARED |= {"min_length": operator.ge, "max_length": operator.le}
EXACT = 2**53  # up to here every whole number is a float too


class Kind(NamedTuple):
    """What an annotation allows: `what` is one of JSON's types, "literal", "tuple", "union", "any", or "never" for what
    no config can give, whose name is in `parts`. `limits` are named as in pydantic."""

    what: str
    parts: tuple[Any, ...] = ()
    limits: tuple[tuple[str, float], ...] = ()


ANY = Kind("any")


class MisfitError(ValueError):
    """A value that does not fit a kind; `keys` lead to the item of a list that is out of range."""

    def __init__(self, wrong: str, value: Any, allowed: str, keys: tuple[int, ...] = (), *, out_of_range: bool = False):
        super().__init__(wrong)
        self.wrong, self.value, self.allowed, self.keys, self.out_of_range = wrong, value, allowed, keys, out_of_range


def fit(annotation: str, value: Any, default: Any = None) -> Any:
    """The value as the annotation wants it: a number of the right type. Raises MisfitError where it is none.

    Where the annotation has no type, numbers are as in `default`; where that has none either, 2.0 is 2.
    """
    kind = kind_of(annotation)
    try:
        return alike(value, default) if kind == ANY else _fit(kind, value)
    except MisfitError as error:
        if error.out_of_range:
            raise
        raise MisfitError(_wrong(kind, value), value, _words(kind)) from None


def alike(value: Any, default: Any = None) -> Any:
    """A value of no known type, written in one way: its numbers as in `default`, else 2.0 as 2."""
    if isinstance(value, dict):
        others = default if isinstance(default, dict) else {}
        return {key: alike(item, others.get(key)) for key, item in value.items()}
    if isinstance(value, list):
        usual = default if isinstance(default, list) and default else [None]
        return [alike(item, usual[min(number, len(usual) - 1)]) for number, item in enumerate(value)]
    if not _is_number(value):
        return value
    if isinstance(default, float):
        return float(value) + 0.0
    return int(value) if isinstance(value, int) or (value.is_integer() and abs(value) < EXACT) else value


def words(annotation: str) -> str:
    """What an annotation allows, in words; nothing where that is not known."""
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
    if name in NOT_IN_YAML:
        return Kind("never", (name,))
    if not isinstance(node, ast.Subscript):
        return Kind(SCALARS[name]) if name in SCALARS else Kind("array", (ANY,)) if name in SEQUENCES else ANY
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
        case "Annotated":
            return _limited(_kind(inner[0]), tuple(limit for part in inner[1:] for limit in _limits(part)))
        case "Final":
            return _kind(inner[0])
    return Kind("array", (_kind(inner[0]),)) if name in SEQUENCES else ANY


def _limits(node: ast.expr) -> Iterator[tuple[str, float]]:
    """`Interval(ge=0, lt=1)`, `Field(ge=0)`, `Ge(0)`, `MaxLen(3)`, `Len(1, 3)`: their limits."""
    if not isinstance(node, ast.Call):
        return
    name = ast.unparse(node.func).rpartition(".")[2]
    positional = ("min_length", "max_length") if name == "Len" else (LIMITS.get(name, ""),)
    given = [*zip(positional, node.args, strict=False), *((one.arg or "", one.value) for one in node.keywords)]
    for limit, value in given:
        if limit in NUMBERS or limit in LENGTHS:
            yield limit, ast.literal_eval(value)


def _limited(kind: Kind, limits: tuple[tuple[str, float], ...]) -> Kind:
    if kind.what == "union":
        return kind._replace(parts=tuple(_limited(part, limits) for part in kind.parts))
    return kind if kind == ANY else kind._replace(limits=kind.limits + limits)


def _union(kinds: list[Kind]) -> Kind:
    members = [member for kind in kinds for member in (kind.parts if kind.what == "union" else (kind,))]
    return ANY if ANY in members else Kind("union", tuple(members))


def _fit(kind: Kind, value: Any) -> Any:
    match kind.what:
        case "any":
            return alike(value)
        case "number" if _is_number(value):
            return float(_within(kind, value)) + 0.0
        case "integer" if _is_number(value) and value == int(value):
            return int(_within(kind, value))
        case "boolean" if isinstance(value, bool):
            return value
        case "string" if isinstance(value, str):
            return _within(kind, value)
        case "null" if value is None:
            return value
        case "literal" if any(_is(one, value) for one in kind.parts):
            return next(one for one in kind.parts if _is(one, value))
        case "array" if isinstance(value, list):
            return _within(kind, [_item(kind.parts[0], item, number) for number, item in enumerate(value)])
        case "tuple" if isinstance(value, list) and len(value) == len(kind.parts):
            pairs = zip(kind.parts, value, strict=True)
            return _within(kind, [_item(part, item, number) for number, (part, item) in enumerate(pairs)])
        case "union":
            return _fit_one(kind, value)
    raise MisfitError("", value, "")


def _fit_one(kind: Kind, value: Any) -> Any:
    """The value as the first member of a union that it fits; else out of the range of one of its type."""
    misfits = []
    for member in kind.parts:
        try:
            return _fit(member, value)
        except MisfitError as error:
            misfits.append(error)
    misfit = next((error for error in misfits if error.out_of_range), misfits[0])
    misfit.allowed = misfit.allowed if misfit.keys else _words(kind)
    raise misfit


def _item(kind: Kind, value: Any, number: int) -> Any:
    try:
        return _fit(kind, value)
    except MisfitError as error:
        error.keys = (number, *error.keys)
        raise


def _within(kind: Kind, value: Any) -> Any:
    """The value, if it is within the limits of its kind. Raises MisfitError."""
    for limit, bound in kind.limits:
        if not COMPARED[limit](len(value) if limit in LENGTHS else value, bound):
            wrong = {"min_length": "is too short", "max_length": "is too long"}.get(limit, "is out of range")
            raise MisfitError(wrong, value, _words(kind), out_of_range=True)
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is(one: Any, value: Any) -> bool:
    return type(one) is type(alike(value)) and one == value


def _wrong(kind: Kind, value: Any) -> str:
    """What is wrong with a value that is not of this kind."""
    members = [one for one in (kind.parts if kind.what == "union" else (kind,)) if one.what != "never"]
    literals = [name for member in members if member.what == "literal" for name in member.parts]
    if literals:
        near = closest(value, map(str, literals)) if isinstance(value, str) else ""
        return f"is not one of those known{near}"
    if kind.what in ("array", "tuple") and isinstance(value, list):
        return "has the wrong length" if kind.what == "tuple" and len(value) != len(kind.parts) else "is not valid"
    types = [{"tuple": "array", "literal": "string"}.get(member.what, member.what) for member in members]
    return wrong_type(types, value) if types else "can't be given"


def _words(kind: Kind) -> str:
    sizes = {LENGTHS[name]: bound for name, bound in kind.limits if name in LENGTHS}
    match kind.what:
        case "literal":
            return ", ".join(part if isinstance(part, str) else json.dumps(part) for part in kind.parts)
        case "string" if sizes:
            return f"text of {count(sizes, 'least', 'most', 'characters')}"
        case "array":
            inner = _words(kind.parts[0])
            text = f"a list of {count(sizes, 'least', 'most', 'items')}" if sizes else "a list"
            return f"{text}, each {inner}" if inner else text
        case "tuple":
            return f"a list of {len(kind.parts)}: {', '.join(_words(part) or 'anything' for part in kind.parts)}"
        case "union":
            return " or ".join(_words(part) for part in sorted(kind.parts, key=lambda part: part.what == "never"))
        case "never":
            return f"a {kind.parts[0]}, made in a file of your own"
    return UNITS.get(kind.what, "") + in_range({NUMBERS[name]: bound for name, bound in kind.limits if name in NUMBERS})
