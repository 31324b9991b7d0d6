"""Images of one's own that are no IDX files: class folders, .npz files, functions; what is strange about any."""

import json
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
import torch
from download import make
from idx_files import contents, write_folder
from PIL import Image
from prepare import prepare

from experiment_grid.config.dataset import Dataset
from experiment_grid.data import arrays, idx, memory, prepared, source
from experiment_grid.data.idx import DataError
from experiment_grid.data.idx_folder import FILES

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
        (["train/a/x.png", "train/b/x.png", "labels/x.png"], r"has train with folders in it, and labels; needed are"),
        (["a/x.png", "b\x1b/y.png"], r"has a folder 'b\\x1b'; needed are printable names"),
        (
            ["A/raw/t10k-images-idx3-ubyte.gz", "A/raw/train-images-idx3-ubyte", "B/raw/train-images-idx3-ubyte"],
            r"has IDX files in \S+/A/raw, \S+/B/raw; needed is one",
        ),
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
    with pytest.raises(DataError, match=r"dog/2\.png: is not an image that Pillow reads"):
        made(root, tmp_path)


def test_images_that_memory_does_not_hold_are_refused_with_their_bytes(tmp_path, monkeypatch):
    root = write_images(tmp_path / "pets")
    monkeypatch.setattr(memory, "memory", lambda: 3000)
    with pytest.raises(
        DataError,
        match=r"take 1,728 bytes, and to prepare them 2 times as many; this machine has 3,000 bytes",
    ):
        made(root, tmp_path)
    monkeypatch.setattr(memory, "memory", lambda: 2000)
    np.savez(tmp_path / "large.npz", images=pixels(30, 6, 8), labels=np.arange(30) % 3)
    with pytest.raises(DataError, match=r"large\.npz: 30 x 6 x 8 images take 1,440 bytes"):
        made(tmp_path / "large.npz", tmp_path)


def test_images_of_idx_files_are_counted_before_they_are_decoded(tmp_path, monkeypatch):
    folder = write_folder(tmp_path, contents())
    monkeypatch.setattr(memory, "memory", lambda: 1000)
    monkeypatch.setattr(idx, "read", lambda *_: pytest.fail("was decoded"))
    with pytest.raises(DataError, match=r"own: 40 x \d+ x \d+ and 20 x \d+ x \d+ images take [\d,]+ bytes"):
        prepare("own", [folder / f"{name}.gz" for name in FILES], tmp_path / "prepared.safetensors")


@pytest.mark.parametrize("fraction", [None, 0.3])
def test_training_images_are_counted_while_planning(tmp_path, fraction):
    more = {} if fraction is None else {"test_fraction": fraction}
    root = write_images(tmp_path / "pets", each=7)
    np.savez(tmp_path / "whole.npz", images=pixels(21, 6, 5), labels=np.arange(21) % 3)
    for path in (root, tmp_path / "whole.npz"):
        images = prepared.training_images(made(path, tmp_path, **more))[0]
        assert source.training_images(Dataset("own", path, **more)) == len(images)
    np.savez(tmp_path / "parts.npz", x_train=pixels(21, 6, 5), y_train=np.arange(21) % 3, x_test=0, y_test=0)
    assert source.training_images(Dataset("own", tmp_path / "parts.npz")) == 21
    (tmp_path / "none.npz").write_bytes(b"PK")
    assert source.training_images(Dataset("own", tmp_path / "none.npz")) is None


@pytest.mark.parametrize("names", [("train", "val"), ("Training", "Testing")])
def test_parts_by_other_names_are_no_classes(tmp_path, names):
    for part in names:
        write_images(tmp_path / "pets" / part)
    with pytest.raises(DataError, match=r"has the folders \w+, \w+; needed are train and test with class folders"):
        source.source(Dataset("own", tmp_path / "pets"))


def test_a_class_may_be_called_train(tmp_path):
    root = write_images(tmp_path / "vehicles", names=("bus", "train"), each=10)
    assert prepared.classes(made(root, tmp_path)) == ["bus", "train"]


def test_what_is_not_used_is_a_warning(tmp_path):
    for part in ("train", "test", "val"):
        write_images(tmp_path / "pets" / part)
    assert prepared.warnings(made(tmp_path / "pets", tmp_path)) == ["the folder val is not used"]
    values = {f"{part}_{what}": pixels(30, 6, 5) if what == "images" else np.arange(30) % 3
              for part in ("train", "val", "test") for what in ("images", "labels")}  # fmt: skip
    np.savez(tmp_path / "med.npz", **values)
    unused = ["the arrays val_images, val_labels are not used"]
    assert prepared.warnings(made(tmp_path / "med.npz", tmp_path)) == unused


def test_files_that_systems_leave_behind_are_no_images(tmp_path):
    root = write_images(tmp_path / "pets", each=10)
    for name in ("cat/._1.png", "__MACOSX/cat/._1.png", "dog/.ipynb_checkpoints/1.png"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"no image")
    images, _ = prepared.training_images(made(root, tmp_path))
    assert len(images) == 24 and prepared.classes(tmp_path / "prepared.safetensors") == ["cat", "dog", "owl"]


def test_images_of_16_bits_are_refused(tmp_path):
    root = write_images(tmp_path / "scans", mode="L")
    Image.fromarray(np.full((6, 8), 4000, np.uint16)).save(root / "owl/0.png")
    with pytest.raises(DataError, match=r"owl/0.png: has pixels of 16 or 32 bits \(.*\); needed are 8 bits"):
        made(root, tmp_path)


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [("test_fraction", 0.3, ("parts", "idx", "npz", "digits")), ("size", 4, ("idx", "npz", "digits", "function"))],
)
def test_a_setting_that_would_do_nothing_is_refused_before_any_job(tmp_path, key, value, what):
    for part in ("train", "test"):
        write_images(tmp_path / "parts" / part)
    (tmp_path / "idx").mkdir()
    write_folder(tmp_path / "idx", contents())
    values = pixels(30, 6, 5), np.arange(30) % 3
    np.savez(tmp_path / "own.npz", x_train=values[0], y_train=values[1], x_test=values[0][::-1], y_test=values[1])
    given = {
        "parts": {"path": tmp_path / "parts"},
        "idx": {"path": tmp_path / "idx"},
        "npz": {"path": tmp_path / "own.npz"},
        "digits": {},
        "function": {"target": "mine.py:load"},
    }
    for name in what:
        with pytest.raises(DataError, match=f"dataset.{key}: "):
            source.source(Dataset("own", **given[name], **{key: value}))


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


def test_files_that_are_no_npz_are_one_line(tmp_path):
    np.save(tmp_path / "array.npy", pixels(4, 6, 5))
    (tmp_path / "html.npz").write_bytes(b"<html>")
    for name in ("array.npy", "html.npz"):
        with pytest.raises(DataError, match=f"{name}: is no .npz file; needed is one, or a folder of images"):
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
    from experiment_grid.runtime.errors import UserError

    with pytest.raises(
        UserError, match=r"dataset: mine.py:broken: ValueError: no such folder \(mine.py:13 in broken\)"
    ):
        make({"dataset": "x", "target": "mine.py:broken", "options": {}}, [], tmp_path)
    for given in ([1, 2, 3], 5, None):
        with pytest.raises(DataError, match=r"gives \w+; needed is \(images, labels\)"):
            arrays.returned(given, "mine.py:f", None)


IMAGES = np.zeros((4, 2, 3), np.uint8)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (([IMAGES[0], IMAGES[0, :1]], [0, 1]), r"mine\.py:f: images: is not an array \("),
        ((torch.zeros(4, 2, 3, requires_grad=True), [0, 1, 0, 1]), r"mine\.py:f: images: is not an array \(Can't call"),
        ({"images": IMAGES, "labels": None}, r"has None for labels; needed are arrays"),
        ({"x": IMAGES, "images": IMAGES, "y": [0, 1, 0, 1]}, r"has images and x; needed is one of them"),
        ({"x": IMAGES, "y": [0, 1, 0, 1], "classes": 3}, r"mine\.py:f: classes: is 3; needed is a list of names"),
        ({"x": IMAGES, "y": [0, 1, 0, 1], "classes": np.array(3)}, r"classes: is 3; needed is a list of names"),
        ({"x": IMAGES, "y": [0, 1, 0, 1], "classes": ["a", "a"]}, r"classes: has the name 'a'; needed are printable"),
        ({"x": IMAGES, "y": [0, 1, 0, 1], "classes": ["a", "\n"]}, r"classes: has the name '\\n'; needed are"),
        (([[[1, 2]]] * 4, [0, 1, 0, 1]), r"images: has numbers of type int64; needed are bytes"),
    ],
)
def test_what_a_function_gives_is_one_line(given, line):
    with pytest.raises(DataError, match=line) as error:
        arrays.returned(given, "mine.py:f", None)
    assert "\n" not in str(error.value)


def test_images_and_labels_may_be_lists_and_pairs():
    for given in (([*IMAGES] * 5, [0, 1] * 10), ((IMAGES, [0, 1, 0, 1]), (IMAGES[:2], [0, 1]))):
        assert arrays.returned(given, "mine.py:f", None).train[0].shape[1:] == (1, 2, 3)


def test_images_beside_the_class_folders_are_counted(tmp_path):
    root = write_images(tmp_path / "pets")
    Image.new("L", (8, 6)).save(root / "loose.png")
    assert "images beside the class folders are not used (1)" in prepared.warnings(made(root, tmp_path))


def test_colours_of_16_bits_are_refused(tmp_path):
    """Pillow opens them as RGB, without a word."""
    root = write_images(tmp_path / "pets")
    raw = b"".join(b"\0" + b"\1\2" * 24 for _ in range(6))  # rows of 8 pixels with 3 colours of 2 bytes
    header = struct.pack(">IIBBBBB", 8, 6, 16, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(raw)), (b"IEND", b"")]
    content = [struct.pack(">I", len(c)) + k + c + struct.pack(">I", zlib.crc32(k + c)) for k, c in chunks]
    (root / "cat/deep.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(content))
    with pytest.raises(DataError, match=r"cat/deep\.png: has pixels of 16 or 32 bits"):
        made(root, tmp_path)


def test_the_stages_of_data_import_torch_for_torchvision_alone():
    code = "import sys, download, prepare; print({'torch', 'torchvision'} & {*sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert done.stdout.strip() == "set()"
