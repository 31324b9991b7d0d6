"""The prepared file: what it holds, and which inputs are refused."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from idx_files import arrays, contents, write_folder
from prepare import prepare
from project import MNIST, SCRIPTS

from experiment_grid.data import idx, prepared
from experiment_grid.data.idx import DataError
from experiment_grid.data.idx_folder import FILES


def run(dataset, folder, contents):
    """Write `contents`, prepare them, and return the prepared file."""
    write_folder(folder, contents)
    target = folder / "prepared.safetensors"
    prepare(dataset, [folder / f"{name}.gz" for name in FILES], target)
    return target


def changed(name, values):
    return contents() | {name: idx.encode(values)}


def test_what_is_prepared_is_what_is_mapped(tmp_path):
    target = run("mnist", tmp_path, contents())
    train_images, train_labels, test_images, test_labels = arrays()
    for found, expected in zip(prepared.training_images(target), (train_images[:, None], train_labels), strict=True):
        np.testing.assert_array_equal(found, expected)
    for found, expected in zip(prepared.test_images(target), (test_images[:, None], test_labels), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert prepared.classes(target) == list("0123456789")
    assert not list(tmp_path.glob(".*"))


def test_mean_and_deviation_of_each_channel_are_those_of_the_training_images(tmp_path):
    images = np.random.default_rng(3).integers(0, 256, (50, 3, 6, 5), np.uint8)
    images[:, 2] = 7
    parts = (images, np.arange(50, dtype=np.uint8) % 2), (images[:2], np.zeros(2, np.uint8))
    prepared.write(tmp_path / "prepared.safetensors", "own", ["a", "b"], *parts)
    found = prepared.channels(tmp_path / "prepared.safetensors")
    np.testing.assert_allclose(found["mean"], (images / 255).mean(axis=(0, 2, 3)))
    np.testing.assert_allclose(found["std"][:2], (images / 255).std(axis=(0, 2, 3))[:2])
    assert found["std"][2] == 1


def test_the_same_files_give_the_same_bytes(tmp_path):
    made = [run("mnist", tmp_path / name, contents()).read_bytes() for name in "abcdef"]
    assert made == made[:1] * len(made)  # safetensors alone shuffles its metadata


@pytest.mark.parametrize("classes", [2, 3, 256])
def test_own_files_have_as_many_classes_as_labels(tmp_path, classes):
    target = run("own", tmp_path, contents(train=300, test=260, classes=classes))
    assert prepared.classes(target) == [str(label) for label in range(classes)]


@pytest.mark.parametrize(
    ("dataset", "name", "values", "message"),
    [
        ("mnist", "train-labels-idx1-ubyte", np.arange(40, dtype=np.uint8), "has a label 39, allowed are 0 to 9"),
        ("mnist", "t10k-labels-idx1-ubyte", np.full(20, 10, np.uint8), "has a label 10, allowed are 0 to 9"),
        ("mnist", "train-labels-idx1-ubyte", np.zeros(39, np.uint8), "has 39 labels for the 40 images of"),
        ("mnist", "t10k-images-idx3-ubyte", np.zeros((20, 6, 7), np.uint8), "images of 6x7 pixels, those of"),
        ("mnist", "t10k-images-idx3-ubyte", np.zeros(20, np.uint8), "has 1 dimensions, images have 3"),
    ],
)
def test_files_that_do_not_fit_are_reported_in_one_line(tmp_path, dataset, name, values, message):
    with pytest.raises(DataError, match=message) as error:
        run(dataset, tmp_path, changed(name, values))
    assert "\n" not in str(error.value)
    assert not (tmp_path / "prepared.safetensors").exists()


def test_one_class_is_refused(tmp_path):
    one = np.zeros(40, np.uint8)
    files = contents() | {
        "train-labels-idx1-ubyte": idx.encode(one),
        "t10k-labels-idx1-ubyte": idx.encode(one[:20]),
    }
    with pytest.raises(DataError, match="all labels are 0; expected two classes at least"):
        run("own", tmp_path, files)


def test_another_file_is_no_prepared_file(tmp_path):
    path = tmp_path / "prepared.safetensors"
    path.write_bytes(b"PK\3\4" + bytes(100))
    with pytest.raises(DataError, match=r"prepared\.safetensors: is not a prepared file"):
        prepared.training_images(path)


@pytest.mark.skipif(not MNIST.is_dir(), reason="../shared/mnist is not there")
def test_mnist_is_prepared_completely(tmp_path):
    target = tmp_path / "prepared.safetensors"
    prepare("mnist", [MNIST / f"{name}.gz" for name in FILES], target)
    images, labels = prepared.training_images(target)
    assert images.shape == (60_000, 1, 28, 28)
    assert np.bincount(labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert len(prepared.test_images(target)[1]) == 10_000


def test_reading_needs_no_torch(tmp_path):
    target = run("mnist", tmp_path, contents())
    code = (
        "import sys; from experiment_grid.data import prepared; prepared.training_images(sys.argv[1]);"
        "print([name for name in ('torch', 'torchvision', 'pandas') if name in sys.modules])"
    )
    command = [sys.executable, "-c", code, str(target)]
    done = subprocess.run(command, cwd=SCRIPTS, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


LIMITED = """
import resource, sys
from pathlib import Path
from experiment_grid.data.idx_folder import FILES
from experiment_grid.data import acquire
from experiment_grid.data.fetch import RetryPolicy
from experiment_grid.runtime.errors import UserError
from prepare import prepare
source, target = Path(sys.argv[2]), Path(sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    if sys.argv[1] == "prepare":
        prepare("mnist", [source / f"{name}.gz" for name in FILES], target / "prepared.safetensors")
    else:
        acquire.from_mirrors("mnist", dict.fromkeys(FILES, ""), [source.as_uri() + "/"], target, {}, RetryPolicy())
except UserError as error:
    print(error)
"""


@pytest.mark.parametrize(("stage", "file"), [("prepare", "prepared.safetensors"), ("download", "train-images")])
def test_a_full_disk_is_reported_and_left_clean(tmp_path, stage, file):
    source = write_folder(tmp_path / "source", contents())
    target = tmp_path / "target"
    command = [sys.executable, "-c", LIMITED, stage, str(source), str(target)]
    done = subprocess.run(command, cwd=SCRIPTS, capture_output=True, text=True, check=True)
    assert file in done.stdout
    assert "cannot be written (File too large); free some space" in done.stdout
    assert [path for path in target.rglob("*") if path.is_file()] == []


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="needs POSIX users")
def test_a_read_only_folder_is_reported():
    user = os.geteuid()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)
        try:
            if user == 0:
                os.seteuid(65534)  # root may write anywhere
            with pytest.raises(DataError, match=r"prepared\.safetensors: cannot be written \(Permission denied\)"):
                prepared.write(Path(folder) / "prepared.safetensors", "mnist", [], arrays()[:2], arrays()[2:])
        finally:
            os.seteuid(user)
            Path(folder).chmod(0o755)
        assert list(Path(folder).iterdir()) == []
