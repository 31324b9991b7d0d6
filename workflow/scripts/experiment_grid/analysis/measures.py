"""One figure of all cells at once: its runs, how far chance moves them, and which cells are the same in it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from experiment_grid.analysis.cell_results import CellResults
from experiment_grid.analysis.multiple_tests import Comparisons, compare_means
from experiment_grid.analysis.variance import Spread, centred, shared_by_images, spread

LOSSES = ("train_loss", "validation_loss", "test_loss")  # of different loss functions they are not comparable
SEED_COLUMNS = {"test_accuracy": "accuracy"}  # a column of comparison.csv by its name in seeds.csv


class Measure(NamedTuple):
    """A figure of C cells. A cell without a run has a NaN mean; one with a single run has no spread (NaN)."""

    means: np.ndarray  # [C]
    counts: np.ndarray  # [C] runs that did not diverge
    spread: Spread  # [C]
    same: np.ndarray  # int [C]: cells with the same number are one cell under several names
    answers: list[np.ndarray] | None = None  # by cell [seeds, images], centred; None where images have no part in it
    seeds: list[list[int]] | None = None  # theirs
    kinds: list[Any] | None = None  # [C]: only cells of one kind can be compared; None: all can
    one_measurement: np.ndarray | None = None  # int [C]: cells with the same number differ by arithmetic alone


def accuracy(cells: list[CellResults]) -> Measure:
    """Test accuracy. Cells that predict the same on every image with every seed are one cell."""
    right = [cell.correct[cell.ok] if cell.comparable else np.empty((0, 1), bool) for cell in cells]
    keys = [(tuple(cell.good_seeds), cell.predicted[cell.ok].tobytes()) if cell.comparable else index
            for index, cell in enumerate(cells)]  # fmt: skip
    runs = [answers.mean(axis=1) for answers in right]
    # An accuracy is a whole number of images: its variance is not known to be less than that of rounding.
    rounding = [1 / (12 * answers.shape[1] ** 2) for answers in right]
    return of_runs(runs, keys, rounding)._replace(
        answers=[*map(centred, right)], seeds=[cell.good_seeds for cell in cells]
    )


def distinct(measure: Measure) -> int:
    """How many different cells have a run."""
    return len({int(same) for same, count in zip(measure.same, measure.counts, strict=True) if count})


def log_loss(cells: list[CellResults]) -> Measure:
    """Mean negative log-probability of the true class of the test images: one scale for all loss functions."""
    losses = [cell.log_loss[cell.ok] if cell.comparable else np.empty((0, 1)) for cell in cells]
    runs = [values.mean(axis=1, dtype=float) for values in losses]
    keys = [tuple(values) or index for index, values in enumerate(runs)]
    return of_runs(runs, keys)._replace(answers=[*map(centred, losses)], seeds=[cell.good_seeds for cell in cells])


def column(cells: list[CellResults], seeds: pd.DataFrame, name: str) -> Measure:
    """A column of comparison.csv, from seeds.csv; seeds alone are the chance in it (the images are given)."""
    good = seeds[seeds["status"] == "ok"]
    by_cell = {cell: rows[SEED_COLUMNS.get(name, name)].to_numpy(float) for cell, rows in good.groupby("cell")}
    runs = [by_cell.get(cell.name, np.empty(0)) for cell in cells]
    groups = [loss_kind(cell.parameters) if name in LOSSES else None for cell in cells]
    keys = [tuple(values) or index for index, values in enumerate(runs)]
    return of_runs(runs, keys, groups=groups)._replace(kinds=groups)


def loss_kind(parameters: dict[str, Any]) -> Any:
    """Cells of one kind have the same loss function; `nll` and `cross_entropy` are one."""
    name = parameters.get("loss")
    options = {key: str(value) for key, value in parameters.items() if key.startswith("loss.")}
    return ("nll" if name == "cross_entropy" else name, *sorted(options.items()))


def of_runs(
    runs: list[np.ndarray],
    keys: Sequence[Any],
    rounding: list[float] | None = None,
    groups: list[Any] | None = None,
) -> Measure:
    """The measure of the cells' `runs`; those with equal `keys` are one cell, the average spread is one per group."""
    numbers: dict[Any, int] = {}
    same = np.array([numbers.setdefault(key, len(numbers)) for key in keys], int)
    counts = np.array([len(values) for values in runs], int)
    means = np.array([values.mean() if len(values) else np.nan for values in runs])
    cells = Spread(*(np.full(len(runs), np.nan) for _ in Spread._fields))
    for group in dict.fromkeys(groups or [None]):
        members = [index for index in range(len(runs)) if counts[index] > 1 and (not groups or groups[index] == group)]
        first = {same[index]: index for index in reversed(members)}  # equal cells count once in the average
        if first:
            distinct = [*first.values()]
            variances = [runs[index].var(ddof=1) + (rounding[index] if rounding else 0) for index in distinct]
            found = spread(variances, counts[distinct])
            place = [distinct.index(first[same[index]]) for index in members]
            for field, values in zip(cells, found, strict=True):
                field[members] = values[place]
    return Measure(means, counts, cells, same)


def compare(measure: Measure, pairs: ArrayLike) -> Comparisons:
    """Second minus first for `pairs` int [m, 2] of cells.

    No test (NaN error) between cells that are the same, where one has a single run or none, without any spread, or
    where two cells share one measurement.
    """
    pairs = np.asarray(pairs, int).reshape(-1, 2)
    images = np.zeros(len(pairs))
    if measure.answers:
        own: dict[int, float] = {}
        for place, (first, second) in enumerate(pairs.tolist()):
            for cell in (first, second):
                if cell not in own:
                    own[cell] = _shared(measure, cell, cell)
            images[place] = own[first] + own[second] - 2 * _shared(measure, first, second)
    found = compare_means(measure.means, measure.counts, measure.spread, pairs, np.maximum(images, 0))
    first, second = pairs.T
    if measure.kinds:
        alike = np.array([measure.kinds[one] == measure.kinds[other] for one, other in pairs.tolist()], bool)
        found = Comparisons(*(np.where(alike, values, np.nan) for values in found))
    equal = (measure.same[first] == measure.same[second]) & ~np.isnan(found.difference)
    certain = equal | by_arithmetic(measure, pairs)
    return found._replace(difference=np.where(equal, 0, found.difference), error=np.where(certain, np.nan, found.error))


def by_arithmetic(measure: Measure, pairs: ArrayLike) -> np.ndarray:
    """bool [m]: pairs of cells that share a measurement and differ for certain, as in the number of their steps."""
    first, second = np.asarray(pairs, int).reshape(-1, 2).T
    if measure.one_measurement is None:
        return np.zeros(len(first), bool)
    shared = measure.one_measurement[first] == measure.one_measurement[second]
    certain: np.ndarray = shared & (measure.same[first] != measure.same[second])
    return certain


def _shared(measure: Measure, first: int, second: int) -> float:
    answers, seeds = measure.answers, measure.seeds
    if not answers or not seeds or not measure.counts[first] or not measure.counts[second]:
        return 0.0
    return shared_by_images(answers[first], seeds[first], answers[second], seeds[second])


def identities(measure: Measure, pairs: ArrayLike) -> np.ndarray:
    """int [m, 2]: pairs of the same two cells, under whatever names and in whatever order, have equal rows."""
    return np.sort(measure.same[np.asarray(pairs, int).reshape(-1, 2)], axis=1)
