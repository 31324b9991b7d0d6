"""When a seed's training ends, and which of its epochs counts."""

from collections.abc import Sequence

import numpy as np


def stops(validation_accuracy: Sequence[float], patience: int | None) -> bool:
    """Whether training ends early: `patience` epochs have passed since the first with the best validation accuracy."""
    if patience is None or not validation_accuracy:
        return False
    return len(validation_accuracy) - chosen_epoch(validation_accuracy, "validation") >= patience


def chosen_epoch(validation_accuracy: Sequence[float], rule: str) -> int:
    """The epoch whose figures count for a seed: the `last`, or the first with the best `validation` accuracy."""
    return len(validation_accuracy) if rule == "last" else int(np.argmax(validation_accuracy)) + 1
