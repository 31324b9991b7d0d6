"""The losses of the config. Training needs their derivatives, the figures of training and evaluation their values.

Does without importing torch, because evaluation does.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor


class Loss(NamedTuple):
    """`value(logits, classes)`: the loss of every image [N] from logits [N, K] and true classes [N], NumPy arrays.

    `gradient(logits, truth)`: its derivative by the logits [..., K, N]; the truth is one-hot, of that shape, both are
    torch tensors.
    A batch's loss is the mean over its images.
    """

    value: Callable[[np.ndarray, np.ndarray], np.ndarray]
    gradient: "Callable[[Tensor, Tensor], Tensor]"


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Log-probabilities [N, K] of logits [N, K]; all NaN where a logit is NaN or infinite."""
    logits = np.asfortranarray(logits)  # class by class: NumPy reduces ten numbers in a row one by one, 5 x as slow
    with np.errstate(invalid="ignore"):
        shifted = logits - logits.max(axis=-1, keepdims=True)
        return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def cross_entropy(logits: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """-log p of the true class, p by softmax. As negative log-likelihood behind a log-softmax output layer it is what
    the original report trains with; PyTorch's CrossEntropyLoss is the same function under another name."""
    return -np.take_along_axis(log_softmax(logits), classes[:, None], axis=-1)[:, 0]


def cross_entropy_gradient(logits: "Tensor", truth: "Tensor") -> "Tensor":
    """p - t (Bishop 2006, eq. 4.109)."""
    return logits.softmax(dim=-2).sub_(truth)


def mean_squared_error(logits: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Mean over the classes of (p - t)², p by softmax, t the one-hot truth: Brier's score divided by K."""
    error = np.exp(log_softmax(logits))
    error[np.arange(len(classes)), classes] -= 1
    return np.square(error).mean(axis=-1)


def mean_squared_error_gradient(logits: "Tensor", truth: "Tensor") -> "Tensor":
    """The derivative by p, g = 2 (p - t) / K, through the softmax: p (g - Σ p g)."""
    probabilities = logits.softmax(dim=-2)
    gradient = (probabilities - truth).mul_(2 / logits.shape[-2])
    return probabilities * (gradient - (probabilities * gradient).sum(dim=-2, keepdim=True))


def multi_class_margin(logits: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Σ max(0, 1 - logit of the true class + logit of another) over the others, divided by K (Crammer & Singer 2001
    take the largest instead of the sum)."""
    margins = np.maximum(0, 1 - np.take_along_axis(logits, classes[:, None], axis=-1) + logits)
    margins[np.arange(len(classes)), classes] = 0
    return margins.sum(axis=-1) / logits.shape[-1]


def multi_class_margin_gradient(logits: "Tensor", truth: "Tensor") -> "Tensor":
    """Each class within the margin is pushed down by 1/K, the true one up by their sum."""
    of_truth = logits.where(truth > 0, 0).sum(dim=-2, keepdim=True)
    within = (1 - of_truth + logits > 0) * (1 - truth)
    return (within - truth * within.sum(dim=-2, keepdim=True)).div_(logits.shape[-2])


LOSSES = {
    "nll": Loss(cross_entropy, cross_entropy_gradient),
    "cross_entropy": Loss(cross_entropy, cross_entropy_gradient),
    "mse": Loss(mean_squared_error, mean_squared_error_gradient),
    "multi_margin": Loss(multi_class_margin, multi_class_margin_gradient),
}
