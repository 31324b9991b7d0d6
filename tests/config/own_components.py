"""For the tests of components: files of the user's with components, and cells that use them."""

from configs import load_overlay

from experiment_grid.config.parameters import Component
from experiment_grid.config.settings import Settings

LENET = """\
from torch import nn

from blocks import block


class Base(nn.Module):
    def __init__(self, width: int, channels: list[int] = [6, 16], mode: str | None = None, scale=1.5, **more):
        super().__init__()


class LeNet(nn.Module):
    def __init__(
        self, input_shape, classes: int, channels: tuple[int, int] = (6, 16), act: "Literal['relu', 'tanh']" = "relu"
    ):
        super().__init__()
        self.layers = block(channels, classes)


class Wide(Base):
    pass


class Bare(nn.Module):
    pass


class Dropping(nn.Module):
    def __init__(self, classes, hidden: int = 64, dropout: float = 0.5):
        super().__init__()


def focal(logits, labels, gamma: float = 2.0):
    return None


def placed(logits, labels, weight=3, /, gamma=2):
    return None


def loose(classes, scale=2.0, steps=3, sizes=(1, 2.5), any=None, table={}, **more):
    return None


Other = LeNet
if focal:
    Either = LeNet
else:
    Either = Wide
Once = Bare
Bare = block(Bare)
raise RuntimeError("a user's file was run")
"""


NAMES = """\
import functools
from torch import Tensor, nn
from torch.nn import *

SIZES = [1, 2]
Deep = 3


class Mine(nn.Module): ...


class _Hidden(nn.Module): ...


made = functools.partial(Mine)
"""


def cell(tmp_path, text: str, *more: str, **options) -> dict[str, Component]:
    """Components of the cell `x` of an overlay."""
    parameters = settings_of(tmp_path, text, *more, **options).cells["x"].parameters
    return {kind: getattr(parameters, kind) for kind in ("model", "loss", "optimizer", "schedule")}


def settings_of(tmp_path, text: str, *more: str, **options) -> Settings:
    texts = ["baseline: x\nfinal: x\n" + text, *more]
    return load_overlay(tmp_path, *texts, **options)


def of(text: str) -> str:
    """An overlay with the one cell x."""
    return f"cells: [{{name: x, {text}}}]\n"


LOOSE = "_target_: models/lenet.py:loose"
BASE = "defaults: {model: {_target_: models/lenet.py:LeNet, channels: [1, 2]}, optimizer: {nesterov: true}}\n"
