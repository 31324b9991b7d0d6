"""The data sets there are: what identifies their content, where they come from, what their classes are called.

Imported when the Snakefile is read: standard library only.
"""

from collections.abc import Mapping, Sequence
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
    files = {name: idx.scan(own_file(dataset.path, name), FILES[name]).sha256 for name in FILES}
    return {"dataset": dataset.name, "path": str(dataset.path), "files": files}


def own_file(folder: str | Path, name: str) -> Path:
    """One of the four files in a folder of one's own, `<name>.gz` or `<name>`; raises DataError where it is missing."""
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"dataset.path: {str(folder)!r} is no folder; needed is one with {', '.join(FILES)} (or .gz)")
    for candidate in (folder / f"{name}.gz", folder / name):
        if candidate.is_file():
            return candidate
    raise DataError(f"dataset.path: {str(folder)!r} has no {name} or {name}.gz")


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
