"""A quicker `import torch`: a small cell trains for less time than PyTorch takes to import.

with quick_imports():
    import torch
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quick_imports() -> Iterator[None]:
    """Import without looking for garbage, of which there is none."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()  # otherwise the next collection scans all imported objects
        gc.enable()
