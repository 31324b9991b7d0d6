"""What the stand-ins for torch.optim's classes share: their interface, without importing torch._dynamo.

Making the first object of a torch.optim class, or its first step, imports torch._dynamo: 3 to 8 seconds, longer than
a small cell trains. The kernels behind `fused=True` can be called without it; they give the same bits on a CPU
(tests/training/test_optimizers.py).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

# Options of torch.optim with the values for which a stand-in does what they ask for.
DONE_ANYWAY = {"fused": True, "foreach": False, "differentiable": False, "capturable": False}


class FusedOptimizer:
    """An optimizer with the interface of `torch.optim.Optimizer`: param_groups, state, step, zero_grad, state_dict."""

    options: frozenset[str]  # that the stand-in takes, lr aside

    @classmethod
    def does(cls, parameters: Iterable[Tensor], options: Mapping[str, Any]) -> bool:
        """Whether the stand-in does what `options` ask for, on parameters of one device and one kind of float."""
        kinds = {(parameter.device, parameter.dtype) for parameter in parameters}
        return (
            len(kinds) == 1
            and all(dtype.is_floating_point for _, dtype in kinds)
            and all(name in cls.options or DONE_ANYWAY.get(name) is value for name, value in options.items())
            and cls.allowed(options)
        )

    @classmethod
    def allowed(cls, options: Mapping[str, Any]) -> bool:
        """Whether torch.optim allows these values; where not, torch.optim itself reports it."""
        return all(value >= 0 for value in options.values() if isinstance(value, int | float))

    def __init__(self, parameters: Iterable[Tensor], **group: Any):
        self.param_groups: list[dict[str, Any]] = [{"params": list(parameters), **group}]
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.rates: list[Tensor] = []

    def hold_rates(self) -> None:
        """Keep the groups' learning rates as tensors beside the parameters: a CUDA graph reads them at each replay."""
        places = [group["params"][0].device for group in self.param_groups]
        self.rates = [torch.zeros((), dtype=torch.float32, device=place) for place in places]
        self._held: list[float | None] = [None] * len(places)
        self.put_rates()

    def put_rates(self) -> None:
        """Put the learning rates that have changed into their tensors."""
        for place, rate in enumerate(self.rates):
            if self._held[place] != self.param_groups[place]["lr"]:
                rate.fill_(self.param_groups[place]["lr"])
                self._held[place] = self.param_groups[place]["lr"]

    def zero_grad(self) -> None:
        """Drop the gradients."""
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.grad = None

    def step(self, closure: Callable[[], Tensor]) -> Tensor:
        """Call `closure`, which computes the loss and its gradients; update the parameters; return the loss."""
        with torch.enable_grad():
            loss = closure()
        with torch.no_grad():
            self.put_rates()
            for place, group in enumerate(self.param_groups):
                with_gradient = [parameter for parameter in group["params"] if parameter.grad is not None]
                if with_gradient:
                    gradients = [laid_out_as(parameter, parameter.grad) for parameter in with_gradient]
                    options = {**group, "lr": self.rates[place]} if self.rates else group
                    self.update(options, with_gradient, gradients)
        return loss

    def update(self, group: dict[str, Any], parameters: list[Tensor], gradients: list[Tensor]) -> None:
        """Update parameters in place by their gradients; `group` has the options."""
        raise NotImplementedError

    def state_dict(self) -> dict[str, Any]:
        """All that must be kept beside the parameters to resume later, in torch.optim's form."""
        groups: list[dict[str, Any]] = []
        numbers: dict[int, int] = {}
        for group in self.param_groups:
            numbers |= {id(parameter): len(numbers) + turn for turn, parameter in enumerate(group["params"])}
            groups.append(group | {"params": [numbers[id(parameter)] for parameter in group["params"]]})
        state = {numbers[id(parameter)]: dict(values) for parameter, values in self.state.items()}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, kept: Mapping[str, Any]) -> None:
        """Resume from what `state_dict` returned."""
        for group, values in zip(self.param_groups, kept["param_groups"], strict=True):
            group |= {name: value for name, value in values.items() if name != "params"}
        parameters = [parameter for group in self.param_groups for parameter in group["params"]]
        self.state.clear()
        for number, values in kept["state"].items():
            parameter = parameters[number]
            on_device = {name: value.to(parameter.device) for name, value in values.items()}
            self.state[parameter] = {name: laid_out_as(parameter, value) for name, value in on_device.items()}


def laid_out_as(parameter: Tensor, value: Tensor) -> Tensor:
    """`value` with the strides of a parameter of its shape: the fused kernels go through memory without a look at
    strides, so that tensors that are laid out otherwise would be taken for others."""
    if value.shape != parameter.shape or value.stride() == parameter.stride():
        return value
    return torch.empty_like(parameter).copy_(value)


def rows(tensors: list[Tensor]) -> list[Tensor]:
    """The same tensors, a transposed matrix as it is in memory, which the fused kernels do not copy."""
    return [tensor if tensor.dim() != 2 or tensor.is_contiguous() else tensor.t() for tensor in tensors]
