"""The data sets there are: what identifies their content, where they come from, what their classes are called.

Imported when the Snakefile is read: standard library only.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from experiment_grid.data import idx
from experiment_grid.data.idx import DataError
from experiment_grid.runtime.errors import UserError

# The four files, with their numbers of dimensions.
FILES = {
    "train-images-idx3-ubyte": 3,
    "train-labels-idx1-ubyte": 1,
    "t10k-images-idx3-ubyte": 3,
    "t10k-labels-idx1-ubyte": 1,
}
SCHEMES = ("file", "http", "https")


@dataclass(frozen=True)
class Builtin:
    """A data set that the workflow knows by name.

    `checksums` are SHA-256 by file name: under the plain name that of the uncompressed content, which allows a mirror
    to compress it again; under a name in `.gz` that of the original archive, where no other is published.
    """

    classes: tuple[str, ...]
    training_images: int
    test_images: int
    checksums: Mapping[str, str]
    mirrors: tuple[str, ...]


DATASETS = {
    "mnist": Builtin(
        classes=tuple("0123456789"),
        training_images=60_000,
        test_images=10_000,
        checksums={
            "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        },
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
            "http://yann.lecun.com/exdb/mnist/",
        ),
    ),
    "fashion-mnist": Builtin(
        classes=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        training_images=60_000,
        test_images=10_000,
        checksums={
            "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        },
        mirrors=(
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ),
    ),
    "kmnist": Builtin(
        classes=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        training_images=60_000,
        test_images=10_000,
        checksums={
            "train-images-idx3-ubyte.gz": "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
            "train-labels-idx1-ubyte.gz": "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
            "t10k-images-idx3-ubyte.gz": "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
            "t10k-labels-idx1-ubyte.gz": "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
        },
        mirrors=(
            "https://codh.rois.ac.jp/kmnist/dataset/kmnist/",
            "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
        ),
    ),
    "digits": Builtin(
        classes=tuple("0123456789"),
        training_images=1_297,
        test_images=500,
        checksums={},
        mirrors=(),
    ),
}


class Named(Protocol):
    """What the configuration says of its data set: `path` is the folder of one's own IDX files, or None."""

    name: str
    path: str | Path | None


def source(dataset: Named) -> dict[str, Any]:
    """What identifies a data set's content, as the download stage's recipe has it.

    Of a folder of one's own all four files are read and checked: raises UserError, before any job starts.
    """
    if dataset.path is None:
        checksums = dict(DATASETS[dataset.name].checksums)
        return {"dataset": dataset.name} | ({"files": checksums} if checksums else {})
    files = {name: _scan(dataset.path, name) for name in FILES}
    places = {name: str(own_file(dataset.path, name)) for name in FILES}
    refuse_misfits({name: scan.shape for name, scan in files.items()}, _labels(files), places)
    train, test = (name for name in FILES if FILES[name] == 3)
    if files[train].sha256 == files[test].sha256:
        raise DataError(f"{places[test]}: has the training images again, needed are others to test with")
    return {
        "dataset": dataset.name,
        "path": str(dataset.path),
        "files": {name: scan.sha256 for name, scan in files.items()},
    }


def _labels(files: Mapping[str, idx.Scan]) -> dict[str, frozenset[int]]:
    return {name: scan.labels for name, scan in files.items() if FILES[name] == 1}


def _scan(folder: str | Path, name: str) -> idx.Scan:
    """One of the four files; raises DataError where it is there twice, with different content."""
    paths = [path for path in _candidates(folder, name) if path.is_file()] or [own_file(folder, name)]
    first, *others = [idx.scan(path, FILES[name]) for path in paths]
    for path, other in zip(paths[1:], others, strict=True):
        if other != first:
            raise DataError(f"{paths[0]}: {path.name} beside it has other content; needed is one of the two")
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
    training.
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
    if trained == {0}:
        raise DataError(f"{places[train_labels]}: all labels are 0, needed are two classes at least")
    if absent := {*range(max(trained) + 1)} - trained:
        found = f"has labels up to {max(trained)}, and none is {_listed(absent)}"
        raise DataError(f"{places[train_labels]}: {found}; needed is every number from 0 to the highest")
    if more := labels[test_labels] - trained:
        raise DataError(f"{places[test_labels]}: has labels that no training image has: {_listed(more)}")


def _listed(numbers: Collection[int], most: int = 10) -> str:
    text = ", ".join(map(str, sorted(numbers)[:most]))
    return f"{text} and {len(numbers) - most} more" if len(numbers) > most else text


def own_file(folder: str | Path, name: str) -> Path:
    """One of the four files in a folder of one's own, `<name>.gz` or `<name>`; raises DataError where it is missing."""
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"dataset.path: {str(folder)!r} is no folder; needed is one with {', '.join(FILES)} (or .gz)")
    for candidate in _candidates(folder, name):
        if candidate.is_file():
            return candidate
    raise DataError(f"dataset.path: {str(folder)!r} has no {name} or {name}.gz{below(folder, name)}")


def _candidates(folder: str | Path, name: str) -> list[Path]:
    """Where a file may be, the first that counts first."""
    return [Path(folder) / f"{called}{suffix}" for called in spellings(name) for suffix in (".gz", "")]


def spellings(name: str) -> list[str]:
    """What a file is called: as MNIST's own, or with a point in the place of a hyphen, as on Kaggle."""
    return [name, name.replace("-idx", ".idx")]


def below(folder: Path, name: str) -> str:
    """Where the files are instead, as torchvision keeps them below its root; nothing where they aren't there either."""
    for place in (folder / "raw", *folder.glob("*/raw")):
        if any(path.is_file() for path in _candidates(place, name)):
            return f" (did you mean {place}?)"
    return ""


def mirrors(dataset: str, configured: Mapping[str, Sequence[str]] | None, environment: Mapping[str, str]) -> list[str]:
    """Folder addresses to try for a data set's files, in order, each with a slash at its end.

    `MNIST_MIRROR` of the environment comes first, then those configured for the data set or, without such, the
    built-in ones; none for a data set that is not downloaded. Raises UserError for what is no folder's address.
    """
    if dataset not in DATASETS or not DATASETS[dataset].checksums:
        return []
    chosen = (configured or {}).get(dataset) or DATASETS[dataset].mirrors
    own = environment.get("MNIST_MIRROR", "").strip()
    addresses = [_folder("MNIST_MIRROR", own)] if own else []
    addresses += [_folder(f"mirrors.{dataset}", address) for address in chosen]
    return list(dict.fromkeys(addresses))


def _folder(place: str, address: str) -> str:
    allowed = "allowed: a folder's address that begins with file:///, http:// or https://, without user name, ? or #"
    try:
        parts = urlsplit(address)
        if parts.scheme == "file":
            fine = parts.netloc in ("", "localhost") and parts.path.startswith("/")
        else:
            fine = parts.scheme in SCHEMES and bool(parts.hostname) and parts.port != 0 and " " not in address
    except ValueError:
        fine = False
    if not fine or not address.isprintable() or any(sign in address for sign in "?#@\\"):
        raise UserError(f"{place}: is no folder's address: {address!r}; {allowed}")
    return address.rstrip("/") + "/"
