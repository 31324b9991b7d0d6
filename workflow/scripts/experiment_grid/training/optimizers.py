"""The optimizers of the config, with the arithmetic of `torch.optim` (`tests/training/test_optimizers.py` holds the
two together).

Its fused kernels are called as they are: one pass over all weights. Its classes are left alone because making the
first object of one imports torch._dynamo, 3 s, and its functional forms, which do without, because they spend a
twentieth of a step on sorting tensors by device.

An optimizer sees all weights of all networks as one tensor [seeds, count]. It owns a `gradient` of that shape, which
backpropagation fills. One that looks at layers gets them by `training.model.layers`.
"""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from experiment_grid.config.parameters import Parameters


class Optimizer(Protocol):
    """What training needs of an optimizer.

    A step is written down once (`training.step`): `weights` and `gradient` are changed in place, never replaced.
    `parameters` may change between steps.
    """

    parameters: Parameters
    weights: Tensor
    gradient: Tensor

    @property
    def buffers(self) -> list[Tensor]:
        """All that must be kept beside the weights to go on later."""

    def step(self) -> None:
        """Update the weights in place."""


class SGD:
    """Stochastic gradient descent with momentum as PyTorch defines it: velocity ← momentum · velocity + gradient."""

    def __init__(self, weights: Tensor, parameters: Parameters):
        self.weights, self.parameters = weights, parameters
        self.gradient = torch.zeros_like(weights)
        self.buffers = [torch.zeros_like(weights)]  # the velocity

    def step(self) -> None:
        """Update the weights in place."""
        torch._fused_sgd_(
            [self.weights],
            [self.gradient],
            self.buffers if self.parameters.momentum else [],
            lr=self.parameters.learning_rate,
            momentum=self.parameters.momentum,
            weight_decay=self.parameters.weight_decay,
            dampening=0,
            nesterov=False,
            maximize=False,
            is_first_step=False,
        )


class Adam:
    """Kingma & Ba (2015), with PyTorch's defaults β = 0.9, 0.999 and ε = 1e-8; weight decay joins the gradient."""

    update = staticmethod(torch._fused_adam_)

    def __init__(self, weights: Tensor, parameters: Parameters):
        self.weights, self.parameters = weights, parameters
        self.gradient = torch.zeros_like(weights)
        self.mean = torch.zeros_like(weights)
        self.square = torch.zeros_like(weights)
        self.steps = torch.zeros((), device=weights.device)

    @property
    def buffers(self) -> list[Tensor]:
        """All that must be kept beside the weights to go on later."""
        return [self.mean, self.square, self.steps]

    def step(self) -> None:
        """Update the weights in place."""
        self.steps += 1
        self.update(
            [self.weights],
            [self.gradient],
            [self.mean],
            [self.square],
            [],
            [self.steps],
            lr=self.parameters.learning_rate,
            weight_decay=self.parameters.weight_decay,
            beta1=0.9,
            beta2=0.999,
            eps=1e-8,
            amsgrad=False,
            maximize=False,
        )


class AdamW(Adam):
    """Loshchilov & Hutter (2019): Adam whose weight decay acts on the weights, apart from the gradient."""

    update = staticmethod(torch._fused_adamw_)


OPTIMIZERS: dict[str, Callable[[Tensor, Parameters], Optimizer]]
OPTIMIZERS = {"sgd": SGD, "adam": Adam, "adamw": AdamW}
