"""Scales that figures and the marks in tables share: accuracies by their errors, and ticks on round numbers."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

FEWEST_ERRORS = 1e-4  # an accuracy of 1 has no place on a scale of errors; it is drawn here
ACCURACIES = (0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999)
FEWEST_TICKS = 3
ROUND = [1, 2, 5, 10]  # steps between ticks, times a power of ten


def errors(accuracy: Any) -> np.ndarray:
    """An accuracy's place: half as many errors is the same step everywhere."""
    places: np.ndarray = -np.log10(np.clip(1 - np.asarray(accuracy, float), FEWEST_ERRORS / 2, None))
    return places


def accuracies(place: Any) -> np.ndarray:
    """The accuracy at a place."""
    return 1 - 10.0 ** -np.asarray(place, float)


def accuracy_limits(values: np.ndarray) -> tuple[float, float]:
    """Limits with some room around accuracies."""
    low, high = max(0.0, float(np.min(values))), min(float(np.max(values)), 1 - FEWEST_ERRORS)
    reach = max(0.03, 0.06 * (errors(high) - errors(low)))
    return float(accuracies(errors(low) - reach)), float(accuracies(errors(high) + reach))


def accuracy_ticks(low: float, high: float, most: int = 8) -> list[float]:
    """Round accuracies inside the limits, as far apart as `most` labels need."""
    return _ticks(low, high, most, errors, ACCURACIES)


def loss_ticks(low: float, high: float, most: int = 7) -> list[float]:
    """Round losses inside the limits of a logarithmic scale."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return _ticks(low, high, most, np.log10, [digit * 10.0**power for power in powers for digit in (1, 2, 5)])


def round_ticks(low: float, high: float, *, log: bool, most: int = 5) -> list[float]:
    """Round numbers inside the limits of a range, by logarithm powers of ten or with 2 and 5 between them."""
    if not log:
        every = np.asarray(MaxNLocator(most, steps=ROUND).tick_values(low, high)).tolist()
        return [tick for tick in every if low <= tick <= high]
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in ((1,), (1, 3), (1, 2, 5)):
        ticks = [float(f"{digit}e{power}") for power in powers for digit in digits]
        ticks = [tick for tick in ticks if low * (1 - 1e-9) <= tick <= high * (1 + 1e-9)]
        if len(ticks) >= FEWEST_TICKS:
            break
    return ticks


def _ticks(low: float, high: float, most: int, place: Callable[..., Any], first: Sequence[float]) -> list[float]:
    """The `first` choice, or multiples of the largest round step that gives enough."""
    room = float(place(high) - place(low)) / most
    kept: list[float] = []
    for candidates in (first, *_multiples(low, high)):
        kept = []
        for value in reversed(candidates):
            if low <= value <= high and (not kept or place(kept[-1]) - place(value) >= room):
                kept.append(value)
        if len(kept) >= FEWEST_TICKS:
            break
    return kept


def _multiples(low: float, high: float) -> Iterator[list[float]]:
    """Multiples of 5, 2, 1, 0.5, … times a power of ten, from coarse to fine."""
    if not high > low:
        return
    top = math.floor(math.log10(high - low)) + 1
    for power in range(top, top - 3, -1):
        for digit in (5, 2, 1):
            step = digit * 10.0**power
            yield [round(step * n, 12) for n in range(math.ceil(low / step), math.floor(high / step) + 1)]


def accuracy_scale(axes: Axes, values: np.ndarray, which: str = "y") -> None:
    """Accuracies on a scale of errors, with room around `values`."""
    low, high = accuracy_limits(values)
    getattr(axes, f"set_{which}scale")("function", functions=(errors, accuracies))
    getattr(axes, f"set_{which}lim")(low, high)
    axis = getattr(axes, f"{which}axis")
    axis.set_major_locator(FixedLocator(accuracy_ticks(low, high)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.6g} %"))
