"""The networks: fully connected layers with an activation between them; initial weights, forward and backward pass.

Networks of one shape, one per seed, stand side by side: weights are a flat list [weight, bias, weight, bias, …] of
tensors [seeds, out, in] and [seeds, 1, out], inputs are [seeds, batch, in]. A network alone has one seed.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise

import torch
from torch import Tensor

from training.activations import ACTIVATIONS

CHUNK = 1024  # images per forward pass where nothing is learnt: their activations stay in a core's cache


def initial_weights(widths: Sequence[int], generator: torch.Generator) -> list[Tensor]:
    """Weights [out, in] and biases [out] as `nn.Linear` draws them: uniform within ±1/√(inputs of the layer).

    `widths` are the numbers of pixels, of neurons in each hidden layer, of classes.
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


def layers(numbers: Tensor, widths: Sequence[int]) -> list[Tensor]:
    """The weights and biases in a tensor [seeds, count] of all their numbers; views, not copies."""
    shapes = [shape for inputs, outputs in pairwise(widths) for shape in ((outputs, inputs), (1, outputs))]
    parts = numbers.split([rows * columns for rows, columns in shapes], dim=-1)
    return [part.unflatten(-1, shape) for part, shape in zip(parts, shapes, strict=True)]


def inputs_of(images: Tensor, normalize: bool, out: Tensor | None = None) -> Tensor:
    """Pixels 0 to 255 as the network sees them: 0 to 1, or with `normalize` -1 to 1, which is (x - 0.5) / 0.5.

    The same operations for either, so that normalising costs no time. `out` is a place for the result.
    """
    scale, shift = (2 / 255, -1.0) if normalize else (1 / 255, 0.0)
    pixels = images.float() if out is None else out.copy_(images)
    return torch.add(scalar(shift, images.device), pixels, alpha=scale, out=pixels)


@cache
def scalar(value: float, device: torch.device) -> Tensor:
    """A number on a device: put there once, not at every step."""
    return torch.tensor(value, device=device)


def forward(weights: Sequence[Tensor], inputs: Tensor, activation: str) -> list[Tensor]:
    """What goes through the networks [seeds, batch, width]: the inputs, each layer before and after its activation.

    The last one are the logits [seeds, batch, classes].
    """
    activate = ACTIVATIONS[activation].value
    passed = [inputs]
    for weight, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
        passed.append(torch.baddbmm(bias, passed[-1], weight.mT))
        passed.append(activate(passed[-1]))
    weight, bias = weights[-2:]
    passed.append(torch.baddbmm(bias, passed[-1], weight.mT))
    return passed


def backward(
    weights: Sequence[Tensor], passed: list[Tensor], gradient: Tensor, activation: str, gradients: Sequence[Tensor]
) -> None:
    """Backpropagation (Rumelhart, Hinton & Williams 1986): fill `gradients`, one beside each weight, in place.

    `passed` is what `forward` returned, `gradient` the derivative of the loss by the logits [seeds, batch, classes].
    """
    derivative = ACTIVATIONS[activation].gradient
    for layer in reversed(range(len(weights) // 2)):
        torch.bmm(gradient.mT, passed[2 * layer], out=gradients[2 * layer])
        torch.sum(gradient, dim=-2, keepdim=True, out=gradients[2 * layer + 1])
        if layer:
            before, after = passed[2 * layer - 1 : 2 * layer + 1]
            gradient = derivative(torch.bmm(gradient, weights[2 * layer]), before, after)


@torch.inference_mode()
def predict(weights: Sequence[Tensor], batches: Iterable[Tensor], normalize: bool, activation: str) -> Tensor:
    """Logits [seeds, images, classes] of images uint8 [seeds, images, pixels] that come in batches."""
    return torch.cat([forward(weights, inputs_of(batch, normalize), activation)[-1] for batch in batches], dim=-2)
