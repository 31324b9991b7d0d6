"""The prepared file: all images and labels of a data set, mapped into memory without torch or torchvision."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiment_grid.data.idx import DataError
from experiment_grid.data.tensors import make_stable
from experiment_grid.data.writing import writing

if TYPE_CHECKING:
    import numpy as np

TOGETHER = 1000  # images that are counted at once


def write(
    path: Path,
    dataset: str,
    classes: list[str],
    train: tuple["np.ndarray", "np.ndarray"],
    test: tuple["np.ndarray", "np.ndarray"],
    warnings: Sequence[str] = (),
) -> None:
    """Write images (uint8 [N, C, H, W]; or [N, H, W], where C is 1) and labels (uint8 [N]) of both parts."""
    import numpy as np
    from safetensors.numpy import save_file

    arrays = [part if part.ndim != 3 else part[:, None] for part in (*train, *test)]
    arrays = [np.ascontiguousarray(part) for part in arrays]
    tensors = dict(zip(("train_images", "train_labels", "test_images", "test_labels"), arrays, strict=True))
    more = {"classes": json.dumps(classes), "warnings": json.dumps(list(warnings))}
    more["channels"] = json.dumps(_statistics(arrays[0]))
    with writing(path) as part:
        save_file(tensors, part, {"dataset": dataset, **more})
        make_stable(part)


def training_images(path: Path | str) -> tuple["np.ndarray", "np.ndarray"]:
    """Images uint8 [N, C, H, W] and labels uint8 [N] to train and validate with; no test image is read."""
    return _part(path, "train")


def test_images(path: Path | str) -> tuple["np.ndarray", "np.ndarray"]:
    """Images uint8 [M, C, H, W] and labels uint8 [M] of the test set."""
    return _part(path, "test")


def classes(path: Path | str) -> list[str]:
    """Names of the classes, by label."""
    with _opened(path) as file:
        names: list[str] = json.loads(file.metadata()["classes"])
    return names


def warnings(path: Path | str) -> list[str]:
    """What is strange about the images, a sentence each."""
    with _opened(path) as file:
        sentences: list[str] = json.loads(file.metadata()["warnings"])
    return sentences


def channels(path: Path | str) -> dict[str, list[float]]:
    """`mean` and `std` of each channel over all training images, pixels counted as 0 to 1."""
    with _opened(path) as file:
        found: dict[str, list[float]] = json.loads(file.metadata()["channels"])
    return found


def _statistics(images: "np.ndarray") -> dict[str, list[float]]:
    import numpy as np

    values = np.arange(256) / 255
    found: dict[str, list[float]] = {"mean": [], "std": []}
    for channel in range(images.shape[1]):
        counts = np.zeros(256, np.int64)
        for some in np.array_split(images[:, channel], 1 + len(images) // TOGETHER):  # bincount makes 8 bytes of one
            counts += np.bincount(some.ravel(), minlength=256)
        shares = counts / counts.sum()
        mean = float(shares @ values)
        found["mean"].append(mean)
        found["std"].append(float(np.sqrt(shares @ (values - mean) ** 2)) or 1.0)  # all alike: only shifted
    return found


def _part(path: Path | str, part: str) -> tuple["np.ndarray", "np.ndarray"]:
    with _opened(path) as file:
        return file.get_tensor(f"{part}_images"), file.get_tensor(f"{part}_labels")


def _opened(path: Path | str) -> Any:
    from safetensors import SafetensorError, safe_open

    try:
        return safe_open(path, "numpy")
    except SafetensorError as error:
        raise DataError(
            f"{path}: is not a prepared file ({error}); delete it, and the next run makes it again"
        ) from error
