"""Confusion matrix of a network's answers, and which epoch speaks for a seed."""

from collections.abc import Sequence

import numpy as np


def confusion(logits: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """How many images of each true class (rows) were taken for each class (columns), int32 [K, K]."""
    k = logits.shape[-1]
    pairs = classes.astype(np.int64) * k + logits.argmax(axis=-1)
    return np.bincount(pairs, minlength=k * k).reshape(k, k).astype(np.int32)


def chosen_epoch(validation_accuracy: Sequence[float], rule: str) -> int:
    """The epoch that speaks for a seed: the `last`, or the first with the best `validation` accuracy."""
    return len(validation_accuracy) if rule == "last" else int(np.argmax(validation_accuracy)) + 1
