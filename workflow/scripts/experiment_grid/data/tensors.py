"""safetensors files that come out the same every time."""

import json


def stable(content: bytes) -> bytes:
    """The same file with its metadata sorted: safetensors writes their entries in a random order.

    `content` is what `safetensors.*.save` returns: the header's length as 8 little-endian bytes, the header as JSON
    (padded with spaces to a multiple of 8), the values, whose offsets count from the header's end
    (https://github.com/huggingface/safetensors#format).
    """
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return b"".join((len(text).to_bytes(8, "little"), text, memoryview(content)[end:]))
