"""The optimizers of the config, by PyTorch's documented functional forms (`torch.optim.<name>.<name>`).

The optimizer classes would do the same arithmetic, but making the first object of one imports torch._dynamo: 3 s.
"""

import torch
from torch import Tensor
from torch.optim.adam import adam
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

from experiment.parameters import Parameters


class SGD:
    """Stochastic gradient descent with momentum as PyTorch defines it: velocity ← momentum · velocity + gradient."""

    def __init__(self, weights: list[Tensor], parameters: Parameters):
        self.parameters = parameters
        self.velocity = [torch.zeros_like(weight) for weight in weights]

    @property
    def buffers(self) -> list[Tensor]:
        """All that must be kept beside the weights to go on later."""
        return self.velocity

    def step(self, weights: list[Tensor], gradients: list[Tensor]) -> None:
        """Update `weights` in place."""
        sgd(
            weights,
            gradients,
            self.velocity,
            fused=True,
            lr=self.parameters.learning_rate,
            momentum=self.parameters.momentum,
            weight_decay=self.parameters.weight_decay,
            dampening=0,
            nesterov=False,
            maximize=False,
        )


class Adam:
    """Kingma & Ba (2015), with PyTorch's defaults β = 0.9, 0.999 and ε = 1e-8; weight decay joins the gradient."""

    update = staticmethod(adam)

    def __init__(self, weights: list[Tensor], parameters: Parameters):
        self.parameters = parameters
        self.means = [torch.zeros_like(weight) for weight in weights]
        self.squares = [torch.zeros_like(weight) for weight in weights]
        self.steps = [torch.zeros((), device=weight.device) for weight in weights]

    @property
    def buffers(self) -> list[Tensor]:
        """All that must be kept beside the weights to go on later."""
        return [*self.means, *self.squares, *self.steps]

    def step(self, weights: list[Tensor], gradients: list[Tensor]) -> None:
        """Update `weights` in place."""
        self.update(
            weights,
            gradients,
            self.means,
            self.squares,
            [],
            self.steps,
            fused=True,
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

    update = staticmethod(adamw)


OPTIMIZERS = {"sgd": SGD, "adam": Adam, "adamw": AdamW}
