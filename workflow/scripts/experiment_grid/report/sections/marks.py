"""Dots with intervals beside numbers: places in per cent of a column's width, on one scale for all its rows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from experiment_grid.format import missing, signed
from experiment_grid.report.figures.scales import ROUND, accuracy_limits, accuracy_ticks, errors

LEAST, MOST = 3.0, 97.0  # per cent: room for a dot and for half of a tick's label


@dataclass(frozen=True)
class Scale:
    """Values from `low` to `high`; `place` makes them linear."""

    low: float
    high: float
    place: Callable[[float], Any] = float
    ticks: list[dict[str, str]] = field(default_factory=list)

    def at(self, value: float) -> str:
        """A value's place as a length of CSS."""
        low, high = self.place(self.low), self.place(self.high)
        share = (self.place(value) - low) / (high - low) if high > low else 0.5
        return f"{LEAST + (MOST - LEAST) * min(1.0, max(0.0, float(share))):.1f}%"

    def mark(self, value: float | None, low: float | None, high: float | None) -> dict[str, Any] | None:
        """The places of a dot and of its interval's ends."""
        if missing(value):
            return None
        if missing(low) or missing(high):
            return {"at": self.at(value), "low": None, "high": None}
        return {"at": self.at(value), "low": self.at(low), "high": self.at(high)}


def accuracy_scale(rows: list[dict[str, Any]]) -> Scale:
    """A scale of errors for the test accuracies of `rows` of comparison.csv and their intervals."""
    known = [
        min(1.0, max(0.0, row[key]))
        for row in rows
        for key in ("test_accuracy", "test_accuracy_low", "test_accuracy_high")
        if not missing(row[key])
    ]
    low, high = accuracy_limits(np.array(known or [0.5, 1.0]))
    scale = Scale(low, high, errors)
    ticks = [{"at": scale.at(tick), "text": f"{100 * tick:.6g}"} for tick in accuracy_ticks(low, high, 6)]
    return Scale(low, high, errors, ticks)


def difference_scale(values: list[float]) -> Scale:
    """A linear scale around zero for differences of accuracy."""
    reach = max((abs(value) for value in values), default=0.0) or 0.01
    scale = Scale(-reach, reach)
    ticks = [
        tick for tick in MaxNLocator(4, steps=ROUND).tick_values(-100 * reach, 100 * reach) if abs(tick) <= 100 * reach
    ]
    return Scale(-reach, reach, float, [{"at": scale.at(tick / 100), "text": signed(tick, 0)} for tick in ticks])
