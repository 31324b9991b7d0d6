"""What PyTorch computes in one step, as a list of ATen operations that can be called again on the same memory.

A TorchDispatchMode sees every operation of an ordinary step, forward and backward, whatever the network. All memory
that the operations used is held. So called again in their order, each writing where it wrote the first time, they
compute the step for what inputs, labels, weights and buffers hold now. They are the operations of the eager step, so
that the results have the same bits. Views are taken once: the memory stays where it is.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

aten = torch.ops.aten
MOST_BYTES = 2**29  # that a recorded step may hold; an eager one frees most of its memory on the way
UNFILLED = {aten.empty, aten.empty_like, aten.empty_strided, aten.empty_permuted, aten.new_empty}
UNFILLED |= {aten.new_empty_strided}
FILLED = {aten.ones_like.default: 1, aten.zeros_like.default: 0, aten.zeros.default: 0, aten.ones.default: 1}
RESHAPED = {aten.transpose_, aten.t_, aten.squeeze_, aten.unsqueeze_, aten.detach_}  # the tensor, not its memory
# Which torch calls in half the time, by its own name for them.
DIRECT = {aten.mm.default: torch.mm, aten.addmm.default: torch.addmm, aten.bmm.default: torch.bmm}
DIRECT |= {aten.mul.Tensor: torch.mul, aten.add.Tensor: torch.add, aten.div.Tensor: torch.div}
DIRECT |= {aten.sum.dim_IntList: torch.sum, aten._log_softmax.default: torch._log_softmax}
READING = {"numpy", "tolist", "__array__", "__dlpack__", "data_ptr", "untyped_storage", "storage", "_typed_storage"}
READING |= {"__repr__", "new_tensor"}
MAKING = ("tensor", "as_tensor", "asarray")  # read the tensors in the lists that they get
storage = torch._C.TensorBase.untyped_storage
FACTORY_OPTIONS = ("dtype", "layout", "device", "pin_memory")  # the output tensor decides them, with `out=`


class Call(NamedTuple):
    """An operation and what it got and gave; the tensors are aliases, which autograd does not see."""

    function: Any  # OpOverload
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    outs: list[Any]  # tensors or None
    fresh: bool  # an output is in memory that no argument had
    writes: bool  # into an argument
    grad: bool  # whether autograd was on, which a few kernels ask


@contextmanager
def reads_noticed(recorder: "Recorder") -> Iterator[None]:
    """Let what reads values past the dispatcher refuse the recording, in hooks of the backward pass too."""

    def noticed(function: Callable[..., Any], always: bool) -> Callable[..., Any]:
        def read(*args: Any, **kwargs: Any) -> Any:
            if always or any(isinstance(leaf, Tensor) for leaf in leaves((args, kwargs))):
                recorder.refuse(f"{getattr(function, '__name__', function)} reads a tensor into Python")
            return function(*args, **kwargs)

        return read

    own = vars(Tensor).copy()  # others are methods of its base class
    makers = {name: getattr(torch, name) for name in MAKING}
    for name in READING:
        setattr(Tensor, name, noticed(getattr(Tensor, name), True))
    for name, function in makers.items():
        setattr(torch, name, noticed(function, False))
    try:
        yield
    finally:
        for name, function in makers.items():
            setattr(torch, name, function)
        for name in READING:
            delattr(Tensor, name)
            if name in own:
                setattr(Tensor, name, own[name])


class Recorder(TorchDispatchMode):
    """Collects `calls` while active; `why` is the reason why they cannot be replayed, empty if they can."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # or the first operation imports torch._dynamo, which takes seconds

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # PyTorch's
        self.calls: list[Call] = []
        self.why = ""
        self.bytes = 0
        self.random = False
        self.made: set[int] = set()  # memory that an operation filled

    def refuse(self, why: str) -> None:
        """Continue without recording; the first reason is kept."""
        self.why = self.why or why
        self.calls.clear()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        if not self.why:
            try:
                self._add(func, args, kwargs or {}, out)
            except Exception as error:  # of the recorder itself: the step goes through
                self.refuse(f"{func}: {error}")
        return out

    def _add(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
        given = [leaf for leaf in leaves((args, kwargs)) if leaf is not None]
        outs = leaves(out)
        if why := unfit(func, given, outs):
            self.refuse(why)
            return
        arguments = {memory(leaf) for leaf in given if isinstance(leaf, Tensor)}
        fresh = [leaf for leaf in outs if leaf is not None and memory(leaf) not in arguments]
        self.made |= {memory(leaf) for leaf in fresh}
        self.random |= torch.Tag.nondeterministic_seeded in func.tags
        self.bytes += sum(storage(leaf).nbytes() for leaf in fresh)
        if self.bytes > MOST_BYTES:
            self.refuse(f"a step needs more than {MOST_BYTES // 2**20} MiB if all of it is kept")
            return
        writes = any(argument.alias_info and argument.alias_info.is_write for argument in func._schema.arguments)
        args, kwargs = mapped(alias, (args, kwargs))
        outs, grad = [alias(leaf) for leaf in outs], torch.is_grad_enabled()
        self.calls.append(Call(func, args, kwargs, outs, bool(fresh), writes, grad))


def leaves(nested: Any) -> list[Any]:
    """What tuples, lists and dicts hold (as torch.utils._pytree, in a fraction of the time)."""
    if isinstance(nested, dict):
        nested = nested.values()
    elif not isinstance(nested, tuple | list):
        return [nested]
    found = []
    for part in nested:
        if isinstance(part, tuple | list | dict):
            found += leaves(part)
        else:
            found.append(part)
    return found


def mapped(function: Callable[..., Any], nested: Any) -> Any:
    """The same tuples, lists and dicts with `function` of what they hold."""
    if isinstance(nested, dict):
        return {key: mapped(function, part) for key, part in nested.items()}
    if isinstance(nested, tuple | list):
        parts = [mapped(function, part) for part in nested]
        return parts if isinstance(nested, list) else tuple(parts)
    return function(nested)


def alias(value: Any) -> Any:
    """A tensor of the same memory, unknown to autograd."""
    return value.detach() if isinstance(value, Tensor) else value


def memory(tensor: Tensor) -> int:
    """Which memory a tensor is in."""
    place: int = storage(tensor)._cdata
    return place


def unfit(func: Any, given: list[Any], outs: list[Any], device: str = "cpu") -> str:
    """Why an operation cannot be called again in the same memory, on a `device` of this type; empty if it can."""
    if not isinstance(func, torch._ops.OpOverload):
        return f"{func} is not a plain operation"
    if any(not isinstance(leaf, Tensor | None) for leaf in outs):
        return f"{func} reads a value into Python"
    tensors = [leaf for leaf in (*given, *outs) if isinstance(leaf, Tensor)]
    if any(type(leaf) not in (Tensor, torch.nn.Parameter) or leaf.layout is not torch.strided for leaf in tensors):
        return f"{func} works on tensors of a special kind"
    if torch.is_inference_mode_enabled():
        return f"{func} is called in inference mode"
    if any(leaf.device.type != device for leaf in tensors):
        return f"{func} works on another device"
    if any(isinstance(leaf, torch.Generator) and leaf is not torch.default_generator for leaf in given):
        return f"{func} draws from a generator of its own"
    by_place = func is aten.index.Tensor and not any(
        leaf.dtype in (torch.bool, torch.uint8) for leaf in leaves(given[1:]) if isinstance(leaf, Tensor)
    )
    if torch.Tag.dynamic_output_shape in func.tags and not by_place:
        return f"{func}: the size of its result depends on values"
    if torch.Tag.inplace_view in func.tags and func.overloadpacket not in RESHAPED:
        return f"{func} gives a tensor another shape or memory"
    return ""


def operations(calls: list[Call]) -> list[Callable[[], Any]]:
    """What is to be called, in this order, to compute all again."""
    found: list[Callable[[], Any]] = []
    on = None
    for func, args, kwargs, outs, fresh, writes, grad in calls:
        if not (fresh or writes) or func.overloadpacket in UNFILLED | RESHAPED:
            continue
        if grad is not on:
            found.append(partial(torch._C._set_grad_enabled, grad))
            on = grad
        if not fresh:
            found.append(partial(func._op, *args, **kwargs))
            continue
        if func in FILLED and len(outs) == 1:
            found.append(partial(outs[0].fill_, FILLED[func]))
            continue
        if func is aten.relu.default and full(outs[0]):
            # Its kernel; the overload of relu with `out=` computes in new memory and copies.
            found.append(partial(torch.clamp_min, *args, 0, out=outs[0]))
            continue
        overload, names = out_overload(func)
        if writes or overload is None or len(names) != len(outs) or not all(fills(out) for out in outs):
            found.append(partial(run_and_copy, func._op, args, kwargs, outs))
            continue
        known = {argument.name for argument in overload._schema.arguments}
        more = {name: value for name, value in kwargs.items() if name in known}
        more |= dict(zip(names, outs, strict=True))
        found.append(partial(DIRECT.get(func, overload._op), *args, **more))
    return found


def full(out: Any) -> bool:
    """Whether an output is a tensor that holds something."""
    return isinstance(out, Tensor) and out.numel() > 0


def fills(out: Any) -> bool:
    """Whether an output fills its memory; some losses use it for more on the way, and warn of that with `out=`."""
    return full(out) and storage(out).nbytes() == out.numel() * out.element_size()


@cache
def out_overload(func: Any) -> tuple[Any, list[str]]:
    """The overload of the same operation that writes into given tensors, and what it calls them; None without."""

    def wanted(overload: Any) -> list[tuple[str, str]]:
        arguments = [argument for argument in overload._schema.arguments if not argument.is_out]
        return [(argument.name, str(argument.type)) for argument in arguments if argument.name not in FACTORY_OPTIONS]

    for name in func.overloadpacket.overloads():
        overload = getattr(func.overloadpacket, name)
        outs = [argument.name for argument in overload._schema.arguments if argument.is_out]
        if outs and len(outs) == len(func._schema.returns) and wanted(overload) == wanted(func):
            return overload, outs
    return None, []


def run_and_copy(func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any], outs: list[Any]) -> None:
    """For an operation that cannot write into given tensors."""
    for kept, new in zip(outs, leaves(func(*args, **kwargs)), strict=True):
        if full(kept) and kept.data_ptr() != new.data_ptr():
            if kept.shape != new.shape:
                raise RuntimeError("a result has another shape")
            kept.copy_(new)


def difference(one: list[Call], other: list[Call]) -> str:
    """How two recordings are not the same program on the same weights and constants; empty if they are."""
    if len(one) != len(other):
        return "its operations are not the same in every step"
    places: tuple[dict[int, int], dict[int, int]] = {}, {}
    for first, second in zip(one, other, strict=True):
        texts = [_text(call, known) for call, known in zip((first, second), places, strict=True)]
        if first.function is not second.function or texts[0] != texts[1]:
            return f"{first.function} is not called alike in every step"
    return "" if _constants(one, other) else "a constant is not the same in every step"


def _text(call: Call, places: dict[int, int]) -> list[Any]:
    def leaf(value: Any) -> Any:
        if not isinstance(value, Tensor):
            return value if value is None else (type(value).__name__, repr(value))
        place = places.setdefault(memory(value), len(places))
        return place, tuple(value.shape), value.stride(), value.storage_offset(), value.dtype

    return [leaf(value) for value in leaves((call.args, call.kwargs, call.outs))]


def _constants(one: list[Call], other: list[Call]) -> bool:
    """Whether what no operation made holds the same in both: weights and buffers, and what Python made anew."""
    made: set[int] = set()
    for first, second in zip(one, other, strict=True):
        for a, b in zip(leaves((first.args, first.kwargs)), leaves((second.args, second.kwargs)), strict=True):
            if isinstance(a, Tensor) and memory(a) not in made and memory(a) != memory(b) and not same_bits(a, b):
                return False
        made |= {memory(out) for out in first.outs if isinstance(out, Tensor) and first.fresh}
    return True


def same_bits(one: Tensor | None, other: Tensor | None) -> bool:
    """Whether two tensors are the same to the last bit; nan equals nan, 0 does not equal -0."""
    if one is None or other is None:
        return one is other
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    return torch.equal(*(tensor.contiguous().reshape(-1).view(torch.uint8) for tensor in (one, other)))
