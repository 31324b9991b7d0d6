"""How alike images are, measured in pixels: nearest training images, and how alike the shapes of two classes are."""

import math

import numpy as np

SAMPLE = 4000  # images, of all classes together, from which classes are compared
MOST_PER_CLASS = 400


def distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Euclidean distances [first, second] between images uint8 [n, height, width], pixels counted as 0 to 1.

    Squares of whole numbers, which float64 adds without rounding: the same on every CPU, however many threads add.
    """
    first, second = flat(first).astype(np.float64), flat(second).astype(np.float64)
    squares = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1) - 2 * first @ second.T
    return np.sqrt(squares) / 255


def flat(images: np.ndarray) -> np.ndarray:
    """Images [n, height, width] as [n, pixels], none of them too."""
    return images.reshape(len(images), math.prod(images.shape[1:]))


def nearest(
    images: np.ndarray, classes: np.ndarray, train_images: np.ndarray, train_labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """For each image the index of the nearest training image of its class in `classes`, and its distance.

    -1 and NaN where the class has no training image.
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
    for a, own in enumerate(samples):
        if len(own) < 2:
            continue
        within = distances(own, own)
        np.fill_diagonal(within, np.inf)
        to_own = within.min(axis=1)
        for b, others in enumerate(samples):
            if b != a and len(others) > 1:
                to_other = distances(own, others).min(axis=1)
                ratio = np.divide(to_own, to_other, out=np.ones_like(to_own), where=to_other > 0)
                one_way[a, b] = np.median(np.minimum(ratio, 1))
    both = (one_way + one_way.T) / 2
    np.fill_diagonal(both, np.where([len(own) > 1 for own in samples], 1.0, np.nan))
    return both
