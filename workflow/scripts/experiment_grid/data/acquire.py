"""Four IDX files, verified and under their final names: MNIST's from mirrors, a folder's, or scikit-learn's digits.

Every file is first verified in `<folder>/.verified/` and all move to their names together, so that an interrupted or
failed download keeps what is good and leaves nothing under a final name.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

from experiment_grid.data import idx
from experiment_grid.data.datasets import DATASETS
from experiment_grid.data.fetch import (
    BLOCK,
    MirrorError,
    Missing,
    RetryPolicy,
    Slow,
    Unreachable,
    attempts,
    blocks,
    local_path,
    not_downloaded,
)
from experiment_grid.data.idx import DataError
from experiment_grid.data.idx_folder import FILES, below, own_file, spellings
from experiment_grid.data.writing import writing
from experiment_grid.runtime.files import sweep

# Content of the largest file of the built-in sets, and what an incompressible archive may add.
LARGEST_ARCHIVE = 47_040_016 + 2**20


def from_mirrors(
    dataset: str,
    checksums: Mapping[str, str],
    mirrors: list[str],
    folder: Path,
    known: Mapping[str, str],
    policy: RetryPolicy,
) -> dict[str, str]:
    """Fetch what is not there and verified; returns for every file the address that it came from.

    `checksums`: SHA-256 of the uncompressed contents. `known`: the addresses of an earlier download, for what is kept.
    Raises DataError naming every mirror with its reason where a file could not be downloaded.
    """
    mirrors = list(mirrors)
    origins = {}
    for name, checksum in checksums.items():
        if _there(folder, name, checksum):
            print(f"{name}: already there and verified")
            origins[name] = known.get(name, "already there")
        else:
            origins[name] = _from_any(dataset, name, checksum, mirrors, _staged(folder, name), policy)
    _rename_verified(folder)
    return origins


def from_folder(path: str, checksums: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Copy the user's own IDX files; raises DataError where they are not what the run was planned with."""
    origins = {}
    for name, checksum in checksums.items():
        source = own_file(path, name)
        if not _there(folder, name, checksum):
            with writing(_staged(folder, name)) as part:
                idx.store(_read(source), part)
                _verify(part, name, checksum, f"{source} (changed since the run was planned? start it again)")
        print(f"{name}: from {source}, verified")
        origins[name] = str(source)
    _rename_verified(folder)
    return origins


def from_scikit_learn(folder: Path) -> dict[str, str]:
    """Write scikit-learn's embedded handwritten digits: 8 x 8 pixels of 0 to 16, scaled to 0 to 255."""
    import numpy as np
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = (digits.images * (255 / 16)).round().astype(np.uint8)
    labels = digits.target.astype(np.uint8)
    train = DATASETS["digits"].training_images
    arrays = (images[:train], labels[:train], images[train:], labels[train:])
    for name, values in zip(FILES, arrays, strict=True):
        with writing(_staged(folder, name)) as part:
            idx.store([idx.encode(values)], part)
        print(f"{name}: {len(values)} of scikit-learn's digits")
    _rename_verified(folder)
    return dict.fromkeys(FILES, "scikit-learn")


def _from_any(dataset: str, name: str, checksum: str, mirrors: list[str], target: Path, policy: RetryPolicy) -> str:
    """Fetch a file from the first mirror that has it; an unreachable or slow one moves to the end of `mirrors`."""
    reasons = []
    for mirror in list(mirrors):
        try:
            return _from_one(mirror, name, checksum, target, policy)
        except MirrorError as error:
            reasons.append(f"  {mirror}: {error}")
            print(f"{name}: {mirror}: {error}")
            if isinstance(error, Unreachable | Slow):
                mirrors.append(mirrors.pop(mirrors.index(mirror)))
    raise DataError(not_downloaded(f"{name} of {dataset}", reasons, "the four files"))


def _from_one(mirror: str, name: str, checksum: str, target: Path, policy: RetryPolicy) -> str:
    names = spellings(name) if mirror.startswith("file:") else [name]
    candidates = [f"{called}{suffix}" for called in names for suffix in (".gz", "")]
    for candidate in candidates:
        try:
            attempts(partial(_get, mirror + candidate, name, checksum, target, policy), policy)
            return mirror + candidate
        except Missing as error:
            missing = error
    if mirror.startswith("file:"):
        raise Missing(f"{missing}{below(local_path(mirror), name)}")
    raise missing


def _get(address: str, name: str, checksum: str, target: Path, policy: RetryPolicy) -> None:
    print(address)
    with writing(target) as part:
        idx.store(blocks(address, LARGEST_ARCHIVE, policy), part)
        try:
            _verify(part, name, checksum, target.name)
        except DataError as error:
            raise MirrorError(str(error)) from error


def _verify(path: Path, name: str, checksum: str, place: str) -> None:
    """Raise DataError, beginning with `place`, unless the file is well-formed and its content has the checksum."""
    found = idx.scan(path, FILES[name], place).sha256
    if found != checksum:
        raise DataError(f"{place}: other content than expected: SHA-256 {found}, expected {checksum}")


def _there(folder: Path, name: str, checksum: str) -> bool:
    """Whether a file is there, from an earlier run or an interrupted one, and verifies."""
    staged = _staged(folder, name)
    for path in (staged, folder / f"{name}.gz"):
        if path.is_file():
            try:
                _verify(path, name, checksum, str(path))
                return True
            except DataError as error:
                if path != staged and (folder.is_symlink() or folder.parent.is_symlink()):
                    raise DataError(
                        f"{error}; it is behind a link and is not replaced: remove the file or the link"
                    ) from error
                print(f"{error}; downloading again")
                staged.unlink(missing_ok=True)
    return False


def _staged(folder: Path, name: str) -> Path:
    """Where a file is verified. A link in that folder's place is removed: its target would be written to."""
    if (folder / ".verified").is_symlink():
        (folder / ".verified").unlink()
    return folder / ".verified" / f"{name}.gz"


def _rename_verified(folder: Path) -> None:
    """Give all verified files their final names, and remove what a killed download left beside them."""
    for name in FILES:
        path = _staged(folder, name)
        if path.is_file():
            path.replace(folder / path.name)
    sweep(_staged(folder, name) for name in FILES)
    with suppress(OSError):  # not there, or not empty
        (folder / ".verified").rmdir()


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block
