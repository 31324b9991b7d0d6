"""The losses of the config, each with its derivative. A batch's loss is the mean over its images."""

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class Loss(NamedTuple):
    """`value(logits, classes)`: the loss of every image [N] from logits [N, K] and true classes [N] (int64).

    `gradient(logits, truth)`: its derivative by the logits [..., K], with the true classes one-hot [..., K].
    """

    value: Callable[[Tensor, Tensor], Tensor]
    gradient: Callable[[Tensor, Tensor], Tensor]


def negative_log_likelihood(logits: Tensor, classes: Tensor) -> Tensor:
    """-log p of the true class behind a log-softmax output layer: what the original report trains with."""
    return F.nll_loss(logits.log_softmax(dim=-1), classes, reduction="none")


def cross_entropy(logits: Tensor, classes: Tensor) -> Tensor:
    """Cross-entropy of softmax and true class: the same function under another name, as PyTorch offers it."""
    return F.cross_entropy(logits, classes, reduction="none")


def cross_entropy_gradient(logits: Tensor, truth: Tensor) -> Tensor:
    """p - t (Bishop 2006, 4.109)."""
    return logits.softmax(dim=-1).sub_(truth)


def mean_squared_error(logits: Tensor, classes: Tensor) -> Tensor:
    """Mean over the classes of (p - t)², p the softmax and t the one-hot truth: Brier's score over K."""
    truth = F.one_hot(classes, logits.shape[-1])
    return (logits.softmax(dim=-1) - truth).square().mean(dim=-1)


def mean_squared_error_gradient(logits: Tensor, truth: Tensor) -> Tensor:
    """The derivative by p, 2 (p - t) / K, through the softmax: p (g - Σ p g)."""
    probabilities = logits.softmax(dim=-1)
    gradient = (probabilities - truth).mul_(2 / logits.shape[-1])
    return probabilities * (gradient - (probabilities * gradient).sum(dim=-1, keepdim=True))


def multi_class_margin(logits: Tensor, classes: Tensor) -> Tensor:
    """Σ max(0, 1 - logit of the true class + logit of another) over the others, divided by K."""
    return F.multi_margin_loss(logits, classes, reduction="none")


def multi_class_margin_gradient(logits: Tensor, truth: Tensor) -> Tensor:
    """Each class within the margin is pushed down by 1/K, the true one up by their sum."""
    of_truth = torch.where(truth > 0, logits, 0).sum(dim=-1, keepdim=True)
    within = (1 - of_truth + logits > 0) * (1 - truth)
    return (within - truth * within.sum(dim=-1, keepdim=True)).div_(logits.shape[-1])


LOSSES = {
    "nll": Loss(negative_log_likelihood, cross_entropy_gradient),
    "cross_entropy": Loss(cross_entropy, cross_entropy_gradient),
    "mse": Loss(mean_squared_error, mean_squared_error_gradient),
    "multi_margin": Loss(multi_class_margin, multi_class_margin_gradient),
}
