"""Images in class folders: what they become, and one line for what is wrong with them."""

import json
import struct
import zlib

import numpy as np
import pytest
from own_images import made, write_images
from PIL import Image

from experiment_grid.config.dataset import Dataset
from experiment_grid.data import prepared, source
from experiment_grid.data.idx import DataError


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


def test_one_folder_is_split_by_class_and_always_in_the_same_way(tmp_path):
    root = write_images(tmp_path / "pets", each=10)
    target = made(root, tmp_path, test_fraction=0.3)
    assert np.bincount(prepared.test_images(target)[1]).tolist() == [3, 3, 3]
    again = made(root, tmp_path / "again", test_fraction=0.3)
    assert target.read_bytes() == again.read_bytes()


def test_other_sizes_are_one_line_or_resized(tmp_path):
    root = write_images(tmp_path / "pets")
    Image.new("RGB", (9, 6)).save(root / "owl/wide.png")
    with pytest.raises(DataError, match=r"wide.png: images of 6 x 8 and of 6 x 9 pixels .*; expected one size, or"):
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
        (["train/a/x.png", "test/a/x.png"], r"'\S+/train' has 1 folders in it; expected a folder for each of two"),
        (
            ["train/a/x.png", "train/b/x.png", "test/a/x.png", "test/c/x.png"],
            r"test: has classes that \S+ does not have: c",
        ),
        (["a/x.png", "b/notes.txt"], r"/b: has no images; allowed: \.bmp"),
        (["train/a/x.png", "train/b/x.png", "labels/x.png"], r"has train with folders in it, and labels; expected"),
        (["a/x.png", "b\x1b/y.png"], r"has a folder 'b\\x1b'; expected printable names"),
        (
            ["A/raw/t10k-images-idx3-ubyte.gz", "A/raw/train-images-idx3-ubyte", "B/raw/train-images-idx3-ubyte"],
            r"has IDX files in \S+/A/raw, \S+/B/raw; expected one",
        ),
        (["x.png"], r"has 0 folders in it; expected a folder for each of two classes or more, or the four IDX files"),
    ],
)
def test_folders_that_are_no_data_set_are_one_line(tmp_path, names, line):
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
    with pytest.raises(DataError, match=r"dog/2\.png: is not an image that Pillow reads"):
        made(root, tmp_path)


@pytest.mark.parametrize("names", [("train", "val"), ("Training", "Testing")])
def test_parts_by_other_names_are_no_classes(tmp_path, names):
    for part in names:
        write_images(tmp_path / "pets" / part)
    with pytest.raises(DataError, match=r"has the folders \w+, \w+; expected train and test with class folders"):
        source.source(Dataset("own", tmp_path / "pets"))


def test_a_class_may_be_called_train(tmp_path):
    root = write_images(tmp_path / "vehicles", names=("bus", "train"), each=10)
    assert prepared.classes(made(root, tmp_path)) == ["bus", "train"]


def test_files_that_operating_systems_add_are_no_images(tmp_path):
    root = write_images(tmp_path / "pets", each=10)
    for name in ("cat/._1.png", "__MACOSX/cat/._1.png", "dog/.ipynb_checkpoints/1.png"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"no image")
    images, _ = prepared.training_images(made(root, tmp_path))
    assert len(images) == 24 and prepared.classes(tmp_path / "prepared.safetensors") == ["cat", "dog", "owl"]


def test_images_of_16_bits_are_refused(tmp_path):
    root = write_images(tmp_path / "scans", mode="L")
    Image.fromarray(np.full((6, 8), 4000, np.uint16)).save(root / "owl/0.png")
    with pytest.raises(DataError, match=r"owl/0.png: has pixels of 16 or 32 bits \(.*\); expected 8 bits"):
        made(root, tmp_path)


def test_images_beside_the_class_folders_are_counted(tmp_path):
    root = write_images(tmp_path / "pets")
    Image.new("L", (8, 6)).save(root / "loose.png")
    assert "images beside the class folders are not used (1)" in prepared.warnings(made(root, tmp_path))


def test_colours_of_16_bits_are_refused(tmp_path):
    """Pillow opens them as RGB without a warning."""
    root = write_images(tmp_path / "pets")
    raw = b"".join(b"\0" + b"\1\2" * 24 for _ in range(6))  # rows of 8 pixels with 3 colours of 2 bytes
    header = struct.pack(">IIBBBBB", 8, 6, 16, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(raw)), (b"IEND", b"")]
    content = [struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in chunks]
    (root / "cat/deep.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(content))
    with pytest.raises(DataError, match=r"cat/deep\.png: has pixels of 16 or 32 bits"):
        made(root, tmp_path)
