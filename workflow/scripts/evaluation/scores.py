"""How good saved weights are on the test images: loss, accuracy, confusion matrix, log-probabilities.

A diverged network answers NaN. Its predicted class is, as for `argmax`, the first whose logit is NaN, so that it scores
what always naming that class scores; its loss is not a number.
"""

from dataclasses import dataclass

import numpy as np
import torch

from training.losses import LOSSES


@dataclass(frozen=True)
class Score:
    """One network's figures on the test images; `confusion` [classes, classes]: rows true, columns predicted."""

    loss: float
    accuracy: float
    confusion: np.ndarray


def score(logits: torch.Tensor, labels: torch.Tensor, loss: str) -> Score:
    """Score logits [M, classes] against the true classes [M] (int64)."""
    n_classes = logits.shape[1]
    predicted = logits.argmax(dim=1)
    pairs = (labels * n_classes + predicted).numpy()
    confusion = np.bincount(pairs, minlength=n_classes**2).reshape(n_classes, n_classes).astype(np.int32)
    return Score(
        loss=LOSSES[loss].value(logits, labels).mean(dtype=torch.float64).item(),
        accuracy=float(np.trace(confusion) / len(labels)),
        confusion=confusion,
    )


def chosen_epoch(validation_accuracy: list[float], rule: str) -> int:
    """The epoch that represents a seed: the `last`, or the first with the best `validation` accuracy."""
    if rule == "last":
        return len(validation_accuracy)
    return int(np.argmax(np.nan_to_num(validation_accuracy, nan=-1.0))) + 1
