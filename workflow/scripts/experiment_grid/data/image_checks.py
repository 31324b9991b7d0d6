"""What is wrong or strange about images and labels, found before anything trains: an error, or a warning.

A warning is shown on the terminal when the images are prepared, and on the page.
"""

import hashlib
from collections.abc import Collection
from dataclasses import replace

import numpy as np

from experiment_grid.data.arrays import Images
from experiment_grid.data.idx import DataError
from experiment_grid.data.idx_folder import MOST, first_label
from experiment_grid.runtime.errors import some


def checked(images: Images, dataset: str) -> tuple[Images, list[str]]:
    """The images with labels from 0 and a name for every class, and warnings. Raises DataError, one line."""
    (train, labels), (test, truth) = images.train, images.test
    for part, own, called in ((train, labels, "training"), (test, truth, "test")):
        if len(part) != len(own):
            raise DataError(f"{dataset}: has {len(own):,} labels for {len(part):,} {called} images")
        if not len(part):
            raise DataError(f"{dataset}: has no {called} image")
    if train.shape[1:] != test.shape[1:]:
        sizes = [" x ".join(map(str, part.shape[1:])) for part in (test, train)]
        raise DataError(f"{dataset}: has test images of {sizes[0]} (C x H x W), its training images are {sizes[1]}")
    trained, tested = (set(np.unique(own).tolist()) for own in (labels, truth))
    classes, warnings = list(images.classes), list(images.warnings)
    if len(trained) < 2:
        raise DataError(f"{dataset}: all training labels are {min(trained)}; expected two classes at least")
    first = first_label(trained, tested)
    if classes and max(trained | tested) >= len(classes) + first:
        raise DataError(
            f"{dataset}: has a label {max(trained | tested)}, and names of {len(classes)} classes, from 0 on"
        )
    if first:
        count = max(trained | tested)
        warnings.append(f"labels count from 1 to {count}; here they are 0 to {count - 1}")
        images = replace(images, train=(train, labels - 1), test=(test, truth - 1))
        trained, tested = {label - first for label in trained}, {label - first for label in tested}
        classes = classes if count == len(classes) else classes[1:]  # else the first is named, and has no images
    known = bool(classes)
    classes = classes or [str(label + first) for label in range(max(trained | tested) + 1)]
    for absent, what in (
        ({*range(len(classes))} - trained - tested, "have no images"),
        (tested - trained, "have test images, and none to train with"),
    ):
        if absent:
            line = f"classes {_named(absent, classes)} {what}"
            if not known:
                raise DataError(f"{dataset}: {line}")
            warnings.append(line)
    if untested := trained - tested:
        warnings.append(f"classes {_named(untested, classes)} have no test images")
    if (twice := _in_both(train, test)) == len(test):
        raise DataError(f"{dataset}: all test images are training images too; expected other images to test with")
    if twice:
        what = f"{twice:,} of {len(test):,} test images are training images too"
        warnings.append(f"{what}: the test accuracy is not that of new images")
    return replace(images, classes=classes), warnings


def _in_both(train: np.ndarray, test: np.ndarray) -> int:
    """How many test images are equal to a training image, byte by byte."""
    rows = [np.ascontiguousarray(part).reshape(len(part), -1) for part in (train, test)]
    seen = {hashlib.blake2b(row.data, digest_size=16).digest() for row in rows[0]}
    return sum(hashlib.blake2b(row.data, digest_size=16).digest() in seen for row in rows[1])


def _named(labels: Collection[int], classes: list[str]) -> str:
    return some([classes[label] for label in sorted(labels)], MOST)
