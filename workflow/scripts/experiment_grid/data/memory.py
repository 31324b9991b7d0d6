"""Whether images are small enough, each and all together, asked before they are read."""

import math
import os
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from experiment_grid.data.idx import LARGEST_SIDE, DataError

COPIES = 2  # of all images at once, at most, while they are divided, checked and written
LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")  # of a container, a batch job


@cache
def memory() -> int:
    """Bytes of memory that this machine, or the container, has."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for limit in LIMITS:
        with suppress(OSError, ValueError):  # "max" is none
            found.append(int(Path(limit).read_text("ascii")))
    return min(found)


def refuse_large_sides(where: str, shape: Sequence[int]) -> None:
    """Raise DataError for images of more pixels (height, width) than the workflow takes; `where` begins the line."""
    if max(shape) > LARGEST_SIDE:
        raise DataError(f"{where}: has {shape[0]} x {shape[1]} pixels; allowed are sides of up to {LARGEST_SIDE:,}")


def refuse_too_many_bytes(where: str, *shapes: Sequence[int]) -> None:
    """Raise DataError where images uint8 of these shapes are too many to be prepared; `where` begins the line."""
    size = sum(map(math.prod, shapes))
    if COPIES * size > memory():
        what = " and ".join(" x ".join(f"{length:,}" for length in shape) for shape in shapes)
        needs = f"take {size:,} bytes, and to prepare them {COPIES} times as many"
        raise DataError(f"{where}: {what} images {needs}; this machine has {memory():,} bytes of memory")
