"""What identifies a data set, and in which order its mirrors are tried."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from idx_files import MNIST, contents, write_folder

from experiment_grid.data import idx
from experiment_grid.data.datasets import DATASETS, FILES, mirrors, source
from experiment_grid.runtime.errors import UserError


def named(name, path=None):
    return SimpleNamespace(name=name, path=path)


@pytest.mark.parametrize("name", DATASETS)
def test_a_built_in_set_is_complete(name):
    builtin = DATASETS[name]
    assert len(builtin.classes) == 10
    assert {key.removesuffix(".gz") for key in builtin.checksums} == (set(FILES) if builtin.mirrors else set())
    assert all(len(checksum) == 64 for checksum in builtin.checksums.values())
    assert source(named(name)).get("files", {}) == builtin.checksums


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
    with pytest.raises(UserError, match=r"dataset\.path: .*absent' is no folder"):
        source(named("own", tmp_path / "absent"))


def test_own_files_must_be_idx_files(tmp_path):
    folder = write_folder(tmp_path, contents() | {"t10k-images-idx3-ubyte": b"P5 28 28 255"})
    with pytest.raises(UserError, match=r"t10k-images-idx3-ubyte\.gz: is no IDX file"):
        source(named("own", folder))


def test_mnist_mirror_comes_first():
    configured = {"mnist": ["https://example.org/b", "http://example.org/a/"]}
    own = {"MNIST_MIRROR": " file:///data/mnist "}
    assert mirrors("mnist", configured, own) == [
        "file:///data/mnist/",
        "https://example.org/b/",
        "http://example.org/a/",
    ]
    assert mirrors("mnist", None, {}) == list(DATASETS["mnist"].mirrors)
    assert mirrors("kmnist", configured, own) == ["file:///data/mnist/", *DATASETS["kmnist"].mirrors]


@pytest.mark.parametrize("dataset", ["digits", "own"])
def test_what_is_not_downloaded_has_no_mirror(dataset):
    assert mirrors(dataset, None, {"MNIST_MIRROR": "file:///data"}) == []


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
    with pytest.raises(UserError, match=r"mirrors\.mnist: is no folder's address: .*; allowed: ") as error:
        mirrors("mnist", {"mnist": [address]}, {})
    assert "\n" not in str(error.value)


def test_the_registry_is_read_without_numpy():
    scripts = Path(__file__).parents[2] / "workflow/scripts"
    code = "import sys, experiment_grid.data.datasets; print({'numpy', 'torch', 'requests'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], cwd=scripts, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("folder", ["file:///a folder/mnist", "file://localhost/data", "http://example.org:8080/a"])
def test_folder_addresses_end_in_a_slash(folder):
    assert mirrors("mnist", {"mnist": [folder, f"{folder}/"]}, {}) == [f"{folder}/"]
