"""Attribution: each pixel's share in the margin of the predicted class over the true one, by integrated gradients."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

STEPS = 128  # points on the way from the blank image; the sum is then within about one per cent of the margin
CHUNK = 64  # images at a time


def integrated_gradients(
    logits: Callable[[Tensor], Tensor], inputs: Tensor, blank: Tensor, predicted: Tensor, true: Tensor
) -> Tensor:
    """Share of each pixel in the margin logit(predicted) - logit(true), in logits, in the shape of `inputs`.

    `inputs` [images, …] as the network sees them, `blank` […] likewise; `logits` maps inputs to logits
    [images, classes]. The shares of an image add up to its margin minus the blank image's: the gradient is averaged
    along the straight way between the two (Sundararajan, Taly & Yan 2017, "Axiomatic attribution for deep networks").
    """
    chunks = zip(inputs.split(CHUNK), predicted.split(CHUNK), true.split(CHUNK), strict=True)
    return torch.cat([_chunk(logits, part, blank, towards, against) for part, towards, against in chunks])


def _chunk(
    logits: Callable[[Tensor], Tensor], inputs: Tensor, blank: Tensor, predicted: Tensor, true: Tensor
) -> Tensor:
    way = inputs - blank
    total = torch.zeros_like(inputs)
    for step in range(STEPS):
        point = (blank + (step + 0.5) / STEPS * way).requires_grad_()
        margin = margins(logits(point.clone()), predicted, true).sum()  # a copy, as a module may change what it gets
        if margin.requires_grad:  # otherwise the graph has no path from the pixels to the logits
            total += torch.autograd.grad(margin, point, materialize_grads=True)[0]
    return total * way / STEPS


def margins(logits: Tensor, predicted: Tensor, true: Tensor) -> Tensor:
    """logit(predicted) - logit(true) of each image, [B], from logits [B, K] and classes [B]."""
    return logits.gather(1, predicted[:, None])[:, 0] - logits.gather(1, true[:, None])[:, 0]


def as_tiles(shares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shares [images, pixels] as bytes around 128 (0) and, for each image, the logits of one step."""
    scale = np.abs(shares).max(axis=1, initial=0.0) / 127
    steps = shares / np.where(scale > 0, scale, 1.0)[:, None]
    return (128 + np.rint(steps)).astype(np.uint8), scale
