"""What a model or a loss keeps in Python: numbers, lists, objects, which tensors it has, the generators it draws from.

A recorded step (step_replay.py) runs none of its Python code again. So a step that changed something here cannot be
replayed, nor can one that keeps something whose state cannot be seen.
"""

import enum
import functools
import logging
import random
import types
import weakref
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

MOST = 100_000  # values that are looked at
HEAP_TYPE = 1 << 9  # the flag of a class that Python code made
PLAIN = (bool, int, float, complex, str, bytes, type(None))
CONSTANT: tuple[type, ...] = (
    type,
    types.ModuleType,
    types.BuiltinFunctionType,
    types.CodeType,
    enum.Enum,
    logging.Logger,
)
CONSTANT += (property, staticmethod, classmethod, types.GetSetDescriptorType, types.MemberDescriptorType)
CONSTANT += (types.WrapperDescriptorType, types.MethodDescriptorType, types.MappingProxyType)
CONSTANT += (torch.dtype, torch.device, torch.layout, torch.memory_format)
COMPILED = ("torch._dynamo", "torch.jit")  # may compute otherwise after some calls
OF_LIBRARIES = ("builtins", "torch", "collections", "typing", "abc", "enum", "functools", "numpy")


class Unseen(Exception):
    """An object whose state cannot be inspected."""


class Same:
    """An object that is equal to itself alone; held, so that no other gets its address."""

    def __init__(self, value: Any):
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.value is other.value

    __hash__ = None  # type: ignore[assignment]  # Python's own way to say that it has none


class PythonState:
    """What is reachable from `roots`, by name; two of them are equal if nothing was changed in between.

    `tensors` are all tensors found. Raises Unseen.
    """

    def __init__(self, roots: Mapping[str, Any]):
        self.values: dict[str, Any] = {}
        self.tensors: list[Tensor] = []
        self._visited: set[int] = set()
        self.drawn = generators()
        for name, root in roots.items():
            try:
                self._look(name, root)
            except Unseen:
                raise
            except Exception as error:  # raised by an object while it is looked at
                raise Unseen(f"{name} cannot be looked through ({type(error).__name__}: {error})") from error

    def change(self, before: "PythonState") -> str:
        """What differs from an earlier state, for the log; empty if nothing does."""
        for name, value in self.values.items():
            if name not in before.values or before.values[name] != value:
                return f"{name} changes"
        for name in before.values:
            if name not in self.values:
                return f"{name} changes"
        if self.drawn != before.drawn:
            return "it draws from random or numpy.random"
        return ""

    def _look(self, path: str, value: Any) -> None:
        if len(self.values) > MOST:
            raise Unseen("the model and the loss hold too many objects to inspect")
        if isinstance(value, PLAIN) and type(value) in PLAIN:
            self.values[path] = (type(value), value)
            return
        self.values[path] = Same(value)
        if isinstance(value, CONSTANT) or id(value) in self._visited:
            return
        self._visited.add(id(value))
        for name, part in self._parts(path, value):
            self._look(f"{path}{name}", part)
        for kind in type(value).__mro__:  # attributes of the class, of one that a user wrote
            if not kind.__module__.startswith(OF_LIBRARIES) and id(kind) not in self._visited:
                self._visited.add(id(kind))
                for name, part in vars(kind).items():
                    if not name.startswith("__") and name != "_abc_impl":  # a cache of abc's
                        self._look(f"{kind.__module__}.{kind.__qualname__}.{name}", part)

    def _parts(self, path: str, value: Any) -> Iterator[tuple[str, Any]]:
        """What an object holds, by name."""
        if type(value).__module__.startswith(COMPILED) or hasattr(value, "_torchdynamo_orig_callable"):
            raise Unseen(f"{path} is compiled")
        attributes = getattr(value, "__dict__", None)
        known = True
        if isinstance(value, Tensor):
            self._keep(path, value)
            yield " memory", _text((value.data_ptr(), value.shape, value.stride(), value.dtype, value.requires_grad))
            yield " hooks", value._backward_hooks
            yield " hooks after", getattr(value, "_post_accumulate_grad_hooks", None)
        elif isinstance(value, Mapping):
            yield " keys", _text([*map(_name, value)])
            yield from ((f"[{_name(key)}]", part) for key, part in value.items())
        elif isinstance(value, list | tuple | deque):
            yield " length", len(value)
            yield from ((f"[{place}]", part) for place, part in enumerate(value))
        elif isinstance(value, set | frozenset):
            yield " elements", _text(sorted(map(_name, value)))
        elif isinstance(value, np.ndarray) and not value.dtype.hasobject:
            yield " content", _text((value.shape, value.dtype)).encode() + value.tobytes()
        elif isinstance(value, np.random.Generator):
            yield " state", _text(value.bit_generator.state)
        elif isinstance(value, np.random.RandomState):
            yield " state", _text(value.get_state())
        elif isinstance(value, random.Random):
            yield " state", _text(value.getstate())
        elif isinstance(value, torch.Generator):
            yield " state", value.get_state().numpy().tobytes()
        elif isinstance(value, types.FunctionType):
            for place, cell in enumerate(value.__closure__ or ()):
                yield f" cell {place}", _content(cell)
            yield " defaults", value.__defaults__
            yield " defaults by name", value.__kwdefaults__
        elif isinstance(value, types.MethodType):
            yield " of", value.__self__
            yield " function", value.__func__
        elif isinstance(value, functools.partial):
            yield from ((" function", value.func), (" arguments", value.args), (" more", value.keywords))
        elif isinstance(value, weakref.ref):
            yield " referent", value()
        else:
            known = False
        if attributes is not None:
            yield from ((f".{name}", part) for name, part in attributes.items())
        slots = [name for kind in type(value).__mro__ for name in _slots(kind) if hasattr(value, name)]
        yield from ((f".{name}", getattr(value, name)) for name in slots)
        in_c = any(not kind.__flags__ & HEAP_TYPE for kind in type(value).__mro__[:-1])
        if not known and (in_c or (attributes is None and not slots)):
            yield " state", _reduced(path, value)

    def _keep(self, path: str, tensor: Tensor) -> None:
        if type(tensor) not in (Tensor, torch.nn.Parameter) or tensor.layout is not torch.strided:
            raise Unseen(f"{path} is not an ordinary tensor")
        self.tensors.append(tensor)


def generators() -> tuple[Any, ...]:
    """The state of Python's and NumPy's own generators of random numbers."""
    return random.getstate(), _text(np.random.get_state())


def _slots(kind: type) -> list[str]:
    slots = kind.__dict__.get("__slots__", ())
    names = [slots] if isinstance(slots, str) else [*slots]
    return [name for name in names if name not in ("__dict__", "__weakref__") and not name.startswith("__")]


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # empty
        return None


def _reduced(path: str, value: Any) -> Any:
    """The state of an object of a class in C, as pickle would get it."""
    try:
        reduced = value.__reduce_ex__(4)
    except Exception as error:
        raise Unseen(f"{path} holds a {type(value).__name__}, whose state cannot be seen") from error
    return _text(reduced[1:3]) if isinstance(reduced, tuple) else reduced


def _name(key: Any) -> str:
    return key if isinstance(key, str) else f"{type(key).__name__} {key!r}" if isinstance(key, PLAIN) else str(id(key))


def _text(value: Any) -> str:
    """Plain values as one text, arrays in full."""
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{value.shape}{value.tobytes()!r}"
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{_text(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "(" + ",".join(map(_text, value)) + ")"
    return repr(value) if isinstance(value, PLAIN) or not hasattr(value, "__dict__") else f"{type(value)} {id(value)}"
