"""A small data set in IDX files, for the tests of the data stages."""

import gzip
from pathlib import Path

import numpy as np

from experiment_grid.data import idx
from experiment_grid.data.idx_folder import FILES


def arrays(train: int = 40, test: int = 20, classes: int = 10, side: int = 6) -> list[np.ndarray]:
    """Images and labels to train with, images and labels to test with, in the order of FILES."""
    generator = np.random.default_rng(0)
    made = []
    for count in (train, test):
        made.append(generator.integers(0, 256, (count, side, side), np.uint8))
        made.append((np.arange(count) % classes).astype(np.uint8))
    return made


def contents(**sizes: int) -> dict[str, bytes]:
    """Uncompressed content by file name."""
    return {name: idx.encode(values) for name, values in zip(FILES, arrays(**sizes), strict=True)}


def write_folder(folder: Path, contents: dict[str, bytes], suffix: str = ".gz") -> Path:
    """Write files as a mirror has them: with `suffix` ".gz" compressed, with "" plain."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / f"{name}{suffix}").write_bytes(gzip.compress(content) if suffix else content)
    return folder
