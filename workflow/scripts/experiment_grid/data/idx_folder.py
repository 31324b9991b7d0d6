"""IDX files in a folder of the user's: where they are, and whether they belong together.

Imported when the Snakefile is read: standard library only.
"""

import gzip
import zlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from experiment_grid.data import idx
from experiment_grid.data.idx import DataError
from experiment_grid.runtime.errors import some

# The four files, with their numbers of dimensions.
FILES = {
    "train-images-idx3-ubyte": 3,
    "train-labels-idx1-ubyte": 1,
    "t10k-images-idx3-ubyte": 3,
    "t10k-labels-idx1-ubyte": 1,
}
MOST = 10  # numbers or names in a message
HEADER_OF_LABELS = bytes([0, 0, 8, 1])  # unsigned bytes, one dimension; a count of four bytes follows


def contents(folder: Path) -> dict[str, str]:
    """SHA-256 of the content of the four files in a folder, all read and checked. Raises DataError."""
    files = {name: _scan(folder, name) for name in FILES}
    places = {name: str(own_file(folder, name)) for name in FILES}
    refuse_misfits({name: scan.shape for name, scan in files.items()}, _labels(files), places)
    train, test = (name for name in FILES if FILES[name] == 3)
    if files[train].sha256 == files[test].sha256:
        raise DataError(f"{places[test]}: has the training images again; expected other images to test with")
    return {name: scan.sha256 for name, scan in files.items()}


def _labels(files: Mapping[str, idx.Scan]) -> dict[str, frozenset[int]]:
    return {name: scan.labels for name, scan in files.items() if FILES[name] == 1}


def _scan(folder: str | Path, name: str) -> idx.Scan:
    """One of the four files; raises DataError where it is there twice, with different content."""
    paths = [path for path in _candidates(folder, name) if path.is_file()] or [own_file(folder, name)]
    first, *others = [idx.scan(path, FILES[name]) for path in paths]
    for path, other in zip(paths[1:], others, strict=True):
        if other != first:
            raise DataError(f"{paths[0]}: {path.name} beside it has other content; expected one of the two")
    return first


def refuse_misfits(
    shapes: Mapping[str, Sequence[int]],
    labels: Mapping[str, frozenset[int]],
    places: Mapping[str, str],
    classes: int | None = None,
) -> None:
    """Raise DataError unless the four files (by their names in FILES) belong together.

    `shapes` are their dimensions, `labels` the values that occur in the two files of labels, `places` what to call the
    files. `classes` is the number of classes where it is known; else every label up to the highest must occur in
    training, from 0 or, in all files, from 1 on.
    """
    train_images, train_labels, test_images, test_labels = FILES
    for images, own in ((train_images, train_labels), (test_images, test_labels)):
        if shapes[own][0] != shapes[images][0]:
            raise DataError(
                f"{places[own]}: has {shapes[own][0]:,} labels for the {shapes[images][0]:,} images of {images}"
            )
    if shapes[train_images][1:] != shapes[test_images][1:]:
        sizes = ["x".join(map(str, shapes[name][1:])) for name in (train_images, test_images)]
        raise DataError(
            f"{places[test_images]}: has images of {sizes[1]} pixels, those of {train_images} are {sizes[0]}"
        )
    if classes is not None:
        for name in (train_labels, test_labels):
            if max(labels[name]) >= classes:
                raise DataError(f"{places[name]}: has a label {max(labels[name])}, allowed are 0 to {classes - 1}")
        return
    trained = labels[train_labels]
    if len(trained) == 1:
        raise DataError(f"{places[train_labels]}: all labels are {min(trained)}; expected two classes at least")
    if absent := {*range(first_label(trained, labels[test_labels]), max(trained) + 1)} - trained:
        found = f"has labels up to {max(trained)}, and none is {some(sorted(absent), MOST)}"
        raise DataError(f"{places[train_labels]}: {found}; expected every number from 0 or 1 to the highest")
    if more := labels[test_labels] - trained:
        raise DataError(f"{places[test_labels]}: has labels that no training image has: {some(sorted(more), MOST)}")


def first_label(trained: Collection[int], tested: Collection[int]) -> int:
    """What labels count from: 1 where that is the lowest of all, else 0."""
    return 1 if min(*trained, *tested) == 1 else 0


def own_file(folder: str | Path, name: str) -> Path:
    """One of the four files in the user's folder, `<name>.gz` or `<name>`; raises DataError if it does not exist."""
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"dataset.path: {str(folder)!r} is not a folder; expected one with {', '.join(FILES)} (or .gz)")
    for candidate in _candidates(folder, name):
        if candidate.is_file():
            return candidate
    raise DataError(f"dataset.path: {str(folder)!r} has no {name} or {name}.gz{below(folder, name)}")


def _candidates(folder: str | Path, name: str) -> list[Path]:
    """Where a file may be, the first that counts first; also in a folder of its name, as Kaggle unpacks it."""
    return [Path(folder, place) for own in spellings(name) for place in (f"{own}.gz", own, f"{own}/{own}")]


def spellings(name: str) -> list[str]:
    """What a file is called: as MNIST's own, or with a point in the place of a hyphen, as on Kaggle."""
    return [name, name.replace("-idx", ".idx")]


def below(folder: Path, name: str) -> str:
    """A hint at the folder in which torchvision keeps the files below its root; nothing where they aren't there."""
    found = _as_torchvision(folder, name)
    return f" (did you mean {found}?)" if found else ""


def found_in(path: Path) -> Path | None:
    """The folder of IDX files that a path means: itself, or torchvision's below it (MNIST/raw). None without any."""
    if not path.is_dir():
        return None
    if any(candidate.is_file() for name in FILES for candidate in _candidates(path, name)):
        return path
    return _as_torchvision(path, next(iter(FILES)))


def labels_in(folder: Path) -> int | None:
    """How many training labels there are, as their file's header says; None if it can't be read."""
    file = own_file(folder, "train-labels-idx1-ubyte")
    try:
        with (gzip.open if file.suffix == ".gz" else open)(file, "rb") as stream:
            header = stream.read(8)
    except (EOFError, zlib.error):
        return None
    return int.from_bytes(header[4:]) if header[:4] == HEADER_OF_LABELS else None


def _as_torchvision(folder: Path, name: str) -> Path | None:
    places = (folder / "raw", *sorted(folder.glob("*/raw")))
    found = [place for place in places if any(path.is_file() for path in _candidates(place, name))]
    if len(found) > 1:
        raise DataError(f"dataset.path: {str(folder)!r} has IDX files in {', '.join(map(str, found))}; expected one")
    return found[0] if found else None
