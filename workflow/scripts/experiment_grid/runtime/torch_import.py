"""A quicker `import torch`: a small cell trains for less time than PyTorch takes to import.

with quick_imports():
    import torch
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import NoReturn

# Tells torch.compile and torch.export, which no job uses, the shapes of what every operation gives: a sixth of the
# import. Nothing reads its names while torch is imported.
LEFT_OUT = "torch._meta_registrations"


@contextmanager
def quick_imports() -> Iterator[None]:
    """Import without looking for garbage, of which there is none, and without what is left out of torch."""
    gc.disable()
    try:
        sys.modules.setdefault(LEFT_OUT, _Absent(LEFT_OUT))
        yield
        import_module("torch._prims.rng_prims")  # comes along otherwise; without it torch.Generator refuses
    finally:
        gc.freeze()  # or what was imported is looked through as soon as collecting goes on
        gc.enable()


class _Absent(ModuleType):
    """Says so where a name of it is wanted after all."""

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise ImportError(f"{LEFT_OUT}.{name} is left out by {__name__}; use a plain `import torch` instead")
