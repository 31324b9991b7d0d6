"""Data sets from this machine: folders as mirrors, folders of the user's, and the digits of scikit-learn."""

import gzip

import pytest
from downloads import CHECKSUMS, CONTENTS, FIRST, assert_complete, fetch, files_in
from idx_files import write_folder
from project import MNIST

from experiment_grid.data import acquire, idx
from experiment_grid.data.datasets import DATASETS
from experiment_grid.data.idx import DataError
from experiment_grid.data.idx_folder import FILES


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_folder_is_a_mirror_with_plain_or_gzipped_files(tmp_path, folder, suffix):
    mirror = write_folder(tmp_path / "a mirror", CONTENTS, suffix).as_uri() + "/"
    origins = fetch(folder, mirror)
    assert_complete(folder)
    assert origins[FIRST] == f"{mirror}{FIRST}{suffix}"


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_folder_may_have_the_names_of_kaggle(tmp_path, folder, suffix):
    dotted = {name.replace("-idx", ".idx"): content for name, content in CONTENTS.items()}
    origins = fetch(folder, write_folder(tmp_path / "mirror", dotted, suffix).as_uri() + "/")
    assert_complete(folder)
    assert origins[FIRST].endswith(f"train-images.idx3-ubyte{suffix}")


def test_the_root_folder_of_torchvision_gets_a_hint(tmp_path, folder):
    write_folder(tmp_path / "root/MNIST/raw", CONTENTS)
    with pytest.raises(DataError, match=r"no such file \(did you mean \S+/root/MNIST/raw\?\)"):
        fetch(folder, (tmp_path / "root").as_uri() + "/")


@pytest.mark.skipif(not MNIST.is_dir(), reason="../shared/mnist is not there")
def test_mnist_itself_verifies_and_a_flipped_pixel_does_not(folder, tmp_path):
    checksums = DATASETS["mnist"].checksums
    test_files = {name: checksums[name] for name in ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")}
    fetch(folder, MNIST.resolve().as_uri() + "/", checksums=test_files)
    assert files_in(folder) == [f"{name}.gz" for name in sorted(test_files)]
    content = bytearray(gzip.decompress((MNIST / "t10k-images-idx3-ubyte.gz").read_bytes()))
    content[5_000_000] ^= 1
    wrong = write_folder(tmp_path / "wrong", {"t10k-images-idx3-ubyte": bytes(content)}, "")
    with pytest.raises(DataError, match="other content than expected"):
        fetch(tmp_path / "other", wrong.as_uri() + "/", checksums=test_files)


def test_own_files_are_copied_and_a_change_since_planning_is_reported(folder, tmp_path):
    own = write_folder(tmp_path / "own", CONTENTS, "")
    assert acquire.from_folder(str(own), CHECKSUMS, folder) == {name: str(own / name) for name in FILES}
    assert_complete(folder)
    content = bytearray(CONTENTS[FIRST])
    content[-1] ^= 1
    (own / FIRST).write_bytes(bytes(content))
    with pytest.raises(DataError, match=r"changed since the run was planned"):
        acquire.from_folder(str(own), CHECKSUMS, tmp_path / "other")


def test_the_digits_are_those_of_scikit_learn(folder):
    from sklearn.datasets import load_digits

    assert acquire.from_scikit_learn(folder) == dict.fromkeys(FILES, "scikit-learn")
    train, test = (idx.read(folder / f"{part}-images-idx3-ubyte.gz", 3) for part in ("train", "t10k"))
    labels = idx.read(folder / "t10k-labels-idx1-ubyte.gz", 1)
    digits = load_digits()
    assert train.shape == (1297, 8, 8)
    assert (train.min(), train.max()) == (0, 255)
    assert abs(test / 255 * 16 - digits.images[1297:]).max() < 0.5 * 16 / 255 + 1e-9
    assert labels.tolist() == digits.target[1297:].tolist()
