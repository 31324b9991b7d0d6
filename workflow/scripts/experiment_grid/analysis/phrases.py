"""A difference of two cells in words, with unit and interval, for findings, claims and audit alike."""

import math
from functools import partial

from experiment_grid import format
from experiment_grid.format import between, missing

SHARES = ("accuracy", "f1", "precision", "recall")
NAMES = {
    "train_seconds": "Time of all steps",
    "seconds_per_epoch": "Time of an epoch's steps",
    "loader_seconds": "Time of a step",
}


def measured(measure: str) -> str:
    """A column's name at the beginning of a sentence: `test_accuracy` → `Test accuracy`."""
    return NAMES.get(measure, measure.replace("_", " ").replace("train ", "training ").capitalize())


def difference(measure: str, value: float, low: float | None = None, high: float | None = None) -> str:
    """A difference of a measure: `+0.91 points (+0.61 to +1.21)`; without an interval where there is none."""
    if any(share in measure for share in SHARES):
        write, unit = format.points, " points"
    else:
        write, unit = partial(format.signed, decimals=4), ""
    interval = "" if missing(low) or missing(high) else f" ({between(write, low, high)})"
    return f"{write(value)}{unit}{interval}"


def ratio(value: float, low: float | None = None, high: float | None = None) -> str:
    """A difference of logarithms as a ratio: `× 1.58 (1.52 to 1.77)`."""
    interval = ""
    if not missing(low) and not missing(high):
        interval = f" ({format.significant(math.exp(low))} to {format.significant(math.exp(high))})"
    return format.ratio(math.exp(value)) + interval


def p_value(p: float) -> str:
    """An adjusted p value: `adjusted p = 0.012`, `adjusted p < 0.001`."""
    return f"adjusted p {'' if p < 0.001 else '= '}{format.p_value(p)}"
