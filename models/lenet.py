"""LeNet-5 with ReLU and max pooling (LeCun et al. 1998, "Gradient-based learning applied to document recognition").

An example of a model of your own: `model: models/lenet.py:LeNet`. The data set gives `input_shape` (C, H, W) and
`classes`; every other argument is an option that a config can set, vary in a grid and compare.
"""

from collections.abc import Sequence

from torch import Tensor, nn


class LeNet(nn.Module):
    """Two convolutions and three fully connected layers: images [B, C, H, W] → logits [B, classes]."""

    def __init__(
        self, input_shape: tuple[int, int, int], classes: int, channels: Sequence[int] = (6, 16), kernel: int = 5
    ):
        super().__init__()
        colours, height, width = input_shape
        first, second = channels
        self.features = nn.Sequential(
            nn.Conv2d(colours, first, kernel, padding=kernel // 2),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(first, second, kernel),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        rows, columns = ((side // 2 - kernel + 1) // 2 for side in (height, width))
        if min(rows, columns) < 1:
            raise ValueError(f"images of {height} x {width} are too small for kernel {kernel}; kernel: 3 needs 8 x 8")
        layers = (nn.Linear(second * rows * columns, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU())
        self.classifier = nn.Sequential(nn.Flatten(), *layers, nn.Linear(84, classes))

    def forward(self, images: Tensor) -> Tensor:
        return self.classifier(self.features(images))
