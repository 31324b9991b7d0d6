"""Images and labels as arrays, whatever they come from: the parts to train and to test with, in one form."""

import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from experiment_grid.data import folders
from experiment_grid.data.folders import TEST_FRACTION, own_test_images, test_count, training_count
from experiment_grid.data.idx import LARGEST_SIDE, DataError
from experiment_grid.data.memory import refuse_too_many_bytes
from experiment_grid.runtime.errors import one_line

# What the arrays of an .npz, or of a function's dictionary, may be called: Keras, MedMNIST, our own prepared file.
NAMES = {
    "train_images": ("train_images", "x_train"),
    "train_labels": ("train_labels", "y_train"),
    "test_images": ("test_images", "x_test"),
    "test_labels": ("test_labels", "y_test"),
}
WHOLE = {"images": ("images", "x", "data"), "labels": ("labels", "y", "target")}
Part = tuple[np.ndarray, np.ndarray]  # images uint8 [N, C, H, W] and labels uint8 [N]


@dataclass(frozen=True)
class Images:
    """Images uint8 [N, C, H, W] and labels uint8 [N] to train and to test with, names of the classes, and warnings."""

    train: Part
    test: Part
    classes: list[str]
    warnings: tuple[str, ...] = ()


def from_npz(path: Path, test_fraction: float | None) -> Images:
    """The arrays of an .npz file. Raises DataError."""
    with _opened(path) as file:
        headers = [_header(file.zip, name) for name in file.files]
        shapes = [
            (*shape, dtype.itemsize) if dtype.itemsize > 1 else shape for shape, dtype in headers if len(shape) > 2
        ]
        refuse_too_many_bytes(str(path), *shapes)
        return from_mapping({name: file[name] for name in file.files}, str(path), test_fraction)


def training_images(path: Path, test_fraction: float | None) -> int | None:
    """How many images of an .npz file are to train and validate with; None where it has none. Raises DataError."""
    with _opened(path) as file:
        for called in NAMES["train_labels"]:
            if called in file.files:
                return _header(file.zip, called)[0][0]
        for called in WHOLE["labels"]:
            if called in file.files:
                return training_count(Counter(file[called].ravel().tolist()), test_fraction)
    return None


def has_parts(path: Path) -> bool:
    """Whether an .npz file has test images of its own. Raises DataError where it is none."""
    with _opened(path) as file:
        return any(name in file.files for names in NAMES.values() for name in names)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """NumPy's view of an .npz file. Raises DataError where it is none, or damaged."""
    if not zipfile.is_zipfile(path):
        raise DataError(f"{path}: is not an .npz file; expected one, or a folder of images")
    try:
        with np.load(path, allow_pickle=False) as file:
            yield file
    except (OSError, ValueError, EOFError, IndexError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path}: is not an .npz file of plain arrays ({error})") from error


def from_folders(path: Path, test_fraction: float | None, size: int | None) -> Images:
    """The images of class folders. Raises DataError."""
    found, classes = folders.images(path), folders.classes(path)
    images = folders.read([*found.values()], size)
    parts = folders.has_parts(path)
    labels = np.array([classes.index(name.split("/")[1 if parts else 0]) for name in found], np.uint8)
    warnings = tuple(f"the folder {name} is not used" for name in folders.unused(path))
    if loose := folders.loose(path):
        warnings += (f"images beside the class folders are not used ({loose:,})",)
    if not parts:
        return replace(whole(images, labels, classes, test_fraction, str(path)), warnings=warnings)
    train = np.array([name.startswith("train/") for name in found])
    return Images((images[train], labels[train]), (images[~train], labels[~train]), classes, warnings)


def from_mapping(given: Mapping[str, Any], where: str, test_fraction: float | None) -> Images:
    """Arrays by name, of one piece or of two. Raises DataError."""
    wanted = NAMES if any(name in given for names in NAMES.values() for name in names) else WHOLE
    found = {key: next((given[name] for name in names if name in given), None) for key, names in wanted.items()}
    if twice := [both for names in wanted.values() if len(both := [name for name in names if name in given]) > 1]:
        raise DataError(f"{where}: has {' and '.join(twice[0])}; expected one of them")
    if empty := [str(name) for name, value in given.items() if value is None and name != "classes"]:
        raise DataError(f"{where}: has None for {', '.join(empty)}; expected arrays")
    if missing := [" or ".join(wanted[key]) for key, value in found.items() if value is None]:
        raise DataError(f"{where}: has no {', no '.join(missing)}; it has {', '.join(map(str, given)) or 'nothing'}")
    arrays = {
        key: (_images if key.endswith("images") else _labels)(value, f"{where}: {key}") for key, value in found.items()
    }
    names = _names(given.get("classes"), f"{where}: classes")
    used = {name for names in wanted.values() for name in names} | {"classes"}
    unused = ", ".join(sorted(str(name) for name in given if name not in used))
    warnings = (f"the arrays {unused} are not used",) if unused else ()
    if wanted is WHOLE:
        images = whole(arrays["images"], arrays["labels"], names, test_fraction, where)
        return replace(images, warnings=warnings)
    if test_fraction is not None:
        raise DataError(own_test_images(where, test_fraction))
    train, test = ((arrays[f"{part}_images"], arrays[f"{part}_labels"]) for part in ("train", "test"))
    return Images(train, test, names, warnings)


def whole(
    images: np.ndarray, labels: np.ndarray, classes: list[str], test_fraction: float | None, where: str
) -> Images:
    """Images uint8 [N, C, H, W] and labels uint8 [N] in one piece; `test_fraction` of each class is to test with.

    Always the same images. Raises DataError, beginning with `where`.
    """
    if len(images) != len(labels):
        raise DataError(f"{where}: has {len(labels):,} labels for {len(images):,} images")
    order = np.random.default_rng(0).permutation(len(labels))
    test = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        members = order[labels[order] == label]
        test[members[: test_count(len(members), test_fraction)]] = True
    if not test.any() or test.all():
        raise DataError(
            f"{where}: test_fraction {test_fraction or TEST_FRACTION} of {len(labels)} images leaves none to train or "
            "none to test"
        )
    return Images((images[~test], labels[~test]), (images[test], labels[test]), classes)


def _header(archive: zipfile.ZipFile, name: str) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and type of an array, which is not unpacked for it."""
    with archive.open(f"{name}.npy") as file:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(file)
    return shape, dtype


def _names(given: Any, where: str) -> list[str]:
    """The names of the classes: none, or a text or number for each, all different."""
    if given is None:
        return []
    values = given.tolist() if isinstance(given, np.ndarray) else given
    if isinstance(values, (str, Mapping)) or not isinstance(values, Sequence):
        raise DataError(f"{where}: is {one_line(str(values), 60)}; expected a list of names")
    names = [str(name) for name in values]
    for number, name in enumerate(names):
        if not name.strip() or not name.isprintable() or name in names[:number]:
            raise DataError(f"{where}: has the name {name!r}; expected printable texts, all different")
    return names


def _array(values: Any, where: str) -> np.ndarray:
    try:
        return np.asarray(values)
    except Exception as error:  # whatever a user's object makes of it: rows of several lengths, a tensor with gradients
        raise DataError(f"{where}: is not an array ({one_line(str(error), 200)}); expected one of bytes") from error


def _images(values: Any, where: str) -> np.ndarray:
    """Images as uint8 [N, C, H, W]; a last axis of 1, 3 or 4 is that of the colours where the second is none."""
    values = _array(values, where)
    if values.dtype != np.uint8:
        raise DataError(f"{where}: has numbers of type {values.dtype}; expected bytes (uint8) from 0 to 255")
    if values.ndim == 3:
        values = values[:, None]
    elif values.ndim == 4 and values.shape[1] not in (1, 3) and values.shape[3] in (1, 3, 4):
        values = values.transpose(0, 3, 1, 2)[:, :3]
    shape = " x ".join(map(str, values.shape))
    if values.ndim != 4 or values.shape[1] not in (1, 3):
        raise DataError(f"{where}: has the shape {shape}; expected N x H x W, N x H x W x C or N x C x H x W, C 1 or 3")
    if not values.size or max(values.shape[2:]) > LARGEST_SIDE:
        raise DataError(f"{where}: has the shape {shape}; expected images, with sides of up to {LARGEST_SIDE:,} pixels")
    return np.ascontiguousarray(values)


def _labels(values: Any, where: str) -> np.ndarray:
    """Labels as uint8 [N]; an axis of length 1 behind is none."""
    values = _array(values, where)
    values = values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values
    if values.ndim != 1 or not len(values) or values.dtype.kind not in "iu":
        shape = " x ".join(map(str, values.shape))
        raise DataError(f"{where}: is {values.dtype} of shape {shape}; expected one whole number for each image")
    if values.min() < 0 or values.max() > 255:
        raise DataError(f"{where}: has labels from {values.min()} to {values.max()}; allowed are 0 to 255")
    labels: np.ndarray = values.astype(np.uint8)
    return labels


def _is_pair(given: Any) -> bool:
    """Whether it is (images, labels), not images or labels in a list."""
    return isinstance(given, Sequence) and len(given) == 2 and (isinstance(given, tuple) or np.ndim(given[0]) > 2)


def returned(given: Any, where: str, test_fraction: float | None) -> Images:
    """What a user's function gave: a dictionary, (images, labels), or (training images, labels, test images, labels).

    Tensors are arrays too. Raises DataError.
    """
    if isinstance(given, Sequence) and len(given) == 2 and all(map(_is_pair, given)):
        given = [array for part in given for array in part]
    if isinstance(given, Sequence) and len(given) in (2, 4):
        given = dict(zip(NAMES if len(given) == 4 else WHOLE, given, strict=True))
    if not isinstance(given, Mapping):
        wanted = "(images, labels), (images, labels, test images, test labels) or a dictionary of these"
        raise DataError(f"{where}: returns {type(given).__name__}; expected {wanted}")
    return from_mapping(given, where, test_fraction)
