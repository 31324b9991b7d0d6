"""The prepared file: all images and labels of a data set, mapped into memory without torch or torchvision."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from experiment_grid.data.idx import DataError
from experiment_grid.data.tensors import stable
from experiment_grid.data.writing import writing

if TYPE_CHECKING:
    import numpy as np


def write(
    path: Path,
    dataset: str,
    classes: list[str],
    train: tuple["np.ndarray", "np.ndarray"],
    test: tuple["np.ndarray", "np.ndarray"],
) -> None:
    """Write images (uint8 [N, height, width]) and labels (uint8 [N]) of both parts."""
    from safetensors.numpy import save

    tensors = dict(zip(("train_images", "train_labels", "test_images", "test_labels"), (*train, *test), strict=True))
    content = stable(save(tensors, {"dataset": dataset, "classes": json.dumps(classes)}))
    with writing(path) as part:
        part.write_bytes(content)


def training_images(path: Path | str) -> tuple["np.ndarray", "np.ndarray"]:
    """Images uint8 [N, height, width] and labels uint8 [N] to train and validate with; no test image is read."""
    return _part(path, "train")


def test_images(path: Path | str) -> tuple["np.ndarray", "np.ndarray"]:
    """Images uint8 [M, height, width] and labels uint8 [M] of the test set."""
    return _part(path, "test")


def classes(path: Path | str) -> list[str]:
    """Names of the classes, by label."""
    with _opened(path) as file:
        return json.loads(file.metadata()["classes"])


def _part(path: Path | str, part: str) -> tuple["np.ndarray", "np.ndarray"]:
    with _opened(path) as file:
        return file.get_tensor(f"{part}_images"), file.get_tensor(f"{part}_labels")


def _opened(path: Path | str):
    from safetensors import SafetensorError, safe_open

    try:
        return safe_open(path, "numpy")
    except SafetensorError as error:
        raise DataError(f"{path}: is no prepared file ({error}); delete it, and the next run makes it again") from error
