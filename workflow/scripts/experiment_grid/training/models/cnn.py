"""Convolutions that halve the image, and fully connected layers behind them (LeCun et al. 1998)."""

from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn

from experiment_grid.training.models.mlp import ACTIVATIONS, MLP


class CNN(nn.Module):
    """For each number of channels: convolution, batch norm if wanted, activation, 2 x 2 maximum; then an MLP.

    From images [B, C, H, W] of `input_shape` (C, H, W) to logits [B, classes]. Dropout comes behind hidden layers
    alone.
    """

    def __init__(
        self,
        input_shape: tuple[int, int, int],
        classes: int,
        channels: Sequence[int] = (32, 64),
        kernel_size: int = 3,
        hidden: Sequence[int] = (128,),
        activation: Literal["relu", "leaky_relu", "elu", "gelu", "silu", "tanh", "sigmoid", "prelu"] = "relu",
        dropout: float = 0.0,
        batch_norm: bool = False,
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

    def forward(self, images: Tensor) -> Tensor:
        """Logits [B, classes] of images [B, C, H, W]."""
        return self.head(self.features(images))
