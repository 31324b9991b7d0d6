"""Loss and accuracy of a network's answers, the same in training, validation and test.

A diverged network answers NaN. What it predicts is, as for any `argmax`, the first class whose logit is NaN: it scores
what always naming one class scores, and its loss is no number.
"""

import numpy as np

from experiment_grid.training.losses import LOSSES


def mean_loss(logits: np.ndarray, classes: np.ndarray, loss: str) -> float:
    """The mean over images of a loss by its name, from logits [M, K] and true classes [M]; may be NaN or infinite."""
    return float(LOSSES[loss].value(logits, classes).mean(dtype=np.float64))


def accuracy(logits: np.ndarray, classes: np.ndarray) -> float:
    """The fraction of images whose largest logit is the true class's."""
    return float((logits.argmax(axis=-1) == classes).mean())
