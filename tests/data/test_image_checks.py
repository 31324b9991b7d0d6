"""What is wrong or unusual about images and labels: an error or a warning before anything trains."""

import numpy as np
import pytest
from idx_files import contents, write_folder
from own_images import pixels
from prepare import prepare

from experiment_grid.config.dataset import Dataset
from experiment_grid.data import idx, prepared, source
from experiment_grid.data.arrays import Images
from experiment_grid.data.idx import DataError
from experiment_grid.data.idx_folder import FILES
from experiment_grid.data.image_checks import checked


def images_of(train, test, classes=(), **more):
    arrays = [np.asarray(part, np.uint8) for part in (train, test)]
    return Images(
        *((more.get(name, pixels(len(part), 1, 6, 5)), part) for name, part in zip(("a", "b"), arrays, strict=True)),
        [*classes],
    )


def test_labels_from_1_are_renumbered_with_a_warning():
    images, warnings = checked(images_of([1, 2, 3] * 4, [3, 1, 2]), "own")
    assert images.train[1].tolist() == [0, 1, 2] * 4 and images.test[1].tolist() == [2, 0, 1]
    assert images.classes == ["1", "2", "3"]
    assert warnings == ["labels count from 1 to 3; here they are 0 to 2"]


def test_labels_from_1_with_a_name_for_each():
    images, warnings = checked(images_of([1, 2, 3] * 4, [3, 1, 2], ["a", "b", "c"]), "own")
    assert images.classes == ["a", "b", "c"] and images.train[1].tolist() == [0, 1, 2] * 4
    assert warnings == ["labels count from 1 to 3; here they are 0 to 2"]


def test_a_class_without_test_images_is_a_warning():
    assert checked(images_of([0, 1, 2] * 4, [0, 1]), "own")[1] == ["classes 2 have no test images"]


def test_idx_files_in_folders_of_their_names_are_understood(tmp_path):
    for name, content in contents().items():
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_bytes(content)
    dataset = Dataset("own", tmp_path)
    assert [*source.source(dataset)["files"]] == [*FILES] and source.training_images(dataset) == 40


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_labels_alone_in_the_wrong_byte_order(tmp_path, suffix):
    values = contents()["train-labels-idx1-ubyte"]
    swapped = values[:4] + values[4:8][::-1] + values[8:]
    folder = write_folder(tmp_path, contents() | {"train-labels-idx1-ubyte": swapped}, suffix)
    with pytest.raises(DataError, match=r"labels-idx1-ubyte\S*: has the numbers of its header in little-endian order"):
        source.source(Dataset("own", folder))


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
    assert checked(images_of([0, 2] * 4, [0, 1, 2], names), "own")[1] == [
        "classes b have test images, and none to train with"
    ]
    for train, test, line in (
        ([0, 2] * 4, [0, 2], "classes 1 have no images"),
        ([0, 1] * 4, [0, 2], "classes 2 have test images, and none to train with"),
        ([1] * 8, [1], "all training labels are 1; expected two classes at least"),
    ):
        with pytest.raises(DataError, match=line):
            checked(images_of(train, test), "own")


def test_a_wrong_byte_order_is_reported(tmp_path):
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
