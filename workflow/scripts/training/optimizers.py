"""The optimizers of the config, by PyTorch's documented functional forms (`torch.optim.<name>.<name>`).

The optimizer classes would do the same arithmetic, but making the first object of one imports torch._dynamo: 3 s.
"""

import torch
from torch import Tensor
from torch.optim.adam import adam
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd


class Optimizer:
    """Moves weights along their gradients. `buffers`: what it remembers between steps, a tensor beside each weight."""

    buffer_names: tuple[str, ...] = ()

    def __init__(self, weights: list[Tensor], parameters):
        self.parameters = parameters
        self.buffers = {name: [torch.zeros_like(weight) for weight in weights] for name in self.buffer_names}
        self.steps = [torch.zeros((), device=weight.device) for weight in weights]

    def step(self, weights: list[Tensor], gradients: list[Tensor]) -> None:
        """Update `weights` in place."""
        raise NotImplementedError


class SGD(Optimizer):
    """Stochastic gradient descent with momentum as PyTorch defines it (velocity ← momentum · velocity + gradient)."""

    buffer_names = ("velocity",)

    def step(self, weights, gradients):
        sgd(
            weights,
            gradients,
            self.buffers["velocity"],
            fused=True,
            lr=self.parameters.learning_rate,
            momentum=self.parameters.momentum,
            weight_decay=self.parameters.weight_decay,
            dampening=0,
            nesterov=False,
            maximize=False,
        )


class Adam(Optimizer):
    """Kingma & Ba (2015), with PyTorch's defaults: β = 0.9, 0.999 and ε = 1e-8; weight decay joins the gradient."""

    buffer_names = ("mean", "square")
    update = staticmethod(adam)

    def step(self, weights, gradients):
        self.update(
            weights,
            gradients,
            self.buffers["mean"],
            self.buffers["square"],
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
