"""Loss, accuracy and confusion matrix of a network's answers, and which epoch speaks for a seed.

A diverged network answers NaN. What it predicts is, as for any `argmax`, the first class whose logit is NaN: it scores
what always naming one class scores, and its loss is no number.
"""

from collections.abc import Sequence

import numpy as np

from training.losses import LOSSES


def mean_loss(logits: np.ndarray, classes: np.ndarray, loss: str) -> float:
    """The mean over images of a loss by its name, from logits [M, K] and true classes [M]; may be NaN or infinite."""
    return float(LOSSES[loss].value(logits, classes).mean(dtype=np.float64))


def accuracy(logits: np.ndarray, classes: np.ndarray) -> float:
    """The fraction of images whose largest logit is the true class's."""
    return float((logits.argmax(axis=-1) == classes).mean())


def confusion(logits: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """How many images of each true class (rows) were taken for each class (columns), int32 [K, K]."""
    k = logits.shape[-1]
    pairs = classes.astype(np.int64) * k + logits.argmax(axis=-1)
    return np.bincount(pairs, minlength=k * k).reshape(k, k).astype(np.int32)


def chosen_epoch(validation_accuracy: Sequence[float], rule: str) -> int:
    """The epoch that speaks for a seed: the `last`, or the first with the best `validation` accuracy."""
    return len(validation_accuracy) if rule == "last" else int(np.argmax(validation_accuracy)) + 1
