"""Prediction intervals: where one new run of a cell would place a figure of the original report."""

import math
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import special

from experiment_grid.analysis.cell_results import CellResults
from experiment_grid.analysis.measures import loss_kind
from experiment_grid.analysis.variance import Spread, spread

# Columns of seeds.csv by the original's figure; counts are kept as shares.
FIGURES = {
    "train_loss": "train_loss",
    "train_correct": "train_accuracy",
    "test_correct": "accuracy",
    "test_accuracy": "accuracy",
    "test_f1": "f1_weighted",
}
HALF_DIGIT = {"train_loss": 0.00005, "test_f1": 0.0000005}  # what the original's rounding may hide


class Expected(NamedTuple):
    """What one new run of a cell should give for a figure: mean, prediction interval, standard deviation."""

    here: float
    low: float
    high: float
    sd: float


def total_train_loss(mean_loss: float, batch_size: int, n_images: int) -> float:
    """A mean training loss in the original's unit: the sum of the batches' means over the number of images."""
    return mean_loss * math.ceil(n_images / batch_size) / n_images


def expectations(
    cells: dict[str, CellResults], seeds: dict[str, pd.DataFrame], figure: str, confidence: float
) -> dict[str, Expected]:
    """By cell; `seeds` are its rows of seeds.csv that did not diverge. Shares are fractions, losses in its unit.

    The original's run and ours see the same test images, so there is no binomial error: the variance of one run times
    (1 + 1/n). A single run counts with the average spread of the others; without any spread the interval is NaN. Losses
    are taken over cells with the same loss function.
    """
    values = {name: rows[FIGURES[figure]].to_numpy(float) for name, rows in seeds.items()}
    kinds: dict[Any, list[str]] = {}
    for name in values:
        kinds.setdefault(loss_kind(cells[name].parameters) if figure == "train_loss" else None, []).append(name)
    expected = {}
    for names in kinds.values():
        places: dict[bytes, int] = {}  # cells with equal figures are one cell under two names
        for name in names:
            if len(values[name]) > 1:
                places.setdefault(values[name].tobytes(), len(places))
        several = [np.frombuffer(key) for key in places]
        found = spread([runs.var(ddof=1) for runs in several], [len(runs) for runs in several]) if several else None
        for name in names:
            unit = _unit(cells[name]) if figure == "train_loss" else 1.0
            place = places.get(values[name].tobytes())
            expected[name] = expected_run(
                values[name] * unit, found, place, unit, HALF_DIGIT.get(figure, 0.0), confidence
            )
    return expected


def _unit(cell: CellResults) -> float:
    return total_train_loss(1.0, cell.parameters["batch_size"], cell.run["training_images"])


def expected_run(
    values: np.ndarray, found: Spread | None, place: int | None, unit: float, hidden: float, confidence: float
) -> Expected:
    """What one new run should give beside `values`, whose variance is `found` at `place`; `hidden` is rounding."""
    mean = float(values.mean())
    if found is None:
        return Expected(mean, math.nan, math.nan, math.nan)
    variance = found.variance.min() if place is None else found.variance[place]  # the least is the average
    degrees = found.total[0] if place is None else found.degrees[place]
    sd = unit * math.sqrt(variance * (1 + 1 / len(values)))
    margin = float(special.stdtrit(degrees, (1 + confidence) / 2)) * sd + hidden
    return Expected(mean, mean - margin, mean + margin, math.hypot(sd, hidden))
