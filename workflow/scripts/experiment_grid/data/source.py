"""What identifies the content of the configured data set, found out and checked when the Snakefile is read.

Standard library only (NumPy for an .npz), and nothing of the user's code runs.
"""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from experiment_grid.data import folders, idx_folder
from experiment_grid.data.datasets import DATASETS, EMNIST
from experiment_grid.data.folders import own_test_images
from experiment_grid.data.idx import DataError
from experiment_grid.runtime.files import digest, write_json

CACHE = Path(".snakemake/images.json")
IMAGES = "images.safetensors"  # what download makes of images that are no IDX files


class DatasetSettings(Protocol):
    """What the configuration says of its data set: see `config.settings.Dataset`."""

    @property
    def name(self) -> str: ...
    @property
    def path(self) -> str | Path | None: ...
    @property
    def target(self) -> str | None: ...
    @property
    def options(self) -> Mapping[str, Any]: ...
    @property
    def test_fraction(self) -> float | None: ...
    @property
    def size(self) -> int | None: ...


def source(dataset: DatasetSettings) -> dict[str, Any]:
    """What identifies a data set's content, as the download stage's recipe has it.

    Of the user's own images all files are read, IDX files checked too: raises UserError, before any job starts.
    """
    named = {"dataset": dataset.name}
    more = {"test_fraction": dataset.test_fraction, "size": dataset.size}
    more = {key: value for key, value in more.items() if value is not None}
    _refuse_unused(dataset)
    if dataset.path is not None:
        path = Path(dataset.path)
        if folder := idx_folder.found_in(path):
            return named | {"path": str(folder), "files": idx_folder.contents(folder)}
        return named | {"path": str(path), "content": content(path)} | more
    builtin = _builtin(dataset)
    if builtin and builtin.checksums:
        return named | {"files": dict(builtin.checksums)}
    if dataset.target is None:
        return named
    return named | {"target": dataset.target, "options": dict(dataset.options)} | more


def _refuse_unused(dataset: DatasetSettings) -> None:
    """Raise DataError for a test_fraction or size that the data set doesn't use, as far as names say."""
    path, builtin = dataset.path and Path(dataset.path), _builtin(dataset)
    has_parts = builtin and "split" not in dataset.options
    if path:
        has_parts = idx_folder.found_in(path) or (path.is_dir() and folders.has_parts(path))
        if path.is_file() and dataset.test_fraction is not None:
            from experiment_grid.data import arrays  # with NumPy

            has_parts = arrays.has_parts(path)
    if dataset.test_fraction is not None and has_parts:
        raise DataError(own_test_images(str(path or dataset.name), dataset.test_fraction))
    by_torchvision = dataset.target and ":" not in dataset.target and not (builtin and builtin.checksums)
    resized = path.is_dir() and not idx_folder.found_in(path) if path else by_torchvision
    if dataset.size is not None and not resized:
        what = "only images in class folders and those that torchvision downloads are resized"
        raise DataError(f"dataset.size: {what}; given: {dataset.size}; allowed: no such key")


def files(dataset: DatasetSettings) -> list[str]:
    """The names of the files that the download stage leaves."""
    builtin = _builtin(dataset)
    by_name = builtin and (builtin.checksums or builtin.target is None)
    is_idx = idx_folder.found_in(Path(dataset.path)) if dataset.path else by_name
    return [f"{name}.gz" for name in idx_folder.FILES] if is_idx else [IMAGES]


def training_images(dataset: DatasetSettings) -> int | None:
    """How many images there are to train and validate on, as names or headers say; None where they don't."""
    if dataset.path is None:
        builtin = _builtin(dataset)
        return EMNIST.get(dataset.options.get("split", "")) or (builtin.training_images if builtin else None)
    try:
        path = Path(dataset.path)
        if folder := idx_folder.found_in(path):
            return idx_folder.labels_in(folder)
        if path.is_dir():
            return folders.training_images(path, dataset.test_fraction)
        from experiment_grid.data import arrays  # with NumPy

        return arrays.training_images(path, dataset.test_fraction)
    except (OSError, DataError):  # reported in full where the files are checked
        return None


def _builtin(dataset: DatasetSettings) -> Any:
    return next((one for one in DATASETS.values() if dataset.path is None and one.target == dataset.target), None)


def content(path: Path) -> str:
    """SHA-256 of a file, or of a folder's images with their names. Raises DataError where there are none.

    A folder is not read again as long as names, sizes and times in it stay.
    """
    if path.is_file():
        return digest(path)
    if not path.is_dir():
        raise DataError(f"dataset.path: {str(path)!r} is neither a folder nor a file")
    images = folders.images(path)
    stats = [(name, (status := file.stat()).st_size, status.st_mtime_ns) for name, file in images.items()]
    listed = hashlib.sha256(json.dumps(stats).encode()).hexdigest()
    known = _known()
    if known.get(str(path), {}).get("listed") != listed:
        contents = json.dumps([(name, digest(file)) for name, file in images.items()])
        known[str(path)] = {"listed": listed, "content": hashlib.sha256(contents.encode()).hexdigest()}
    return known[str(path)]["content"]


@cache
def _known() -> dict[str, dict[str, str]]:
    try:
        return dict(json.loads(CACHE.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def keep() -> None:
    """Keep the contents for the next run; without a place to keep them, the files are read again."""
    if _known():
        with suppress(OSError):
            write_json(CACHE, _known(), flush=False)
