"""For the tests of users' components: files in models/, training with what is in them, and the refusal of it."""

import pytest
import torch
from trained_cell import canonical, images_of_classes

from experiment_grid.runtime.errors import UserError
from experiment_grid.training.loop import Trainer

HEAD = "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n"
NET = """
class Net(nn.Module):
    def __init__(self, classes, width=8):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(30, width), nn.ReLU(), nn.Linear(width, classes))

    def forward(self, images):
        return self.layers(images)
"""


def write(folder, code, name="net.py"):
    """A file of the user's that begins with HEAD."""
    (folder / name).write_text(HEAD + code, "utf-8")


def new_trainer(**changes):
    images, labels = (torch.from_numpy(array) for array in images_of_classes(60))
    return Trainer("lenet", canonical(**changes), 1, images, labels, 4)


def trained(**changes):
    """A trainer after one epoch."""
    trainer = new_trainer(**changes)
    trainer.epoch(1)
    return trainer


def refused(**changes):
    """The message with which a component is refused, which is one line."""
    with pytest.raises(UserError) as caught:
        trained(**changes)
    assert "\n" not in str(caught.value)
    return str(caught.value)
