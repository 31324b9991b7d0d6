"""Accuracy of a network's answers, the same in training, validation and test."""

import numpy as np


def accuracy(logits: np.ndarray, classes: np.ndarray) -> float:
    """The fraction of images whose largest logit is the true class's, from logits [M, K] and classes [M].

    A diverged network answers NaN. What it predicts is, as for any `argmax`, the first class whose logit is NaN: it
    scores what always naming one class scores.
    """
    return float((logits.argmax(axis=-1) == classes).mean())
