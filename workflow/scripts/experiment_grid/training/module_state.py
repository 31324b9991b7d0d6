"""What must be saved beside the weights of an epoch for a training to resume with the same bits."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

PLAIN = (bool, int, float, str, type(None))
OF_EVERY_MODULE = {*vars(nn.Module())}


def saved(thing: Any) -> dict[str, Tensor]:
    """The state dict of a module, copied to the CPU: contiguous, nothing shared, so that tied weights are there twice.

    Empty for what is not a module.
    """
    state = thing.state_dict() if isinstance(thing, nn.Module) else {}
    return {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in state.items()}


def unsaved(thing: Any) -> dict[str, Any]:
    """What a state dict leaves out, by module and name: buffers that are not persistent, and attributes that are
    numbers, texts or tensors, such as a counter in `forward`. A list or an object that a module changes is not seen."""
    found = {}
    for path, owner in _owners(thing).items():
        is_module = isinstance(owner, nn.Module)
        for name, value in getattr(owner, "__dict__", {}).items():
            plain = isinstance(value, PLAIN) or (isinstance(value, Tensor) and value.is_leaf)
            if plain and not (is_module and name in OF_EVERY_MODULE):
                found[f"{path}.{name}"] = value
        for name in owner._non_persistent_buffers_set if is_module else ():
            found[f"{path}.{name}"] = owner._buffers[name]
    return found


def restore(thing: Any, state: Mapping[str, Any]) -> None:
    """Put back what `unsaved` found."""
    owners = _owners(thing)
    for key, value in state.items():
        path, _, name = key.rpartition(".")
        before = getattr(owners[path], name, None)
        if isinstance(value, Tensor) and isinstance(before, Tensor):
            value = value.to(before.device)
        setattr(owners[path], name, value)


def _owners(thing: Any) -> dict[str, Any]:
    return dict(thing.named_modules()) if isinstance(thing, nn.Module) else {"": thing}
