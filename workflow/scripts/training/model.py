"""The network: fully connected layers with an activation between them; its initial weights, forward and backward pass.

Weights are a flat list [weight, bias, weight, bias, …] of tensors [out, in] and [out], as `nn.Linear` has them.
Networks that train together, one per seed, are stacked: [seeds, out, in] and [seeds, out]. Everything here takes both.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise

import torch
from torch import Tensor

from training.activations import ACTIVATIONS

CHUNK = 1024  # images per forward pass where nothing is learnt: their activations stay in a core's cache


def initial_weights(widths: Sequence[int], generator: torch.Generator) -> list[Tensor]:
    """Weights and biases as `nn.Linear` draws them: uniform within ±1/√(inputs of the layer).

    `widths` are the numbers of pixels, of neurons in each hidden layer, of classes.
    """
    weights = []
    for inputs, outputs in pairwise(widths):
        bound = inputs**-0.5
        weights.append(torch.empty(outputs, inputs).uniform_(-bound, bound, generator=generator))
        weights.append(torch.empty(outputs).uniform_(-bound, bound, generator=generator))
    return weights


def inputs_of(images: Tensor, normalize: bool) -> Tensor:
    """Pixels 0 to 255 as the network sees them: 0 to 1, or with `normalize` -1 to 1, which is (x - 0.5) / 0.5.

    One operation for either, so that normalising costs no time.
    """
    scale, shift = (2 / 255, -1.0) if normalize else (1 / 255, 0.0)
    return torch.add(_scalar(shift, images.device), images, alpha=scale)


@cache
def _scalar(value: float, device: torch.device) -> Tensor:
    return torch.tensor(value, device=device)


def forward(weights: Sequence[Tensor], inputs: Tensor, activation: str) -> list[Tensor]:
    """What goes through the network [..., batch, width]: the inputs, each layer before and after its activation.

    The last one are the logits [..., batch, classes].
    """
    activate = ACTIVATIONS[activation].value
    passed = [inputs]
    for weight, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        passed.append(linear(passed[-1], weight, bias))
        passed.append(activate(passed[-1]))
    passed.append(linear(passed[-1], *weights[-2:]))
    return passed


def linear(inputs: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """inputs · weightᵀ + bias."""
    if weight.dim() == 2:
        return torch.addmm(bias, inputs, weight.t())
    return torch.baddbmm(bias.unsqueeze(-2), inputs, weight.mT)


def backward(
    weights: Sequence[Tensor], passed: list[Tensor], gradient: Tensor, activation: str, gradients: Sequence[Tensor]
) -> None:
    """Backpropagation (Rumelhart, Hinton & Williams 1986): fill `gradients`, one beside each weight, in place.

    `passed` is what `forward` returned, `gradient` the derivative of the loss by the logits [..., batch, classes].
    """
    derivative = ACTIVATIONS[activation].gradient
    for layer in reversed(range(len(weights) // 2)):
        torch.matmul(gradient.mT, passed[2 * layer], out=gradients[2 * layer])
        torch.sum(gradient, dim=-2, out=gradients[2 * layer + 1])
        if layer:
            before, after = passed[2 * layer - 1 : 2 * layer + 1]
            gradient = derivative(gradient @ weights[2 * layer], before, after)


@torch.inference_mode()
def predict(weights: Sequence[Tensor], batches: Iterable[Tensor], normalize: bool, activation: str) -> Tensor:
    """Logits [..., images, classes] of images uint8 [..., images, pixels] that come in batches."""
    return torch.cat([forward(weights, inputs_of(batch, normalize), activation)[-1] for batch in batches], dim=-2)
