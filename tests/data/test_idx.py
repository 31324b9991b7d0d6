"""The IDX reader: what it reads, and that it fails only with one clear line, whatever the file."""

import gzip
import os
import struct
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from experiment_grid.data import idx
from experiment_grid.data.idx import DataError

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
CONTENT = idx.encode(IMAGES)
FUZZ = settings(
    max_examples=int(os.environ.get("EXAMPLES", "200")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def header(*shape: int, kind: int = 8, dimensions: int | None = None) -> bytes:
    return struct.pack(f">4B{len(shape)}I", 0, 0, kind, dimensions or len(shape), *shape)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "train-images-idx3-ubyte"


@pytest.mark.parametrize("packed", [bytes, gzip.compress])
def test_read_gives_what_was_encoded(path, packed):
    path.write_bytes(packed(CONTENT))
    np.testing.assert_array_equal(idx.read(path, 3), IMAGES)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><html>", "is not an IDX file, it begins with b'<!DOCTYP'"),
        (CONTENT[:9], "ends within the header, after 9 bytes"),
        (header(2, 3, 4, kind=0x0D) + bytes(96), "holds values of type 0x0d; expected unsigned bytes (0x08)"),
        (header(24, dimensions=1) + bytes(24), "has 1 dimensions, images have 3"),
        (header(0, 28, 28), "its header announces 0 x 28 x 28 images; expected at least one"),
        (CONTENT[:-1], "has 23 bytes of data, its header announces 24"),
        (CONTENT + b"\0", "continues after the 24 bytes of data that its header announces"),
        (header(1, 5000, 5000) + bytes(99), "allowed are images of up to 1,024 x 1,024 pixels"),
        (header(2**32 - 1, 28, 28) + bytes(99), "2,147,483,648 bytes in all"),
        (
            struct.pack("<4B3I", 0, 0, 8, 3, 60_000, 28, 28) + bytes(99),
            "has the numbers of its header in little-endian",
        ),
        (
            struct.pack("<4B3I", 3, 8, 0, 0, 60_000, 28, 28) + bytes(99),
            "has the numbers of its header in little-endian",
        ),
        (gzip.compress(CONTENT)[:-9], "damaged gzip archive"),
        (gzip.compress(CONTENT)[:-8] + bytes(8), "damaged gzip archive (CRC check failed"),
        (b"\x1f\x8b" + bytes(40), "damaged gzip archive"),
    ],
    ids=lambda value: (
        value if isinstance(value, str) else ""
    ),  # an archive holds the time, which must not be in a test's name
)
def test_a_wrong_file_is_reported_in_one_line(path, content, message):
    path.write_bytes(content)
    for use in (idx.read, idx.scan):
        with pytest.raises(DataError) as error:
            use(path, 3)
        assert str(error.value).startswith(f"{path}: ")
        assert message in str(error.value)
        assert "\n" not in str(error.value)


def test_a_wrong_header_takes_no_memory(path):
    path.write_bytes(header(2_000_000, 32, 32) + bytes(10))
    assert memory_until(path, "has 10 bytes of data") < 2**23


def test_a_gzip_bomb_is_read_no_further_than_its_header_says(path):
    path.write_bytes(gzip.compress(CONTENT + bytes(2**26)))
    assert memory_until(path, "continues after the 24 bytes") < 2**23


def memory_until(path, refusal):
    """The most bytes in use until the file is refused with this message."""
    tracemalloc.start()
    with pytest.raises(DataError, match=refusal):
        idx.read(path, 3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_a_file_that_cannot_be_read_is_reported(tmp_path):
    with pytest.raises(DataError, match=r"cannot be read \(No such file or directory\)"):
        idx.read(tmp_path / "absent", 3)


@FUZZ
@given(values=arrays(np.uint8, st.sampled_from([1, 3]).flatmap(lambda n: array_shapes(min_dims=n, max_dims=n))))
def test_what_is_encoded_and_stored_is_read_and_scanned(path, values):
    idx.store([idx.encode(values)], path)
    np.testing.assert_array_equal(idx.read(path, values.ndim), values)
    assert idx.scan(path, values.ndim).shape == values.shape


@FUZZ
@given(content=st.binary(max_size=200), dimensions=st.sampled_from([1, 3]), gzipped=st.booleans())
def test_arbitrary_bytes_are_read_or_refused(path, content, dimensions, gzipped):
    path.write_bytes(gzip.compress(content, 1) if gzipped else content)
    read_or_refused(path, dimensions)


@FUZZ
@given(
    shape=st.lists(st.integers(0, 2**32 - 1) | st.integers(0, 5), min_size=0, max_size=4),
    kind=st.integers(0, 255) | st.just(8),
    data=st.binary(max_size=130),
)
def test_wrong_headers_are_read_or_refused(path, shape, kind, data):
    path.write_bytes(header(*shape, kind=kind) + data)
    read_or_refused(path, 3)


@FUZZ
@given(at=st.integers(0, 10**6), flip=st.integers(1, 255), cut=st.integers(0, 60), tail=st.binary(max_size=20))
def test_damaged_archives_are_read_or_refused(path, at, flip, cut, tail):
    archive = bytearray(gzip.compress(CONTENT))
    archive[at % len(archive)] ^= flip
    path.write_bytes(bytes(archive[: len(archive) - cut]) + tail)
    read_or_refused(path, 3)


def read_or_refused(path, dimensions):
    """A file gives an array of the announced size, or one line; no other exception leaves the reader."""
    try:
        values = idx.read(path, dimensions)
    except DataError as error:
        assert "\n" not in str(error)
    else:
        assert values.ndim == dimensions and values.size > 0
        assert idx.scan(path, dimensions).shape == values.shape
