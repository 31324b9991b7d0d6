"""IDX files (the format of MNIST), gzipped or plain: read, checked, written.

The format: two zero bytes, a byte for the type, a byte for the number of dimensions, each dimension as a big-endian
32-bit integer, then the values (http://yann.lecun.com/exdb/mnist/). Imported when the Snakefile is read: no numpy here
until an array is asked for.
"""

import gzip
import hashlib
import math
import struct
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from experiment_grid.runtime.errors import UserError

if TYPE_CHECKING:
    import numpy as np

UNSIGNED_BYTE = 0x08
GZIP = b"\x1f\x8b"
LARGEST_SIDE = 1024  # pixels; a dense first layer of 512 units on 1024 x 1024 has half a billion weights already
LARGEST_CONTENT = 2**31  # bytes, all images of a file together
BLOCK = 2**20
WHAT = {1: "labels", 3: "images"}
LITTLE_ENDIAN = "has the numbers of its header in little-endian order; IDX has the highest byte first"


class DataError(UserError):
    """A file of data that is not what it should be."""


@dataclass(frozen=True)
class Scan:
    """What a whole, well-formed IDX file holds: its dimensions, the SHA-256 of its uncompressed content, and of labels
    the values that occur."""

    shape: tuple[int, ...]
    sha256: str
    labels: frozenset[int] = frozenset()


def scan(path: Path, dimensions: int, place: str | None = None) -> Scan:
    """Check a file from end to end without holding it in memory; raise DataError, beginning with `place`."""
    checksum = hashlib.sha256()
    blocks = _content(path, dimensions, place or str(path))
    header = next(blocks)
    checksum.update(header)
    labels: set[int] = set()
    for block in blocks:
        checksum.update(block)
        if dimensions == 1:
            labels.update(block)
    return Scan(_dimensions(header), checksum.hexdigest(), frozenset(labels))


def shape(path: Path, dimensions: int) -> tuple[int, ...]:
    """What the header of a file says of its dimensions; raises DataError."""
    return _dimensions(next(_content(path, dimensions, str(path))))


def read(path: Path, dimensions: int) -> "np.ndarray":
    """The values of a file as uint8 of the header's shape; raises DataError."""
    import numpy as np

    blocks = _content(path, dimensions, str(path))
    shape = _dimensions(next(blocks))
    return np.frombuffer(b"".join(blocks), np.uint8).reshape(shape)


def encode(values: "np.ndarray") -> bytes:
    """The content of the IDX file that holds the uint8 array `values`."""
    return struct.pack(f">BBBB{values.ndim}I", 0, 0, UNSIGNED_BYTE, values.ndim, *values.shape) + values.tobytes()


def store(blocks: Iterable[bytes], path: Path) -> None:
    """Write content to a gzip file: gzipped content as it is, plain content compressed, the same bytes each time."""
    blocks = iter(blocks)
    first = next(blocks, b"")
    while len(first) < len(GZIP) and (more := next(blocks, b"")):
        first += more
    with path.open("wb") as raw, _plain_or_compressing(raw, first.startswith(GZIP)) as file:
        file.write(first)
        for block in blocks:
            file.write(block)


@contextmanager
def _plain_or_compressing(raw: BinaryIO, gzipped: bool) -> Iterator[BinaryIO | gzip.GzipFile]:
    if gzipped:
        yield raw
    else:
        with gzip.GzipFile("", "wb", compresslevel=4, fileobj=raw, mtime=0) as file:
            yield file


def _content(path: Path, dimensions: int, place: str) -> Iterator[bytes]:
    """Blocks of a file's content, the header first; never more than the header announces (a gzip bomb ends there)."""
    try:
        with path.open("rb") as raw:
            gzipped = raw.peek(len(GZIP)).startswith(GZIP)
            file = gzip.GzipFile(fileobj=raw) if gzipped else raw
            header = file.read(4 + 4 * dimensions)
            _check(header, dimensions, place)
            yield header
            size = left = math.prod(_dimensions(header))
            while left and (block := file.read(min(left, BLOCK))):
                left -= len(block)
                yield block
            if left and size - left == math.prod(_dimensions(header, "<")):
                raise DataError(f"{place}: {LITTLE_ENDIAN}")
            if left:
                raise DataError(f"{place}: has {size - left:,} bytes of data, its header announces {size:,}")
            if file.read(1):
                raise DataError(f"{place}: continues after the {size:,} bytes of data that its header announces")
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{place}: damaged gzip archive ({error})") from error
    except OSError as error:
        raise DataError(f"{place}: cannot be read ({error.strerror})") from error


def _dimensions(header: bytes, order: str = ">") -> tuple[int, ...]:
    return struct.unpack(f"{order}{len(header) // 4 - 1}I", header[4:])


def _too_large(shape: tuple[int, ...]) -> bool:
    return max(shape[1:], default=1) > LARGEST_SIDE or math.prod(shape) > LARGEST_CONTENT


def _check(header: bytes, dimensions: int, place: str) -> None:
    """Raise DataError unless this is the header of images (3 dimensions) or labels (1) of an acceptable size."""
    what = WHAT[dimensions]
    if not header:
        raise DataError(f"{place}: is empty")
    if header[:4] == bytes([dimensions, UNSIGNED_BYTE, 0, 0]):
        raise DataError(f"{place}: {LITTLE_ENDIAN}")
    if header[:2] != b"\0\0":
        raise DataError(f"{place}: is not an IDX file, it begins with {bytes(header[:8])!r}")
    if len(header) < 4 + 4 * dimensions:
        raise DataError(f"{place}: ends within the header, after {len(header)} bytes")
    if header[2] != UNSIGNED_BYTE:
        raise DataError(f"{place}: holds values of type 0x{header[2]:02x}; expected unsigned bytes (0x08)")
    if header[3] != dimensions:
        raise DataError(f"{place}: has {header[3]} dimensions, {what} have {dimensions}")
    shape = _dimensions(header)
    size = " x ".join(f"{length:,}" for length in shape)
    if not all(shape):
        raise DataError(f"{place}: its header announces {size} {what}; expected at least one")
    if _too_large(shape):
        if not _too_large(_dimensions(header, "<")):
            raise DataError(f"{place}: {LITTLE_ENDIAN}")
        raise DataError(
            f"{place}: its header announces {size} {what}; allowed are images of up to {LARGEST_SIDE:,} x "
            f"{LARGEST_SIDE:,} pixels and {LARGEST_CONTENT:,} bytes in all"
        )
