"""Similarity in pixels: nearest training images, and how alike two classes are."""

import math
from itertools import combinations
from typing import Any

import numpy as np

SAMPLE = 4000  # images, of all classes together, from which classes are compared
MOST_PER_CLASS = 400


def distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Euclidean distances [first, second] between images uint8 [n, …], pixels counted as 0 to 1.

    Whole numbers, whose squares a float adds without rounding as long as the sum stays small enough: the same on every
    CPU, however many threads add. Centred at 128, float32 suffices for MNIST's 784 pixels and halves the time.
    """
    first, second = flat(first), flat(second)
    kind: type[np.floating[Any]] = np.float32 if first.shape[1] * 128**2 < 2**24 else np.float64
    first, second = first.astype(kind) - kind(128), second.astype(kind) - kind(128)
    of_first, of_second = (np.square(images).sum(axis=1, dtype=np.float64) for images in (first, second))
    found: np.ndarray = np.sqrt(of_first[:, None] + of_second - 2.0 * (first @ second.T).astype(np.float64)) / 255
    return found


def flat(images: np.ndarray) -> np.ndarray:
    """Images [n, …] as [n, pixels], none of them too."""
    return images.reshape(len(images), math.prod(images.shape[1:]))


def nearest(
    images: np.ndarray, classes: np.ndarray, train_images: np.ndarray, train_labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The index [n] of the nearest training image of each image's class in `classes` [n], and its distance [n].

    `images` and `train_images` are uint8 [n, …] and [N, …], `train_labels` [N]. -1 and NaN for a class without one.
    """
    index, distance = np.full(len(images), -1), np.full(len(images), np.nan)
    for k in np.unique(classes):
        members, rows = np.flatnonzero(train_labels == k), np.flatnonzero(classes == k)
        if len(members):
            between = distances(images[rows], train_images[members])
            index[rows] = members[between.argmin(axis=1)]
            distance[rows] = between.min(axis=1)
    return index, distance


def class_likeness(train_images: np.ndarray, train_labels: np.ndarray, n_classes: int) -> np.ndarray:
    """How alike the shapes of two classes are, [K, K]: near 0 not at all, 1 as alike as images of one class.

    For an image of one class, its distance to the nearest other image of its own class over that to the nearest of
    the other class (at most 1); the median over the class, and the mean of both directions. From the first images of
    each class. NaN where a class has fewer than two.
    """
    per_class = min(MOST_PER_CLASS, max(2, SAMPLE // n_classes))
    samples = [train_images[np.flatnonzero(train_labels == k)[:per_class]] for k in range(n_classes)]
    one_way = np.full((n_classes, n_classes), np.nan)
    to_own = [_to_nearest_other(own) for own in samples]
    for a, b in combinations(range(n_classes), 2):
        if min(len(samples[a]), len(samples[b])) > 1:
            between = distances(samples[a], samples[b])
            one_way[a, b] = _ratio(to_own[a], between.min(axis=1))
            one_way[b, a] = _ratio(to_own[b], between.min(axis=0))
    both: np.ndarray = (one_way + one_way.T) / 2
    np.fill_diagonal(both, np.where([len(own) > 1 for own in samples], 1.0, np.nan))
    return both


def _to_nearest_other(images: np.ndarray) -> np.ndarray:
    """The distance of each image to the nearest of the others."""
    within = distances(images, images)
    np.fill_diagonal(within, np.inf)
    nearest: np.ndarray = within.min(axis=1, initial=np.inf)
    return nearest


def _ratio(to_own: np.ndarray, to_other: np.ndarray) -> float:
    """The median of distances to the own class over those to another, each at most 1."""
    ratio = np.divide(to_own, to_other, out=np.ones_like(to_own), where=to_other > 0)
    return float(np.median(np.minimum(ratio, 1)))
