"""Softmax regression: one linear layer from the pixels to the logits."""

import math

from torch import Tensor, nn

from experiment_grid.training.models.initialization import Initialization, initialize


class Linear(nn.Module):
    """From images [B, C, H, W] of `input_shape` (C, H, W) to logits [B, classes]."""

    def __init__(self, input_shape: tuple[int, int, int], classes: int, init: Initialization | None = None):
        super().__init__()
        self.linear = nn.Linear(math.prod(input_shape), classes)
        if init:
            initialize(self, init)

    def forward(self, images: Tensor) -> Tensor:
        """Logits [B, classes] of images [B, C, H, W]."""
        logits: Tensor = self.linear(images.flatten(1))
        return logits
