"""Softmax regression: one linear layer from the pixels to the logits."""

import math

from torch import Tensor, nn


class Linear(nn.Module):
    """From images [B, C, H, W] of `input_shape` (C, H, W) to logits [B, classes]."""

    def __init__(self, input_shape: tuple[int, int, int], classes: int):
        super().__init__()
        self.linear = nn.Linear(math.prod(input_shape), classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits [B, classes] of images [B, C, H, W]."""
        return self.linear(images.flatten(1))
