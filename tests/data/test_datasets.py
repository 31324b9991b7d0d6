"""What identifies a data set, and the order in which its mirrors are tried."""

import subprocess
import sys

import numpy as np
import pytest
from idx_files import contents, write_folder
from project import MNIST, SCRIPTS

from experiment_grid.config.dataset import Dataset
from experiment_grid.data import idx
from experiment_grid.data.datasets import DATASETS, mirrors
from experiment_grid.data.idx_folder import FILES
from experiment_grid.data.source import source
from experiment_grid.runtime.errors import UserError

MNIST_CLASS = DATASETS["mnist"].target


def named(name, path=None):
    return Dataset(name, path)


def test_what_identifies_a_built_in_set():
    mnist = DATASETS["mnist"]
    assert {*mnist.checksums} == {*FILES} and all(len(checksum) == 64 for checksum in mnist.checksums.values())
    assert source(Dataset("mnist", target=MNIST_CLASS)) == {"dataset": "mnist", "files": mnist.checksums}
    assert source(Dataset("digits")) == {"dataset": "digits"}
    letters = Dataset("emnist-letters", target=DATASETS["emnist"].target, options={"split": "letters"})
    assert source(letters) == {
        "dataset": "emnist-letters",
        "target": "torchvision.datasets.EMNIST",
        "options": {"split": "letters"},
    }


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_own_files_are_identified_by_their_content(tmp_path, suffix):
    folder = write_folder(tmp_path / "own", contents(), suffix)
    found = source(named("own", str(folder)))
    assert found == {
        "dataset": "own",
        "path": str(folder),
        "files": {name: idx.scan(folder / f"{name}{suffix}", FILES[name]).sha256 for name in FILES},
    }
    other = write_folder(tmp_path / "other", contents(side=7), suffix)
    assert source(named("own", str(other)))["files"] != found["files"]


@pytest.mark.skipif(not MNIST.is_dir(), reason="../shared/mnist is not there")
def test_the_checksums_of_mnist_are_those_of_its_content():
    assert source(named("own", MNIST))["files"] == DATASETS["mnist"].checksums


def test_own_files_must_all_be_there(tmp_path):
    folder = write_folder(tmp_path, contents())
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(UserError, match=r"has no t10k-labels-idx1-ubyte or t10k-labels-idx1-ubyte\.gz"):
        source(named("own", folder))
    with pytest.raises(UserError, match=r"dataset\.path: .*absent' is neither a folder nor a file"):
        source(named("own", tmp_path / "absent"))


def test_own_files_must_be_idx_files(tmp_path):
    folder = write_folder(tmp_path, contents() | {"t10k-images-idx3-ubyte": b"P5 28 28 255"})
    with pytest.raises(UserError, match=r"t10k-images-idx3-ubyte\.gz: is not an IDX file"):
        source(named("own", folder))


def labels(*values: int, count: int) -> bytes:
    return idx.encode(np.resize(np.array(values, np.uint8), count))


def images(count: int, side: int = 6, random_seed: int = 7) -> bytes:
    return idx.encode(np.random.default_rng(random_seed).integers(0, 256, (count, side, side), np.uint8))


TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = FILES
MISFITS = {
    "test classes that no training image has": (
        {TRAIN_LABELS: labels(0, 1, 2, count=40), TEST_LABELS: labels(*range(9), count=20)},
        r"t10k-labels-idx1-ubyte: has labels that no training image has: 3, 4, 5, 6, 7, 8$",
    ),
    "labels from 2": (
        {TRAIN_LABELS: labels(2, 3, count=40), TEST_LABELS: labels(2, 3, count=20)},
        r"train-labels-idx1-ubyte: has labels up to 3, and none is 0, 1; expected every number from 0 or 1 to the",
    ),
    "labels of a mask": (
        {TRAIN_LABELS: labels(0, 127, 254, count=40), TEST_LABELS: labels(0, 127, 254, count=20)},
        r"has labels up to 254, and none is 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 242 more; expected every number",
    ),
    "even labels": (
        {TRAIN_LABELS: labels(*range(0, 40, 2), count=40)},
        r"has labels up to 38, and none is 1, 3, 5, 7, 9, 11, 13, 15, 17, 19 and 9 more; expected every number",
    ),
    "one class": (
        {TRAIN_LABELS: labels(0, count=40), TEST_LABELS: labels(0, count=20)},
        r"train-labels-idx1-ubyte: all labels are 0; expected two classes at least$",
    ),
    "the training images as a test": (
        {TEST_IMAGES: contents()[TRAIN_IMAGES], TEST_LABELS: contents()[TRAIN_LABELS]},
        r"t10k-images-idx3-ubyte: has the training images again; expected other images to test with$",
    ),
    "other sizes": (
        {TEST_IMAGES: images(20, side=7)},
        r"t10k-images-idx3-ubyte: has images of 7x7 pixels, those of train-images-idx3-ubyte are 6x6$",
    ),
    "other counts": (
        {TEST_LABELS: labels(*range(10), count=19)},
        r"t10k-labels-idx1-ubyte: has 19 labels for the 20 images of t10k-images-idx3-ubyte$",
    ),
}


@pytest.mark.parametrize("case", MISFITS)
def test_own_files_that_do_not_fit_are_refused_before_any_job(tmp_path, case):
    changes, line = MISFITS[case]
    folder = write_folder(tmp_path / "own", contents() | changes, "")
    with pytest.raises(UserError, match=line) as error:
        source(named("own", folder))
    assert "\n" not in str(error.value)


def test_a_file_in_two_forms_is_refused_unless_both_have_the_same_content(tmp_path):
    folder = write_folder(tmp_path / "own", contents())
    write_folder(folder, contents(), "")
    assert source(named("own", folder))
    (folder / TRAIN_LABELS).write_bytes(labels(0, 1, count=40))
    with pytest.raises(UserError, match=r"labels-idx1-ubyte\.gz: train-labels-idx1-ubyte beside it has other content"):
        source(named("own", folder))


def test_files_as_kaggle_names_them(tmp_path):
    folder = write_folder(tmp_path / "own", {name.replace("-idx", ".idx"): own for name, own in contents().items()}, "")
    assert source(named("own", folder))["files"] == {
        name: idx.scan(folder / name.replace("-idx", ".idx"), FILES[name]).sha256 for name in FILES
    }


def test_the_root_of_torchvision_is_understood(tmp_path):
    raw = write_folder(tmp_path / "root/MNIST/raw", contents(), "")
    for folder in (tmp_path / "root", tmp_path / "root/MNIST"):
        assert source(named("own", folder)) == source(named("own", raw))


def test_mnist_mirror_comes_first():
    configured = {"mnist": ["https://example.org/b", "http://example.org/a/"]}
    own = {"MNIST_MIRROR": " file:///data/mnist "}
    assert mirrors(MNIST_CLASS, configured, own) == [
        "file:///data/mnist/",
        "https://example.org/b/",
        "http://example.org/a/",
    ]
    assert mirrors(MNIST_CLASS, None, {}) == list(DATASETS["mnist"].mirrors)
    assert mirrors(DATASETS["kmnist"].target, configured, own) == ["file:///data/mnist/"]  # then torchvision's own
    own_class = {"EuroSAT": ["https://example.org/c"]}
    assert mirrors("torchvision.datasets.EuroSAT", configured, own) == ["file:///data/mnist/"]
    assert mirrors("torchvision.datasets.EuroSAT", own_class, {}) == ["https://example.org/c/"]


@pytest.mark.parametrize("target", [None, "data/mine.py:load"])
def test_what_is_not_downloaded_has_no_mirror(target):
    assert mirrors(target, None, {"MNIST_MIRROR": "file:///data"}) == []


@pytest.mark.parametrize(
    "address",
    [
        "/data/mnist",
        "ftp://example.org/",
        "file://example.org/data",
        "file:data",
        "http://",
        "http://[x/",
        "http://example.org:99999/",
        "https://me:secret@example.org/",
        "http://example.org/?file=",
        "http://example.org/#files",
        "http://example.org/\n",
        "data:text/plain,x",
    ],
)
def test_only_folder_addresses_are_mirrors(address):
    with pytest.raises(UserError, match=r"mirrors\.mnist: is not a folder's address: .*; allowed: ") as error:
        mirrors(MNIST_CLASS, {"mnist": [address]}, {})
    assert "\n" not in str(error.value)


def test_the_registry_is_read_without_numpy():
    code = "import sys, experiment_grid.data.datasets; print({'numpy', 'torch', 'requests'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("folder", ["file:///a folder/mnist", "file://localhost/data", "http://example.org:8080/a"])
def test_folder_addresses_end_in_a_slash(folder):
    assert mirrors(MNIST_CLASS, {"mnist": [folder, f"{folder}/"]}, {}) == [f"{folder}/"]
