"""Any classification set of torchvision.datasets: downloaded, checked, unpacked and decoded by its class.

The class opens its addresses with urllib. Here that gets an opener which asks one mirror after the other, gives a
silent one up, and reports how far it is. torchvision takes seconds to import: the stage download alone does it.
"""

import inspect
import operator
import os
import shutil
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from experiment_grid.data.arrays import Images, whole
from experiment_grid.data.fetch import (
    TICK,
    MirrorError,
    RetryPolicy,
    Slow,
    Unreachable,
    every,
    handlers,
    meaning,
    not_downloaded,
    progress,
)
from experiment_grid.data.folders import GREY, own_test_images, pixels
from experiment_grid.data.idx import DataError
from experiment_grid.data.memory import refuse_large_sides, refuse_too_many_bytes
from experiment_grid.runtime.errors import one_line

LARGEST = 2**35  # bytes of a file; torchvision has the size of none
OWN = "torchvision's own address"
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".mat")  # verified again by torchvision
SPLITS = (("train", "test"), ("trainval", "test"), ("train", "val"))  # what a class may call its parts, in this order
SHOWN = 2.0  # seconds between two lines on how far a download is


def download(settings: Mapping[str, Any], mirrors: list[str], folder: Path, policy: RetryPolicy) -> tuple[Images, str]:
    """The images of the class `settings["target"]`, and where they came from.

    `folder` is where torchvision unpacks; it is gone afterwards. What was verified in it is kept after a failure.
    Raises DataError with the reason of every mirror.
    """
    os.environ.setdefault("TQDM_DISABLE", "1")
    import torchvision

    kind = getattr(torchvision.datasets, settings["target"].rpartition(".")[2])
    if "download" not in _parameters(kind):
        raise DataError(f"dataset: {kind.__name__} of torchvision downloads nothing; expected a data set that does")
    reasons, emptied = [], False
    for mirror in [*mirrors, None]:
        attempts = iter(range(1, policy.attempts + 1))
        attempt = next(attempts)
        while attempt:
            _remove_unpacked(folder)
            with asking(mirror, policy) as opener:
                try:
                    parts = _parts(kind, settings, folder)
                    images = _images(parts, settings)
                    shutil.rmtree(folder, ignore_errors=True)
                    return images, mirror or OWN
                except DataError:
                    raise
                except Exception as error:
                    reason, said = opener.failed or _reason(error), one_line(str(error), 500)
            if not opener.asked:  # what is there is of an interrupted download, or the class downloads nothing
                if emptied:
                    raise DataError(f"dataset: {kind.__name__} of torchvision can't be downloaded: {said}")
                shutil.rmtree(folder, ignore_errors=True)
                emptied = True
                continue
            emptied = False
            print(f"{mirror or OWN}: {reason}")
            time.sleep(policy.back_off * 2 ** (attempt - 1) if isinstance(reason, Unreachable) else 0)
            attempt = next(attempts, 0) if isinstance(reason, Unreachable) else 0
        reasons.append(f"  {mirror or OWN}: {reason}")
    raise DataError(not_downloaded(settings["dataset"], reasons, "the files as torchvision names them"))


def _remove_unpacked(folder: Path) -> None:
    """Leave only archives in a folder: torchvision takes what was unpacked for whole, also after an interruption."""
    if folder.is_symlink():  # its target is not the workflow's
        folder.unlink()
    for path, folders, files in os.walk(folder, topdown=False):
        for name in files:
            if not name.endswith(ARCHIVES):
                Path(path, name).unlink()
        for name in folders:
            with suppress(OSError):  # not empty
                Path(path, name).rmdir()


def _reason(error: Exception) -> MirrorError:
    if isinstance(error, RuntimeError) and "corrupted" in str(error):
        return MirrorError("other content than expected, by torchvision's MD5")
    return MirrorError(f"{type(error).__name__}: {error}")


class Opener(urllib.request.OpenerDirector):
    """Opens what torchvision asks for: from a mirror's folder the file of the same name, with a time limit."""

    def __init__(self, mirror: str | None, policy: RetryPolicy):
        super().__init__()
        self.mirror, self.policy = mirror, policy
        self.failed: MirrorError | None = None
        self.asked = False
        self.led_to: set[str] = set()
        self.started, self.received = 0.0, 0
        for handler in (*handlers(), *([urllib.request.FileHandler] if (mirror or "").startswith("file:") else [])):
            self.add_handler(handler())

    def open(self, fullurl: Any, data: Any = None, timeout: Any = None) -> Any:
        """As urllib's; keeps in `failed` why it didn't."""
        request = fullurl if isinstance(fullurl, urllib.request.Request) else urllib.request.Request(fullurl)
        if request.unverifiable:  # a redirect's: its answer is counted where it was asked for
            return super().open(request, data, self.policy.silence)
        if self.mirror and request.full_url not in self.led_to:
            request.full_url = self.mirror + urlsplit(request.full_url).path.rpartition("/")[2]
        self.asked = True
        self.started, self.received = time.monotonic(), 0
        try:
            answer = super().open(request, data, self.policy.silence)
        except Exception as error:
            self.failed = meaning(error, self.policy)
            raise
        self.led_to.add(answer.url)  # torchvision asks for that next
        return self._counted(answer, request.full_url)

    def judge(self) -> None:
        """Raise Slow where the answer that is being read takes too long."""
        passed = time.monotonic() - self.started
        if self.started and passed > 2 * self.policy.silence and self.received < self.policy.slowest * passed:
            self.failed = Slow(f"slower than {self.policy.slowest:g} bytes per second")
            raise self.failed

    def _counted(self, answer: Any, address: str) -> Any:
        announced = answer.headers.get("Content-Length", "")
        announced = int(announced) if announced.isdecimal() else None
        if announced is not None and announced > LARGEST:
            raise self._failing(MirrorError(f"announces {announced:,} bytes, more than the {LARGEST:,} that it can be"))
        read, shown = answer.read, time.monotonic()

        def counting(size: int = -1) -> bytes:
            nonlocal shown
            try:
                block = read(size)
            except Exception as error:
                self.failed = meaning(error, self.policy)
                raise
            self.received += len(block)
            if self.received > LARGEST:
                raise self._failing(MirrorError(f"sends more than the {LARGEST:,} bytes that it can be"))
            if size and not block:
                if announced is not None and self.received < announced:
                    ended = f"ends after {self.received:,} of {announced:,} bytes"
                    raise self._failing(Unreachable(ended))
                self.started = 0.0
                print(f"{address}\n  {progress(self.received, announced)}")
            elif time.monotonic() - shown > SHOWN:
                shown = time.monotonic()
                print(f"  {progress(self.received, announced)}")
            return bytes(block)

        answer.read = counting
        if not hasattr(answer, "length"):
            answer.length = announced
        return answer

    def _failing(self, error: MirrorError) -> MirrorError:
        self.failed = error
        return error


@contextmanager
def asking(mirror: str | None, policy: RetryPolicy) -> Iterator[Opener]:
    """Have urllib ask this mirror alone while the block runs."""
    opener = Opener(mirror, policy)
    before = urllib.request._opener  # type: ignore[attr-defined]  # no public name
    urllib.request.install_opener(opener)
    try:
        with every(TICK, opener.judge):
            yield opener
    finally:
        urllib.request.install_opener(before)


def _parts(kind: type, settings: Mapping[str, Any], folder: Path) -> list[Any]:
    """Objects of a class, to train and to test with; one alone where it makes no difference."""
    names, options = _parameters(kind), settings["options"]
    more = {"download": True} if "download" in names else {}
    folder.mkdir(parents=True, exist_ok=True)
    ways: list[list[dict[str, Any]]] = [[{}]]
    if "train" in names:
        ways = [[{"train": True}, {"train": False}]]
    elif "split" in names and "split" not in options:
        ways = [[{"split": name} for name in pair] for pair in SPLITS]
    if len(ways[0]) == 2 and "test_fraction" in settings:
        raise DataError(own_test_images(kind.__name__, settings["test_fraction"]))
    while ways:
        try:
            return [kind(folder, **part, **more, **options) for part in ways.pop(0)]
        except (TypeError, ValueError) as error:
            if isinstance(error, UnicodeError):
                raise
            if not (ways and "argument split" in str(error)):
                raise DataError(f"dataset: {kind.__name__} of torchvision can't be made: {error}") from error
    raise AssertionError("the last way returns or raises")


def _parameters(kind: type) -> set[str]:
    """The names of the arguments of a class, those of its bases too where it hands others on."""
    names: set[str] = set()
    for base in inspect.getmro(kind):
        if "__init__" in vars(base):
            parameters = inspect.signature(vars(base)["__init__"]).parameters.values()
            names |= {one.name for one in parameters if one.kind is not one.VAR_KEYWORD}
            if not any(one.kind is one.VAR_KEYWORD for one in parameters):
                break
    return names


def _images(parts: list[Any], settings: Mapping[str, Any]) -> Images:
    where, size = f"dataset: {settings['dataset']}", settings.get("size")
    firsts = [part[0][0] for part in parts]
    if missing := [type(first).__name__ for first in firsts if not hasattr(first, "mode")]:
        raise DataError(f"{where}: has {missing[0]} instead of images; expected a classification set")
    channels = 1 if all(first.mode in GREY for first in firsts) else 3
    shapes = [(size, size) if size else (first.height, first.width) for first in firsts]
    refuse_too_many_bytes(where, *((len(part), channels, *shape) for part, shape in zip(parts, shapes, strict=True)))
    decoded = [_decoded(part, channels, shape, size, where) for part, shape in zip(parts, shapes, strict=True)]
    names = [str(name) for name in getattr(parts[0], "classes", None) or ()]
    if len(decoded) == 1:
        return whole(*decoded[0], names, settings.get("test_fraction"), where)
    train, test = decoded
    return Images(train, test, names)


def _decoded(
    part: Any, channels: int, shape: tuple[int, int], size: int | None, where: str
) -> tuple[np.ndarray, np.ndarray]:
    """The images uint8 [N, C, H, W] and labels uint8 [N] of a data set's object."""
    refuse_large_sides(where, shape)
    images, labels = np.empty((len(part), channels, *shape), np.uint8), np.empty(len(part), np.int64)
    for number in range(len(part)):
        picture, label = part[number]
        try:
            labels[number] = operator.index(label)
        except TypeError:
            found = f"image {number} has the label {str(label)[:60]!r}"
            raise DataError(f"{where}: {found}; expected a whole number: a classification set") from None
        values = pixels(picture, channels, size, f"{where}: image {number}")
        if values.shape[1:] != shape:
            raise DataError(f"{where}: has images of {shape} and of {values.shape[1:]} pixels; expected dataset.size")
        images[number] = values
    if labels.min() < 0 or labels.max() > 255:
        raise DataError(f"{where}: has labels from {labels.min()} to {labels.max()}; allowed are 0 to 255")
    return images, labels.astype(np.uint8)
