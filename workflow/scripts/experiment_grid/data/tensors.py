"""safetensors files that come out the same every time."""

import json
from pathlib import Path


def make_stable(path: Path) -> None:
    """Sort the metadata of a file that `safetensors.*.save_file` wrote: its entries come in a random order.

    The file: the header's length as 8 little-endian bytes, the header as JSON (padded with spaces to a multiple of 8),
    the values, whose offsets count from the header's end (https://github.com/huggingface/safetensors#format).
    """
    with path.open("r+b") as file:
        length = int.from_bytes(file.read(8), "little")
        header = _sorted(file.read(length))
        if len(header) != 8 + length:  # numbers or texts that another version writes otherwise
            rest = file.read()
            file.seek(0)
            file.write(header + rest)
            file.truncate()
        else:
            file.seek(0)
            file.write(header)


def _sorted(text: bytes) -> bytes:
    """A header with its metadata sorted, its length before it."""
    header = json.loads(text)
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text
