"""The optimizers of the config, by the kernels behind `torch.optim`'s `fused=True`.

The optimizer classes would do the same arithmetic (`tests/training/test_optimizers.py` holds the two together), but
making the first object of one imports torch._dynamo, 3 s, and their functional forms, which do without, spend a
twentieth of a step on sorting tensors by device.

An optimizer sees all weights of all networks as one tensor [seeds, count], and their gradients as another. One that
looks at layers gets them by `training.model.layers`.
"""

import torch
from torch import Tensor

from configuration.parameters import Parameters


class SGD:
    """Stochastic gradient descent with momentum as PyTorch defines it: velocity ← momentum · velocity + gradient."""

    def __init__(self, weights: Tensor, parameters: Parameters):
        self.parameters = parameters
        self.velocity = [torch.zeros_like(weights)] if parameters.momentum else []

    @property
    def buffers(self) -> list[Tensor]:
        """All that must be kept beside the weights to go on later."""
        return self.velocity

    def step(self, weights: Tensor, gradients: Tensor) -> None:
        """Update `weights` in place."""
        torch._fused_sgd_(
            [weights],
            [gradients],
            self.velocity,
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
        self.parameters = parameters
        self.mean = torch.zeros_like(weights)
        self.square = torch.zeros_like(weights)
        self.steps = torch.zeros((), device=weights.device)

    @property
    def buffers(self) -> list[Tensor]:
        """All that must be kept beside the weights to go on later."""
        return [self.mean, self.square, self.steps]

    def step(self, weights: Tensor, gradients: Tensor) -> None:
        """Update `weights` in place."""
        self.steps += 1
        self.update(
            [weights],
            [gradients],
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


OPTIMIZERS = {"sgd": SGD, "adam": Adam, "adamw": AdamW}
