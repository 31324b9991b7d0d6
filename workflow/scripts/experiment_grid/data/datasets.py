"""The data sets there are by name: what they are in torchvision, how many images they have, where they come from.

Imported when the Snakefile is read: standard library only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from experiment_grid.runtime.errors import UserError

SCHEMES = ("file", "http", "https")


@dataclass(frozen=True)
class Builtin:
    """A data set that the workflow knows by name.

    `target` is its class in torchvision, which downloads it and names the classes; not of scikit-learn's digits, and
    not of MNIST, whose four files are known by the SHA-256 of their uncompressed content: a mirror may compress them
    again.
    """

    target: str | None
    training_images: int
    classes: tuple[str, ...] = ()
    checksums: Mapping[str, str] = field(default_factory=dict)
    mirrors: tuple[str, ...] = ()


TORCHVISION = "torchvision.datasets"
EMNIST = {  # training images by split
    "byclass": 697_932,
    "bymerge": 697_932,
    "balanced": 112_800,
    "letters": 124_800,
    "digits": 240_000,
    "mnist": 60_000,
}
DATASETS = {
    "mnist": Builtin(
        f"{TORCHVISION}.MNIST",
        60_000,
        classes=tuple("0123456789"),
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
    "fashion-mnist": Builtin(f"{TORCHVISION}.FashionMNIST", 60_000),
    "kmnist": Builtin(f"{TORCHVISION}.KMNIST", 60_000),
    "qmnist": Builtin(f"{TORCHVISION}.QMNIST", 60_000),
    "emnist": Builtin(f"{TORCHVISION}.EMNIST", EMNIST["byclass"]),
    "cifar10": Builtin(f"{TORCHVISION}.CIFAR10", 50_000),
    "cifar100": Builtin(f"{TORCHVISION}.CIFAR100", 50_000),
    "svhn": Builtin(f"{TORCHVISION}.SVHN", 73_257),
    "usps": Builtin(f"{TORCHVISION}.USPS", 7_291),
    "digits": Builtin(None, 1_297, classes=tuple("0123456789")),
}


def mirrors(
    target: str | None, configured: Mapping[str, Sequence[str]] | None, environment: Mapping[str, str]
) -> list[str]:
    """Folder addresses to try for the files of a class of torchvision, in order, each with a slash at its end.

    `MNIST_MIRROR` of the environment comes first, then those configured for the data set or, without such, the
    built-in ones (MNIST's); none for a data set that is not downloaded. torchvision's own addresses come after them.
    Raises UserError for what is not a folder's address.
    """
    if target is None or not target.startswith(f"{TORCHVISION}."):
        return []
    name = target.rpartition(".")[2]
    dataset = next((known for known, builtin in DATASETS.items() if builtin.target == target), name)
    named = configured or {}
    chosen = named.get(dataset) or named.get(name) or (DATASETS[dataset].mirrors if dataset in DATASETS else ())
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
        raise UserError(f"{place}: is not a folder's address: {address!r}; {allowed}")
    return address.rstrip("/") + "/"
