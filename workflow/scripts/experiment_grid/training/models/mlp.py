"""Fully connected layers with an activation between them."""

import math
from collections.abc import Sequence
from typing import Annotated, Literal

from annotated_types import Interval, MaxLen
from torch import Tensor, nn

from experiment_grid.training.models.initialization import Initialization, initialize

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
# What options may be: the configuration reads it here.
Activation = Literal[*ACTIVATIONS]  # type: ignore[valid-type]  # the names of the table
Width = Annotated[int, Interval(ge=1, le=65536)]
Widths = Annotated[Sequence[Width], MaxLen(64)]
Share = Annotated[float, Interval(ge=0, lt=1)]


class MLP(nn.Module):
    """Hidden layers of the given widths: linear, batch norm if wanted, activation, dropout if wanted; then the logits.

    From images [B, C, H, W] of `input_shape` (C, H, W) to logits [B, classes].
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        classes: int,
        hidden: Widths = (128, 64),
        activation: Activation = "relu",
        dropout: Share = 0.0,
        batch_norm: bool = False,
        init: Initialization | None = None,
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
        if init:
            initialize(self, init)

    def forward(self, images: Tensor) -> Tensor:
        """Logits [B, classes] of images [B, C, H, W]."""
        logits: Tensor = self.layers(images.flatten(1))
        return logits
