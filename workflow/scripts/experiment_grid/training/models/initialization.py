"""Initial weights of the built-in networks by name, as torch.nn.init draws them."""

from collections.abc import Callable
from functools import partial
from typing import Literal

from torch import Tensor, nn

INITIALIZATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "xavier_uniform": nn.init.xavier_uniform_,  # Glorot & Bengio (2010)
    "xavier_normal": nn.init.xavier_normal_,
    "kaiming_uniform": partial(nn.init.kaiming_uniform_, nonlinearity="relu"),  # He et al. (2015)
    "kaiming_normal": partial(nn.init.kaiming_normal_, nonlinearity="relu"),
    "orthogonal": nn.init.orthogonal_,  # Saxe et al. (2014)
}
Initialization = Literal[*INITIALIZATIONS]  # type: ignore[valid-type]  # the names of the table


def initialize(module: nn.Module, name: Initialization) -> None:
    """Draw the weights of all linear and convolutional layers; their biases are 0."""
    for layer in module.modules():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            INITIALIZATIONS[name](layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
