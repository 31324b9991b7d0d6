"""Images in arrays, in .npz files or from a function of the user's: what they become, one line for what is wrong."""

import numpy as np
import pytest
import torch
from download import make
from own_images import made, pixels
from prepare import prepare

from experiment_grid.config.dataset import Dataset
from experiment_grid.data import arrays, prepared, source
from experiment_grid.data.idx import DataError
from experiment_grid.runtime.errors import UserError


@pytest.mark.parametrize(
    ("names", "shape"),
    [
        (("x_train", "y_train", "x_test", "y_test"), (6, 5)),
        (("train_images", "train_labels", "test_images", "test_labels"), (6, 5, 3)),
        (("train_images", "train_labels", "test_images", "test_labels"), (3, 6, 5)),
    ],
)
def test_arrays_of_keras_and_of_medmnist(tmp_path, names, shape):
    values = pixels(30, *shape), np.arange(30)[:, None] % 3, pixels(9, *shape), np.arange(9)[:, None] % 3
    np.savez(tmp_path / "own.npz", **dict(zip(names, values, strict=True)))
    images, labels = prepared.training_images(made(tmp_path / "own.npz", tmp_path))
    assert images.shape == (30, 3 if 3 in shape else 1, 6, 5) and labels.tolist() == values[1][:, 0].tolist()


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"images": np.zeros((30, 6, 5))}, "has numbers of type float64; expected bytes"),
        ({"images": pixels(30, 6)}, "has the shape 30 x 6; expected N x H x W"),
        ({"labels": np.zeros((30, 10))}, "is float64 of shape 30 x 10; expected one whole number for each image"),
        ({"labels": np.arange(30) * 100}, "has labels from 0 to 2900; allowed are 0 to 255"),
        ({"labels": np.arange(29) % 3}, "has 29 labels for 30 images"),
        ({"labels": None}, "has no labels or y or target; it has images"),
        ({"images": np.array([{}] * 30)}, "is not an .npz file of plain arrays"),
    ],
)
def test_arrays_that_are_no_images_are_one_line(tmp_path, changes, line):
    values = {"images": pixels(30, 6, 5), "labels": np.arange(30) % 3} | changes
    np.savez(tmp_path / "own.npz", **{name: value for name, value in values.items() if value is not None})
    with pytest.raises(DataError, match=line) as error:
        made(tmp_path / "own.npz", tmp_path)
    assert "\n" not in str(error.value)


def test_files_that_are_no_npz_are_one_line(tmp_path):
    np.save(tmp_path / "array.npy", pixels(4, 6, 5))
    (tmp_path / "html.npz").write_bytes(b"<html>")
    for name in ("array.npy", "html.npz"):
        with pytest.raises(DataError, match=f"{name}: is not an .npz file; expected one, or a folder of images"):
            made(tmp_path / name, tmp_path)


FUNCTION = """\
import numpy as np


def stripes(count: int = 60, colours: int = 3):
    labels = np.arange(count) % 2
    images = np.zeros((count, 8, 8, colours), np.uint8)
    images[labels == 1, ::2] = 200
    images[:, 0, 0] = np.arange(count)[:, None]
    return {"images": images, "labels": labels, "classes": ["plain", "striped"]}


def broken():
    raise ValueError("no such folder")
"""


def test_a_function_in_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(FUNCTION)
    named = Dataset("stripes", target="mine.py:stripes", options={"count": 40, "colours": 3}, test_fraction=0.25)
    make(source.source(named), [], tmp_path)
    prepare("stripes", [tmp_path / source.IMAGES], tmp_path / "prepared.safetensors")
    assert prepared.training_images(tmp_path / "prepared.safetensors")[0].shape == (30, 3, 8, 8)
    assert prepared.classes(tmp_path / "prepared.safetensors") == ["plain", "striped"]
    with pytest.raises(
        UserError, match=r"dataset: mine.py:broken: ValueError: no such folder \(mine.py:13 in broken\)"
    ):
        make({"dataset": "x", "target": "mine.py:broken", "options": {}}, [], tmp_path)
    for given in ([1, 2, 3], 5, None):
        with pytest.raises(DataError, match=r"returns \w+; expected \(images, labels\)"):
            arrays.returned(given, "mine.py:f", None)


IMAGES = np.zeros((4, 2, 3), np.uint8)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (([IMAGES[0], IMAGES[0, :1]], [0, 1]), r"mine\.py:f: images: is not an array \("),
        ((torch.zeros(4, 2, 3, requires_grad=True), [0, 1, 0, 1]), r"mine\.py:f: images: is not an array \(Can't call"),
        ({"images": IMAGES, "labels": None}, r"has None for labels; expected arrays"),
        ({"x": IMAGES, "images": IMAGES, "y": [0, 1, 0, 1]}, r"has images and x; expected one of them"),
        ({"x": IMAGES, "y": [0, 1, 0, 1], "classes": 3}, r"mine\.py:f: classes: is 3; expected a list of names"),
        ({"x": IMAGES, "y": [0, 1, 0, 1], "classes": np.array(3)}, r"classes: is 3; expected a list of names"),
        ({"x": IMAGES, "y": [0, 1, 0, 1], "classes": ["a", "a"]}, r"classes: has the name 'a'; expected printable"),
        ({"x": IMAGES, "y": [0, 1, 0, 1], "classes": ["a", "\n"]}, r"classes: has the name '\\n'; expected"),
        (([[[1, 2]]] * 4, [0, 1, 0, 1]), r"images: has numbers of type int64; expected bytes"),
    ],
)
def test_what_a_function_may_not_return_is_one_line(given, line):
    with pytest.raises(DataError, match=line) as error:
        arrays.returned(given, "mine.py:f", None)
    assert "\n" not in str(error.value)


def test_images_and_labels_may_be_lists_and_pairs():
    for given in (([*IMAGES] * 5, [0, 1] * 10), ((IMAGES, [0, 1, 0, 1]), (IMAGES[:2], [0, 1]))):
        assert arrays.returned(given, "mine.py:f", None).train[0].shape[1:] == (1, 2, 3)
