"""Distances, nearest images, and the likeness of classes."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import euclidean_distances
from sklearn.neighbors import NearestNeighbors

from experiment_grid.error_analysis.likeness import class_likeness, distances, flat, nearest


@pytest.fixture(scope="module")
def digits():
    data = load_digits()
    return (data.images * 15).astype(np.uint8), data.target.astype(np.uint8)


def unit(images):
    """Images as scikit-learn takes them."""
    return flat(images) / 255


def test_distances_are_scikit_learns(digits):
    some, others = digits[0][:15], digits[0][15:40]
    assert distances(some, others) == pytest.approx(euclidean_distances(unit(some), unit(others)), abs=1e-9)


@pytest.mark.parametrize("pixels", [8, 28, 31, 32, 60])
def test_distances_are_exact(pixels):
    """Exactly those of integers, so that they are the same on every CPU and with any number of threads."""
    images = np.random.default_rng(0).integers(0, 256, (60, pixels, pixels), np.uint8)
    images[:2] = [[[0]], [[255]]]
    numbers = flat(images).astype(np.int64)
    squares = ((numbers[:, None] - numbers[None]) ** 2).sum(axis=2)
    assert (distances(images, images) == np.sqrt(squares) / 255).all()


def test_nearest_image_of_a_class_is_scikit_learns(digits):
    images, labels = digits
    wanted = np.array([3, 8, 3, 0])
    index, distance = nearest(images[1000:1004], wanted, images[:900], labels[:900])
    for place, k in enumerate(wanted):
        members = np.flatnonzero(labels[:900] == k)
        search = NearestNeighbors(n_neighbors=1).fit(unit(images[members]))
        theirs, which = search.kneighbors(unit(images[1000 + place : 1001 + place]))
        assert index[place] == members[which[0, 0]]
        assert distance[place] == pytest.approx(theirs[0, 0], abs=1e-4)


def test_a_class_without_training_images_has_no_nearest(digits):
    index, distance = nearest(digits[0][:1], np.array([42]), *digits)
    assert index.tolist() == [-1]
    assert np.isnan(distance).all()


def test_alike_digits_are_more_alike(digits):
    likeness = class_likeness(*digits, 10)
    assert np.allclose(likeness, likeness.T)
    assert (np.diag(likeness) == 1).all()
    assert likeness.min() > 0 and likeness.max() <= 1
    assert min(likeness[3, 9], likeness[3, 8], likeness[1, 8]) > max(likeness[0, 1], likeness[6, 7])


def test_classes_that_look_the_same_are_wholly_alike():
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (300, 6, 6), dtype=np.uint8)
    same = class_likeness(images, np.arange(300) % 2, 2)
    assert same[0, 1] > 0.9
    apart = class_likeness(
        np.where(np.arange(300)[:, None, None] % 2, images // 10, 255 - images // 10), np.arange(300) % 2, 2
    )
    assert apart[0, 1] < 0.2


def test_too_few_images_have_no_likeness():
    images = np.zeros((3, 2, 2), np.uint8)
    likeness = class_likeness(images, np.array([0, 0, 1]), 3)
    assert likeness[0, 0] == 1
    assert np.isnan(likeness[0, 1]) and np.isnan(likeness[1, 1]) and np.isnan(likeness[2, 2])
