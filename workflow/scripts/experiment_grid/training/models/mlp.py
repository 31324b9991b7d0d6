"""Fully connected layers with an activation between them."""

import math
from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn

ACTIVATIONS = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "prelu": nn.PReLU,  # one slope for each layer
}


class MLP(nn.Module):
    """Hidden layers of the given widths: linear, batch norm if wanted, activation, dropout if wanted; then the logits.

    From images [B, C, H, W] of `input_shape` (C, H, W) to logits [B, classes].
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        classes: int,
        hidden: Sequence[int] = (128, 64),
        activation: Literal["relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid", "prelu"] = "relu",
        dropout: float = 0.0,
        batch_norm: bool = False,
    ):
        super().__init__()
        layers: list[nn.Module] = []
        width = math.prod(input_shape)
        for units in hidden:
            layers.append(nn.Linear(width, units))
            if batch_norm:
                layers.append(nn.BatchNorm1d(units))
            layers.append(ACTIVATIONS[activation]())
            if dropout:
                layers.append(nn.Dropout(dropout))
            width = units
        layers.append(nn.Linear(width, classes))
        self.layers = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> Tensor:
        """Logits [B, classes] of images [B, C, H, W]."""
        return self.layers(images.flatten(1))
