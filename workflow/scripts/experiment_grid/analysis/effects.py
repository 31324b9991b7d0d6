"""What changing one factor does: effects.csv, a row per pair of cells that differ in nothing else."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from experiment_grid.analysis import measures
from experiment_grid.analysis.cell_results import CellResults
from experiment_grid.analysis.factor_pairs import ANY, Pair, factor_matches, levels, pairs
from experiment_grid.analysis.measures import Measure
from experiment_grid.analysis.more_seeds import seeds_needed
from experiment_grid.analysis.multiple_tests import Comparisons, Family, judge, simultaneous_margin
from experiment_grid.analysis.pair_figures import COUNTS, describe, models
from experiment_grid.analysis.times import TimePairs, Timing, time_pairs
from experiment_grid.column_values import COUNTED, SAME, SEEDS, SINGLE, TIMES, TRAINING
from experiment_grid.format import plain

COLUMNS = [
    "factor",
    "from",
    "to",
    "from_value",
    "to_value",
    "is_baseline",
    "family",
    "seeds",
    "from_seeds",
    "to_seeds",
    "difference",
    "low",
    "high",
    "p",
    "p_adjusted",
    "decided",
    "basis",
    "probability_higher",
    "seeds_needed",
    "seeds_p",
    "seeds_p_floor",
    "from_seed",
    "to_seed",
    "both_right",
    "only_from_right",
    "only_to_right",
    "both_wrong",
    "models_difference",
    "models_low",
    "models_high",
    "mcnemar_p",
    "mcnemar_p_adjusted",
    "loss_difference",
    "loss_low",
    "loss_high",
    "f1_difference",
    *(TIME := ["time_ratio", "time_low", "time_high"]),
]
WHOLE = ["seeds", "from_seeds", "to_seeds", "seeds_needed", "from_seed", "to_seed", *COUNTS]
PAGE = "page"  # the one family that all comparisons of a page are in


class Effects(NamedTuple):
    """effects.csv, the number of pairs found, the same pairs compared by other measures, and the size of the family.

    `same` numbers the rows' comparisons of test accuracy: of cells that predict the same, each counts once.
    `times` holds what claims on time compare: measure → pairs with their cells, and a table as in `others`.
    """

    table: pd.DataFrame
    found: int
    others: dict[str, pd.DataFrame]  # measure → difference, low, high, p, p_adjusted, decided; row numbers as index
    tests: int
    pairs: list[Pair]
    same: list[int]
    times: dict[str, tuple[TimePairs, pd.DataFrame]]


def find_effects(
    cells: list[CellResults],
    seeds: pd.DataFrame,
    baseline: str | None,
    confidence: float,
    asked: Iterable[tuple[str, str]] = (),
    timing: Timing | None = None,
) -> Effects:
    """Compare all pairs of `cells` that differ in one factor; `seeds` is the table seeds.csv.

    `asked` are (measure, factor): columns of comparison.csv that are compared for all pairs of that factor too; times
    by `timing`. All of them are one family of tests.
    """
    names = [cell.name for cell in cells]
    place = names.index(baseline) if baseline in names else None
    found, n_found = pairs([levels(cell.parameters, cell.device) for cell in cells], place)
    table = pd.DataFrame([_names(pair, cells, place) for pair in found], columns=COLUMNS).astype({"is_baseline": bool})
    asked = list(asked)
    wanted, timed = _wanted(found, asked), time_pairs(cells, found, asked, timing)
    ends = np.array([(pair.first, pair.second) for pair in found], int).reshape(-1, 2)
    by_measure = {name: measures.column(cells, seeds, name) for name in wanted}
    accuracy = measures.accuracy(cells)
    parts = [(accuracy, ends), *((by_measure[name], ends[rows]) for name, rows in wanted.items())]
    parts += [(one.measure, one.ends) for one in timed.values()]
    judged, tests = _judged(parts, confidence)
    tables = [pd.DataFrame(_columns(*part, *one)) for part, one in zip(parts[1:], judged[1:], strict=True)]
    others = {name: table.set_axis(wanted[name]) for name, table in zip(wanted, tables, strict=False)}
    times = {name: (timed[name], table) for name, table in zip(timed, tables[len(wanted) :], strict=True)}
    compared, family = judged[0]
    numbers: dict[tuple[int, int], int] = {}
    same = [numbers.setdefault(tuple(key), len(numbers)) for key in measures.identities(accuracy, ends).tolist()]
    for column, values in _columns(accuracy, ends, compared, family).items():
        table[column] = values
    table["from_seeds"], table["to_seeds"] = accuracy.counts[ends].T if len(ends) else ([], [])
    table["seeds_needed"] = _more_seeds(accuracy, ends, compared, family, tests, confidence)
    _losses(table, measures.log_loss(cells), ends, confidence)
    _times(table, time_pairs(cells, found, [(TRAINING, ANY)], timing), times)
    describe(table, cells, seeds, ends)
    models(table, cells, ends, confidence)
    return Effects(table.astype(dict.fromkeys(WHOLE, "Int64")), n_found, others, tests, found, same, times)


def best_beside(cells: list[CellResults], best: str, final: str, confidence: float) -> dict[str, Any]:
    """The best cell's test accuracy minus the final cell's, over seeds and images, as in the table.

    The best was picked among all: its interval holds together with those of every other cell beside the final one.
    """
    names, accuracy = [cell.name for cell in cells], measures.accuracy(cells)
    found = measures.compare(accuracy, [(names.index(final), names.index(best))])
    distinct = measures.distinct(accuracy)
    difference, (margin,) = float(found.difference[0]), simultaneous_margin(found, distinct - 1, confidence)
    bounds: dict[str, float | None] = {"low": None, "high": None}
    if not np.isnan(margin):
        bounds = {"low": difference - float(margin), "high": difference + float(margin)}
    return {"cell": best, "final": final, "cells": distinct, "difference": difference, **bounds}


def _wanted(found: list[Pair], asked: Iterable[tuple[str, str]]) -> dict[str, list[int]]:
    """Measure → rows of the table that are compared by it; test accuracy is compared for all, times by themselves."""
    wanted: dict[str, set[int]] = {}
    for measure, factor in asked:
        if measure not in ("test_accuracy", *TIMES):
            rows = (row for row, pair in enumerate(found) if factor_matches(pair.factor, factor))
            wanted.setdefault(measure, set()).update(rows)
    return {measure: sorted(rows) for measure, rows in wanted.items()}


def _names(pair: Pair, cells: list[CellResults], baseline: int | None) -> dict[str, Any]:
    first, second = cells[pair.first], cells[pair.second]
    return {
        "factor": pair.factor,
        "from": first.name,
        "to": second.name,
        "from_value": str(plain(pair.first_value)),
        "to_value": str(plain(pair.second_value)),
        "is_baseline": pair.first == baseline,
        "family": PAGE,
        "seeds": len(set(first.good_seeds) & set(second.good_seeds)),
    }


def _judged(parts: list[tuple[Measure, np.ndarray]], confidence: float) -> tuple[list[tuple[Comparisons, Family]], int]:
    """Judge the pairs of all measures as one family; how many different comparisons it has."""
    compared = [measures.compare(measure, ends) for measure, ends in parts]
    keys = [(part, *pair) for part, one in enumerate(parts) for pair in measures.identities(*one).tolist()]
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    same = np.array([numbers[key] for key in keys], int)
    together = Comparisons(*(np.concatenate(values) for values in zip(*compared, strict=True)))
    family = judge(together, same, confidence)
    tests = len(set(same[~np.isnan(family.p)].tolist()))
    cuts = np.cumsum([len(found.difference) for found in compared])[:-1]
    families = [Family(*parted) for parted in zip(*(np.split(values, cuts) for values in family), strict=True)]
    return [*zip(compared, families, strict=True)], tests


def _columns(measure: Measure, ends: np.ndarray, compared: Comparisons, family: Family) -> dict[str, Any]:
    known = ~np.isnan(compared.difference)
    equal = known & _equal(measure, ends)
    counted = known & measures.by_arithmetic(measure, ends)
    single = np.array([SINGLE if one else None for one in known], object)
    basis = np.where(equal, SAME, np.where(np.isnan(family.p), single, SEEDS))
    basis = np.where(counted, COUNTED, basis)
    low, high = (np.where(equal | counted, compared.difference, end) for end in (family.low, family.high))
    columns = {"difference": compared.difference, "low": low, "high": high, "p": family.p}
    return columns | {"p_adjusted": family.p_adjusted, "decided": family.decided | counted, "basis": basis}


def _equal(measure: Measure, ends: np.ndarray) -> np.ndarray:
    equal: np.ndarray = measure.same[ends[:, 0]] == measure.same[ends[:, 1]]
    return equal


def _more_seeds(
    accuracy: Measure, ends: np.ndarray, compared: Comparisons, family: Family, tests: int, confidence: float
) -> np.ndarray:
    first, second = ends.T
    variance = accuracy.spread.variance[first] + accuracy.spread.variance[second]
    counts = accuracy.counts
    now = accuracy.spread.variance[first] / counts[first] + accuracy.spread.variance[second] / counts[second]
    least = np.maximum(np.minimum(counts[first], counts[second]), 2)
    found = seeds_needed(compared, variance, compared.error**2 - now, least, tests, confidence)
    return np.where(family.decided, np.nan, found)


def _losses(table: pd.DataFrame, losses: Measure, ends: np.ndarray, confidence: float) -> None:
    """Log losses with intervals that hold together; nothing is decided by them."""
    compared = measures.compare(losses, ends)
    tested = {tuple(pair) for pair in measures.identities(losses, ends)[~np.isnan(compared.error)].tolist()}
    margin = simultaneous_margin(compared, len(tested), confidence)
    margin = np.where(_equal(losses, ends) & ~np.isnan(compared.difference), 0.0, margin)
    table["loss_difference"] = compared.difference
    table["loss_low"], table["loss_high"] = compared.difference - margin, compared.difference + margin


def _times(table: pd.DataFrame, every: dict[str, TimePairs], judged: dict[str, tuple[TimePairs, pd.DataFrame]]) -> None:
    """Ratios of the time of all steps; an interval, the page's one, where a conclusion asks for the pair."""
    logs: dict[tuple[str, str], tuple[float, ...]] = {}
    for measured, cells, measure in every.values():
        for pair in measured:
            change = measure.means[pair.second] - measure.means[pair.first]
            logs[cells[pair.first].name, cells[pair.second].name] = change, np.nan, np.nan
    if TRAINING in judged:
        (measured, cells, _), compared = judged[TRAINING]
        for pair, *figures in zip(measured, compared["difference"], compared["low"], compared["high"], strict=True):
            logs[cells[pair.first].name, cells[pair.second].name] = tuple(figures)
    found = [logs.get(ends, (np.nan,) * len(TIME)) for ends in zip(table["from"], table["to"], strict=True)]
    table[TIME] = np.exp(np.array(found, float).reshape(-1, len(TIME)))
