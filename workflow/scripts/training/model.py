"""The network: fully connected layers with an activation between them, as PyTorch's `nn.Linear` starts them.

Weights are a flat list [weight, bias, weight, bias, …] of tensors [out, in] and [out]; networks that train together
(one per seed) are stacked: [seeds, out, in] and [seeds, out]. Every function here takes both.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

ACTIVATIONS = {
    "relu": torch.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "gelu": F.gelu,
    "silu": F.silu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
}

CHUNK = 1024  # images per forward pass without gradients: their activations stay in a core's cache


def initial_weights(widths: Sequence[int], generator: torch.Generator) -> list[Tensor]:
    """Weights and biases drawn as `nn.Linear.reset_parameters` does: uniform within ±1/√(inputs of the layer).

    `widths` are pixels, hidden layers, classes. Glorot & Bengio (2010) discuss this older heuristic.
    """
    weights = []
    for inputs, outputs in pairwise(widths):
        bound = inputs**-0.5
        weights.append(torch.empty(outputs, inputs).uniform_(-bound, bound, generator=generator))
        weights.append(torch.empty(outputs).uniform_(-bound, bound, generator=generator))
    return weights


def forward(weights: Sequence[Tensor], inputs: Tensor, activation: str) -> Tensor:
    """Logits [batch, classes] of inputs [batch, pixels]; of stacked networks [seeds, batch, …]."""
    *hidden, last = zip(weights[::2], weights[1::2], strict=True)
    activate = ACTIVATIONS[activation]
    for weight, bias in hidden:
        inputs = activate(linear(inputs, weight, bias))
    return linear(inputs, *last)


def linear(inputs: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """inputs · weightᵀ + bias, for one network or for stacked ones."""
    if weight.dim() == 2:
        return F.linear(inputs, weight, bias)
    return torch.baddbmm(bias.unsqueeze(-2), inputs, weight.mT)


def inputs_of(images: Tensor, normalize: bool) -> Tensor:
    """Pixels 0 to 255 [..., pixels] as the network sees them: 0 to 1, or with `normalize` -1 to 1 ((x - 0.5) / 0.5)."""
    inputs = images.float()
    return inputs.mul_(2 / 255).sub_(1) if normalize else inputs.mul_(1 / 255)


@torch.no_grad()
def predict(weights: Sequence[Tensor], batches: Iterator[Tensor], normalize: bool, activation: str) -> Tensor:
    """Logits of images (uint8 [..., images, pixels]) that come in batches along their last but one axis."""
    return torch.cat([forward(weights, inputs_of(batch, normalize), activation) for batch in batches], dim=-2)
