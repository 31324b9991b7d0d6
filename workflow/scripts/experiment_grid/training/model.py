"""The networks: fully connected layers with an activation between them; initial weights, inputs, forward pass.

Networks of one shape, one per seed, stand side by side: a layer holds the weights and biases of all of them. What goes
through them is [seeds, width, images], an image a column. A network alone has one seed.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from experiment_grid.training.activations import ACTIVATIONS
from experiment_grid.training.products import affine

CHUNK = 500  # images per forward pass where nothing is learnt: few products, and their activations stay in a cache


class Layer(NamedTuple):
    """Weights [seeds, out, in] and biases [seeds, out, 1]."""

    weight: Tensor
    bias: Tensor


def initial_weights(widths: Sequence[int], generator: torch.Generator) -> list[Tensor]:
    """One network's [weight, bias, weight, bias, …] as `nn.Linear` draws them: uniform within ±1/√(a layer's inputs).

    Shapes are [out, in] and [out]; `widths` are the numbers of pixels, of neurons in each hidden layer, of classes.
    """
    weights = []
    for inputs, outputs in pairwise(widths):
        bound = inputs**-0.5
        weights.append(torch.empty(outputs, inputs).uniform_(-bound, bound, generator=generator))
        weights.append(torch.empty(outputs).uniform_(-bound, bound, generator=generator))
    return weights


def stacked(networks: Sequence[Sequence[Tensor]]) -> Tensor:
    """All numbers of networks of one shape as one tensor [seeds, count]: one operation changes all weights."""
    return torch.stack([torch.cat([tensor.flatten() for tensor in network]) for network in networks])


def layers(flat_params: Tensor, widths: Sequence[int]) -> list[Layer]:
    """The layers of the networks whose numbers are the tensor [seeds, count]; views, not copies."""
    shapes = [shape for inputs, outputs in pairwise(widths) for shape in ((outputs, inputs), (outputs, 1))]
    parts = flat_params.split([rows * columns for rows, columns in shapes], dim=-1)
    views = [part.unflatten(-1, shape) for part, shape in zip(parts, shapes, strict=True)]
    return [Layer(weight, bias) for weight, bias in zip(views[::2], views[1::2], strict=True)]


def inputs_of(images: Tensor, normalize: bool, out: Tensor | None = None) -> Tensor:
    """Pixels 0 to 255 as the network sees them: 0 to 1, or with `normalize` -1 to 1, which is (x - 0.5) / 0.5.

    shift + scale · pixels for either, so that normalising costs no time. `out` is a place for the result.
    """
    scale, shift = (2 / 255, -1.0) if normalize else (1 / 255, 0.0)
    pixels = images.float() if out is None else out.copy_(images)
    return torch.add(scalar(shift, images.device), pixels, alpha=scale, out=pixels)


@cache
def scalar(value: float, device: torch.device) -> Tensor:
    """A number on a device: put there once, not at every step."""
    return torch.tensor(value, device=device)


def forward(network: Sequence[Layer], inputs: Tensor, activation: str) -> Tensor:
    """Logits [seeds, classes, images] of inputs [seeds, pixels, images]."""
    activate = ACTIVATIONS[activation].value
    *hidden, last = network
    for weight, bias in hidden:
        inputs = activate(affine(weight, inputs, bias))
    return affine(last.weight, inputs, last.bias)


@torch.inference_mode()
def predict(network: Sequence[Layer], batches: Iterable[Tensor], normalize: bool, activation: str) -> Tensor:
    """Logits [seeds, images, classes] of images uint8 [seeds, images, pixels] that come in batches."""
    logits = [forward(network, inputs_of(batch, normalize).mT, activation) for batch in batches]
    return torch.cat(logits, dim=-1).mT
