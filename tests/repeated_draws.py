"""Tests that repeat one check with many draws: CI takes some of the draws, `make test-slow` all."""

from collections.abc import Sequence
from typing import Any

import pytest


def some_in_ci(draws: Sequence[Any]) -> list[Any]:
    """Parameters of a test, of which CI takes every fifth; the others are marked `exhaustive`."""
    rest = pytest.mark.exhaustive
    return [draw if place % 5 == 0 else pytest.param(draw, marks=rest) for place, draw in enumerate(draws)]
