"""Values that a constructor refuses: `if momentum < 0: raise ValueError(...)`, read from its source and evaluated here.

PyTorch's optimizers and losses state their limits in this way, and a file of the user's may. Only conditions on
parameters and constants are read; nothing of the source is run.
"""

import ast
import operator
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda one, others: one in others,
    ast.NotIn: lambda one, others: one not in others,
    ast.Mod: operator.mod,
}
OPPOSITE = {ast.Lt: ast.GtE, ast.Gt: ast.LtE, ast.Eq: ast.NotEq, ast.Is: ast.IsNot, ast.In: ast.NotIn}
OPPOSITE |= {other: one for one, other in OPPOSITE.items()}
# No value of a config is a tensor.
KINDS: dict[str, type | tuple[()]] = {"float": float, "int": int, "str": str, "bool": bool, "Tensor": ()}
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Guard(NamedTuple):
    """A condition under which a constructor raises, and its message where that is plain text."""

    condition: str
    message: str

    @property
    def names(self) -> list[str]:
        """The parameters that it is about, in its order."""
        found = (node.id for node in ast.walk(_parsed(self.condition)) if isinstance(node, ast.Name))
        return [name for name in dict.fromkeys(found) if name not in (*KINDS, "isinstance", "len")]

    @property
    def allowed(self) -> str:
        """What must hold instead: `momentum >= 0.0`."""
        opposite = _opposite(_parsed(self.condition))
        return ast.unparse(opposite) + (", neither empty nor 0" if isinstance(opposite, ast.Name) else "")

    def refuses(self, values: Mapping[str, Any]) -> bool:
        """Whether the constructor raises for these values; False where that can't be known."""
        try:
            return bool(_value(_parsed(self.condition), values))
        except (KeyError, TypeError, IndexError, ValueError, ArithmeticError):
            return False


def guards(function: Function, inherited: Callable[[ast.Call], Iterator[Guard]]) -> Iterator[Guard]:
    """The guards of a function; `inherited` gives those behind a call of `super().__init__`."""
    if function.decorator_list:  # it may get other arguments than those given
        return
    arguments = function.args
    known = {one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    yield from _guards(function.body, [], known, inherited)


def _guards(
    body: list[ast.stmt], path: list[ast.expr], known: set[str], inherited: Callable[[ast.Call], Iterator[Guard]]
) -> Iterator[Guard]:
    """Guards of statements that are reached where all of `path` holds; removes from `known` what is assigned."""
    for node in body:
        if isinstance(node, ast.Raise) and path:
            yield from _guard(path, node.exc, known)
        elif isinstance(node, ast.Assert):
            yield from _guard([*path, _opposite(node.test)], node.msg, known)
        elif isinstance(node, ast.If):
            before = set(known)
            yield from _guards(node.body, [*path, node.test], known, inherited)
            assigned = before - known
            yield from _guards(node.orelse, [*path, _opposite(node.test)], known | assigned, inherited)
        elif (call := _super_call(node)) and not path:
            yield from (guard for guard in inherited(call) if {*guard.names} <= known)
        inner = [one for one in ast.walk(node) if not isinstance(node, Function | ast.ClassDef)]
        known -= {one.id for one in inner if isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Load)}
        if any(isinstance(one, ast.Return | ast.Yield | ast.Break | ast.Continue) for one in inner):
            known.clear()  # what follows may not be reached


def _super_call(node: ast.stmt) -> ast.Call | None:
    """The call of a statement `super().__init__(…)`."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return node.value if ast.unparse(node.value.func) == "super().__init__" else None
    return None


def _guard(path: list[ast.expr], said: ast.expr | None, known: set[str]) -> Iterator[Guard]:
    condition = path[0] if len(path) == 1 else ast.BoolOp(ast.And(), path)
    found = Guard(ast.unparse(condition), _text(said))
    if found.names and {*found.names} <= known:
        yield found


def _text(said: ast.expr | None) -> str:
    """The message of an exception, where it is plain text."""
    if isinstance(said, ast.Call) and said.args:
        said = said.args[0]
    return said.value if isinstance(said, ast.Constant) and isinstance(said.value, str) else ""


@cache
def _parsed(condition: str) -> ast.expr:
    return ast.parse(condition, mode="eval").body


def _opposite(node: ast.expr) -> ast.expr:
    """What holds where a condition does not."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return node.operand
    if isinstance(node, ast.BoolOp):
        either = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        return ast.BoolOp(either, [_opposite(value) for value in node.values])
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return ast.Compare(node.left, [OPPOSITE[type(node.ops[0])]()], node.comparators)
    return ast.UnaryOp(ast.Not(), node)


def _value(node: ast.expr, values: Mapping[str, Any]) -> Any:
    """The value of an expression. Raises KeyError or ValueError where it can't be known."""
    match node:
        case ast.Constant():
            return node.value
        case ast.Name():
            return values[node.id]
        case ast.Subscript(slice=ast.Constant(value=int(place))):
            return _value(node.value, values)[place]
        case ast.Tuple() | ast.List() | ast.Set():
            return [_value(one, values) for one in node.elts]
        case ast.UnaryOp(op=ast.Not()):
            return not _value(node.operand, values)
        case ast.UnaryOp(op=ast.USub()):
            return -_value(node.operand, values)
        case ast.BinOp() if type(node.op) in OPERATORS:
            return OPERATORS[type(node.op)](_value(node.left, values), _value(node.right, values))
        case ast.BoolOp():
            stops = isinstance(node.op, ast.Or)  # at the first true one; with `and` at the first false one
            results = (_value(one, values) for one in node.values)
            return next((result for result in results if bool(result) is stops), not stops)
        case ast.Compare():
            sides = [_value(one, values) for one in (node.left, *node.comparators)]
            pairs = zip(node.ops, sides, sides[1:], strict=False)
            return all(OPERATORS[type(op)](one, other) for op, one, other in pairs)
        case ast.Call(func=ast.Name(id="len"), args=[one]):
            return len(_value(one, values))
        case ast.Call(func=ast.Name(id="isinstance"), args=[one, ast.Name() | ast.Tuple() as kind]):
            kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
            return isinstance(_value(one, values), tuple(KINDS[ast.unparse(one)] for one in kinds))
    raise ValueError(node)
