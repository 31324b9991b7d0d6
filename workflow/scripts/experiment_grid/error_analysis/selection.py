"""Which test images are shown: wrong and right ones of the final model, and those that many cells get wrong."""

from typing import Any

import numpy as np

FIRST, NARROW = (
    4,
    2,
)  # right examples of each class: the first ones of the test set, and those with the lowest probability
MOST_HARD = 60


def right_examples(labels: np.ndarray, predicted: np.ndarray, probability: np.ndarray) -> list[tuple[int, str]]:
    """(test image, kind) of right predictions, class by class: the `first` ones, unselected, and the most `narrow`.

    `labels` and `predicted` [M]; `probability` [M] of the predicted class.
    """
    examples = []
    for k in np.unique(labels):
        right = np.flatnonzero((labels == k) & (predicted == k))
        first = right[:FIRST]
        rest = np.setdiff1d(right, first)
        narrow = rest[np.argsort(probability[rest], kind="stable")][:NARROW]
        examples += [(int(index), "first") for index in first] + [(int(index), "narrow") for index in narrow]
    return examples


def hard_images(labels: np.ndarray, predicted: np.ndarray) -> list[dict[str, Any]]:
    """The images that most models get wrong, ties in the order of the test set.

    `labels` uint8 [M], `predicted` uint8 [cells, M]; equal rows of it count once.
    """
    predicted = np.unique(predicted, axis=0)
    wrong = (predicted != labels).sum(axis=0)
    order = np.argsort(-wrong, kind="stable")[:MOST_HARD]
    return [_hard(int(index), labels, predicted, int(wrong[index])) for index in order if wrong[index] > 0]


def _hard(index: int, labels: np.ndarray, predicted: np.ndarray, wrong: int) -> dict[str, Any]:
    classes, counts = np.unique(predicted[:, index], return_counts=True)
    answers = {int(k): int(count) for k, count in zip(classes, counts, strict=True)}
    others = {k: count for k, count in answers.items() if k != labels[index]}
    commonest = max(others, key=lambda k: others[k])
    return {
        "index": index,
        "true": int(labels[index]),
        "cells_wrong": wrong,
        "cells": len(predicted),
        "commonest": commonest,
        "commonest_count": others[commonest],
        "predictions": answers,
    }


def atlas_images(first: list[int], labels: np.ndarray, predicted: np.ndarray, capacity: int) -> tuple[list[int], int]:
    """Test images for the atlas, and how many are wanted: `first`, then all that any cell gets wrong.

    `labels` [M], `predicted` [cells, M]. Where they are more than `capacity`, cells with the fewest errors come first,
    so that theirs are all there.
    """
    wrong = predicted != labels
    wanted = dict.fromkeys(first)
    for cell in np.argsort(wrong.sum(axis=1), kind="stable"):
        wanted |= dict.fromkeys(np.flatnonzero(wrong[cell]).tolist())
    return list(wanted)[:capacity], len(wanted)
