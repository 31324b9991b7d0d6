"""A quicker `import torch`: a small cell trains for less time than PyTorch takes to import.

with quick_imports():
    import torch
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from types import ModuleType

# Tells torch.compile, which no job uses, the shapes of what every operation gives: a sixth of the import. Nothing reads
# its names while torch is imported; where a later torch has no such module, nothing is left out.
LEFT_OUT = "torch._meta_registrations"

NEEDED = "torch._prims.rng_prims"  # comes along with it, and makes torch.Generator ready


@contextmanager
def quick_imports() -> Iterator[None]:
    """Import without looking for garbage, of which there is none, and without what is left out of torch."""
    gc.disable()
    sys.modules.setdefault(LEFT_OUT, ModuleType(LEFT_OUT))
    yield
    with suppress(ImportError):
        import_module(NEEDED)
    gc.freeze()  # or what was imported is looked through as soon as collecting goes on
    gc.enable()
