"""Loss and accuracy from logits; training, validation and test use the same functions."""

import math
from collections.abc import Callable

import torch
from torch import Tensor


@torch.no_grad()
def mean_loss(loss: Callable[[Tensor, Tensor], Tensor], logits: Tensor, labels: Tensor) -> float:
    """The loss of logits [M, K] and labels [M]; may be NaN or infinite."""
    return figure(loss(logits, labels.long()), logits)


def figure(loss: Tensor, logits: Tensor) -> float:
    """The loss of logits [M, K]; NaN where a logit is, of which `torch.nn.MultiMarginLoss` makes 0, a perfect loss."""
    return math.nan if logits.isnan().any() else loss.item()


def accuracy(logits: Tensor, labels: Tensor) -> float:
    """The fraction of images whose largest logit is the true class's, from logits [M, K] and labels [M].

    A diverged network answers NaN. It predicts, as any `argmax`, the first class whose logit is NaN, and so scores
    as if it always answered one class.
    """
    if logits.device.type != "cpu":
        return (logits.argmax(dim=-1) == labels).sum().item() / len(labels)
    predicted = logits.numpy().argmax(axis=-1)  # a quicker argmax than PyTorch's on a CPU
    return float((predicted == labels.numpy()).mean())
