"""Convolutions that halve the image, and fully connected layers behind them (LeCun et al. 1998)."""

from typing import Annotated

from annotated_types import Ge
from torch import Tensor, nn

from experiment_grid.training.models.initialization import Initialization, initialize
from experiment_grid.training.models.mlp import ACTIVATIONS, MLP, Activation, Share, Widths


class CNN(nn.Module):
    """For each number of channels: convolution, batch norm if wanted, activation, 2 x 2 maximum; then an MLP.

    From images [B, C, H, W] of `input_shape` (C, H, W) to logits [B, classes]. Dropout comes behind hidden layers
    alone.
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        classes: int,
        channels: Widths = (32, 64),
        kernel_size: Annotated[int, Ge(1)] = 3,
        hidden: Widths = (128,),
        activation: Activation = "relu",
        dropout: Share = 0.0,
        batch_norm: bool = False,
        init: Initialization | None = None,
    ):
        super().__init__()
        planes, height, width = input_shape
        layers: list[nn.Module] = []
        for maps in channels:
            layers.append(nn.Conv2d(planes, maps, kernel_size, padding="same"))
            if batch_norm:
                layers.append(nn.BatchNorm2d(maps))
            layers += [
                ACTIVATIONS[activation](),
                nn.MaxPool2d(2, ceil_mode=True),
            ]  # rounded up: an image never vanishes
            planes, height, width = maps, -(-height // 2), -(-width // 2)
        self.features = nn.Sequential(*layers)
        self.head = MLP((planes, height, width), classes, hidden, activation, dropout, batch_norm)
        if init:
            initialize(self, init)

    def forward(self, images: Tensor) -> Tensor:
        """Logits [B, classes] of images [B, C, H, W]."""
        logits: Tensor = self.head(self.features(images))
        return logits
