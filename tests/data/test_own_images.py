"""Images of one's own that are no IDX files: class folders, .npz files, functions; what is strange about any."""

import json
import subprocess
import sys

import numpy as np
import pytest
from download import make
from idx_files import contents, write_folder
from PIL import Image
from prepare import prepare

from experiment_grid.config.dataset import Dataset
from experiment_grid.data import arrays, idx, memory, prepared, source
from experiment_grid.data.arrays import Images
from experiment_grid.data.idx import DataError
from experiment_grid.data.own import FILES
from experiment_grid.data.strange import checked

RANDOM = np.random.default_rng(1)


def pixels(count, *shape):
    return RANDOM.integers(0, 256, (count, *shape), np.uint8)


def write_images(folder, names=("cat", "dog", "owl"), each=4, mode="RGB", size=(8, 6)):
    """Class folders with PNG files of random pixels."""
    for name in names:
        (folder / name).mkdir(parents=True)
        for number in range(each):
            shape = (size[1], size[0], 3) if mode == "RGB" else (size[1], size[0])
            Image.fromarray(RANDOM.integers(0, 256, shape, np.uint8)).save(folder / name / f"{number}.png")
    return folder


def made(path, folder, **more):
    """What download and prepare make of images at a path: the prepared file."""
    settings = source.source(Dataset("own", path, **more))
    make(settings, [], folder)
    target = folder / "prepared.safetensors"
    prepare("own", [folder / source.IMAGES], target)
    return target


@pytest.mark.parametrize(("mode", "channels"), [("RGB", 3), ("L", 1)])
def test_folders_to_train_and_to_test(tmp_path, mode, channels):
    root = tmp_path / "pets"
    write_images(root / "train", mode=mode)
    write_images(root / "test", each=2, mode=mode)
    target = made(root, tmp_path)
    images, labels = prepared.training_images(target)
    assert images.shape == (12, channels, 6, 8) and labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    with Image.open(root / "train/dog/1.png") as picture:
        assert (images[5] == np.atleast_3d(np.asarray(picture)).transpose(2, 0, 1)).all()
    assert prepared.test_images(target)[0].shape == (6, channels, 6, 8)
    assert prepared.classes(target) == ["cat", "dog", "owl"] and prepared.warnings(target) == []
    assert source.training_images(Dataset("own", root)) == 12


def test_one_folder_is_split_by_class_and_always_alike(tmp_path):
    root = write_images(tmp_path / "pets", each=10)
    target = made(root, tmp_path, test_fraction=0.3)
    assert np.bincount(prepared.test_images(target)[1]).tolist() == [3, 3, 3]
    again = made(root, tmp_path / "again", test_fraction=0.3)
    assert target.read_bytes() == again.read_bytes()


def test_other_sizes_are_one_line_or_resized(tmp_path):
    root = write_images(tmp_path / "pets")
    Image.new("RGB", (9, 6)).save(root / "owl/wide.png")
    with pytest.raises(DataError, match=r"wide.png: images of 6 x 8 and of 6 x 9 pixels .*; needed is one size, or"):
        made(root, tmp_path)
    assert prepared.training_images(made(root, tmp_path, size=5))[0].shape[1:] == (3, 5, 5)


def test_folders_are_known_by_their_content(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    root = write_images(tmp_path / "pets")
    known = source.content(root)
    moved = tmp_path / "elsewhere"
    root.rename(moved)
    assert source.content(moved) == known
    (moved / "cat/0.png").write_bytes((moved / "cat/1.png").read_bytes())
    assert source.content(moved) != known
    source.keep()
    assert str(moved) in json.loads((tmp_path / source.CACHE).read_text("utf-8"))


@pytest.mark.parametrize(
    ("names", "line"),
    [
        (["train/a/x.png", "test/a/x.png"], r"'\S+/train' has 1 folders in it; needed is a folder for each of two"),
        (["train/a/x.png", "train/b/x.png", "test/a/x.png", "test/c/x.png"], r"test: has classes that \S+ has not: c"),
        (["a/x.png", "b/notes.txt"], r"/b: has no images; allowed: \.bmp"),
        (["x.png"], r"has 0 folders in it; needed is a folder for each of two classes or more, or the four IDX files"),
    ],
)
def test_folders_that_are_none_are_one_line(tmp_path, names, line):
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4)).save(tmp_path / name) if name.endswith("png") else (tmp_path / name).write_text("x")
    with pytest.raises(DataError, match=line) as error:
        source.source(Dataset("own", tmp_path))
    assert "\n" not in str(error.value)


def test_a_damaged_image_is_named(tmp_path):
    root = write_images(tmp_path / "pets", size=(60, 60))
    file = root / "dog/2.png"
    file.write_bytes(file.read_bytes()[:2000])
    with pytest.raises(DataError, match=r"dog/2\.png: is damaged \("):
        made(root, tmp_path)
    file.write_bytes(b"<html>")
    with pytest.raises(DataError, match=r"dog/2\.png: is no image that Pillow reads"):
        made(root, tmp_path)


def test_images_that_memory_does_not_hold_are_refused_with_their_bytes(tmp_path, monkeypatch):
    root = write_images(tmp_path / "pets")
    monkeypatch.setattr(memory, "memory", lambda: 1000)
    with pytest.raises(
        DataError, match=r"12 x 3 x 6 x 8 images take 1,728 bytes, this machine has 1,000 bytes of memory"
    ):
        made(root, tmp_path)
    np.savez(tmp_path / "large.npz", images=pixels(30, 6, 8), labels=np.arange(30) % 3)
    with pytest.raises(DataError, match=r"large\.npz: images: 30 x 6 x 8 x 1 images take 1,440 bytes"):
        made(tmp_path / "large.npz", tmp_path)


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
        ({"images": np.zeros((30, 6, 5))}, "has numbers of type float64; needed are bytes"),
        ({"images": pixels(30, 6)}, "has the shape 30 x 6; needed is N x H x W"),
        ({"labels": np.zeros((30, 10))}, "is float64 of shape 30 x 10; needed is one whole number for each image"),
        ({"labels": np.arange(30) * 100}, "has labels from 0 to 2900; allowed are 0 to 255"),
        ({"labels": np.arange(29) % 3}, "has 29 labels for 30 images"),
        ({"labels": None}, "has no labels or y or target; it has images"),
        ({"images": np.array([{}] * 30)}, "is no .npz file of plain arrays"),
    ],
)
def test_arrays_that_are_none_are_one_line(tmp_path, changes, line):
    values = {"images": pixels(30, 6, 5), "labels": np.arange(30) % 3} | changes
    np.savez(tmp_path / "own.npz", **{name: value for name, value in values.items() if value is not None})
    with pytest.raises(DataError, match=line) as error:
        made(tmp_path / "own.npz", tmp_path)
    assert "\n" not in str(error.value)


def images_of(train, test, classes=(), **more):
    arrays = [np.asarray(part, np.uint8) for part in (train, test)]
    return Images(
        *((more.get(name, pixels(len(part), 1, 6, 5)), part) for name, part in zip(("a", "b"), arrays, strict=True)),
        [*classes],
    )


def test_labels_from_1_are_renumbered_with_a_warning():
    images, warnings = checked(images_of([1, 2, 3] * 4, [3, 1]), "own")
    assert images.train[1].tolist() == [0, 1, 2] * 4 and images.test[1].tolist() == [2, 0]
    assert images.classes == ["1", "2", "3"]
    assert warnings == ["labels count from 1 to 3; here they are 0 to 2"]


def test_images_in_training_and_test_are_counted():
    same = pixels(4, 1, 6, 5)
    images = images_of(
        [0, 1] * 5,
        [0, 1, 0],
        a=np.concatenate([same, pixels(6, 1, 6, 5)]),
        b=np.concatenate([same[:2], pixels(1, 1, 6, 5)]),
    )
    _, warnings = checked(images, "own")
    assert warnings == ["2 of 3 test images are training images too: the test accuracy is not that of new images"]
    with pytest.raises(DataError, match="all test images are training images too"):
        checked(images_of([0, 1] * 2, [0, 1, 0, 1], a=same, b=same), "own")


def test_classes_without_images():
    names = ["a", "b", "c"]
    assert checked(images_of([0, 2] * 4, [0, 2], names), "own")[1] == ["classes b have no images"]
    assert checked(images_of([0, 2] * 4, [0, 1], names), "own")[1] == [
        "classes b have test images, and none to train with"
    ]
    for train, test, line in (
        ([0, 2] * 4, [0, 2], "classes 1 have no images"),
        ([0, 1] * 4, [0, 2], "classes 2 have test images, and none to train with"),
        ([1] * 8, [1], "all training labels are 1, needed are two classes at least"),
    ):
        with pytest.raises(DataError, match=line):
            checked(images_of(train, test), "own")


def test_a_byte_order_that_is_wrong_is_said_so(tmp_path):
    values = contents()["train-images-idx3-ubyte"]
    swapped = values[:4] + b"".join(values[place : place + 4][::-1] for place in (4, 8, 12)) + values[16:]
    folder = write_folder(tmp_path, contents() | {"train-images-idx3-ubyte": swapped}, "")
    with pytest.raises(DataError, match="has the numbers of its header in little-endian order"):
        source.source(Dataset("own", folder))


def test_labels_of_idx_files_from_1(tmp_path):
    files = contents() | {
        name: idx.encode((np.arange(count) % 3 + 1).astype(np.uint8))
        for name, count in (("train-labels-idx1-ubyte", 40), ("t10k-labels-idx1-ubyte", 20))
    }
    folder = write_folder(tmp_path, files)
    assert source.source(Dataset("own", folder))
    prepare("own", [folder / f"{name}.gz" for name in FILES], tmp_path / "prepared.safetensors")
    assert prepared.classes(tmp_path / "prepared.safetensors") == ["1", "2", "3"]


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
    from experiment_grid.runtime.errors import UserError

    with pytest.raises(
        UserError, match=r"dataset: mine.py:broken: ValueError: no such folder \(mine.py:13 in broken\)"
    ):
        make({"dataset": "x", "target": "mine.py:broken", "options": {}}, [], tmp_path)
    for given in ([1, 2, 3], 5, None):
        with pytest.raises(DataError, match=r"gives \w+; needed is \(images, labels\)"):
            arrays.returned(given, "mine.py:f", None)


def test_the_stages_of_data_import_torch_for_torchvision_alone():
    code = "import sys, download, prepare; print({'torch', 'torchvision'} & {*sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert done.stdout.strip() == "set()"
