"""Grids of neural-network experiments: what the stages of the workflow are made of, and a finished run in Python.

    import experiment_grid as eg
    run = eg.load("results")

The three names are imported when they are asked for: every stage imports this module, and needs none of them.
"""

from importlib import import_module
from typing import Any

__all__ = ["Run", "load", "predict"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module(f"{__name__}.api.run"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
