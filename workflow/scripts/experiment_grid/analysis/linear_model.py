"""A linear model of test accuracy over all cells: what each factor of a search does, without pairs of cells."""

import math
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import special

from experiment_grid.analysis import measures
from experiment_grid.analysis.cell_results import CellResults
from experiment_grid.analysis.factor_pairs import levels, rank
from experiment_grid.format import plain
from experiment_grid.sampled_ranges import range_of

COLUMNS = ["factor", "term", "from_value", "to_value", "difference", "low", "high"]
CHANGE, BEND = "change", "middle"  # terms: from one value to another; of a range its middle beside the mean of its ends
MOST_LEVELS = 8  # of a number that was not drawn from a range: with more it is taken as a range
FREEDOM = 5  # at least: cells beyond the coefficients


class Term(NamedTuple):
    """A column of the model [C], and by what its coefficient is multiplied to be the row's difference."""

    factor: str
    term: str
    first: Any
    second: Any
    column: np.ndarray
    times: float


class LinearModel(NamedTuple):
    """comparison/model.csv, of how many cells, the share of variance explained, and inseparable factors."""

    table: pd.DataFrame
    cells: int
    r_squared: float | None
    left_out: list[str]


def fit(settings: dict[str, Any], cells: list[CellResults], confidence: float) -> LinearModel:
    """Least squares over the cells with results, each once. Without a search, or with too few cells, an empty table.

    Intervals are simultaneous over all coefficients (Bonferroni), by standard errors for unequal variances (HC3).
    """
    accuracy = measures.accuracy(cells)
    usable = np.flatnonzero(~np.isnan(accuracy.means))
    empty = LinearModel(pd.DataFrame(columns=COLUMNS), len(usable), None, [])
    if not settings.get("searches"):
        return empty
    terms = _terms(settings["searches"], [levels(cells[place].parameters, cells[place].device) for place in usable])
    kept, left_out = _independent(terms)
    response = accuracy.means[usable]
    if not kept or len(usable) < len(kept) + 1 + FREEDOM or np.ptp(response) == 0:
        return empty._replace(left_out=left_out)
    from statsmodels.regression.linear_model import OLS  # two seconds of the CPU

    design = np.column_stack([np.ones(len(usable)), *(term.column for term in kept)])
    with np.errstate(divide="ignore", invalid="ignore"):  # a cell that alone determines a coefficient has no error
        found = OLS(response, design).fit(cov_type="HC3", use_t=True)
        errors = found.bse[1:]
    reach = special.stdtrit(found.df_resid, 1 - (1 - confidence) / (2 * len(kept)))
    rows = []
    for term, value, error in zip(kept, found.params[1:], errors, strict=True):
        difference, margin = value * term.times, abs(term.times) * error * reach
        margin = margin if np.isfinite(margin) else np.nan
        ends = difference, difference - margin, difference + margin
        rows.append((term.factor, term.term, str(plain(term.first)), str(plain(term.second)), *ends))
    return LinearModel(pd.DataFrame(rows, columns=COLUMNS), len(usable), float(found.rsquared), left_out)


def _terms(searches: list[dict[str, Any]], values: list[dict[str, Any]]) -> list[Term]:
    factors = dict.fromkeys(key for row in values for key in row)
    terms: list[Term] = []
    for factor in factors:
        column = [row.get(factor) for row in values]
        known = sorted({value for value in column if value is not None}, key=_order)
        if len({*column}) > 1 and known:
            ends = range_of(factor, searches) or _range(known)
            terms += _of_range(factor, column, *ends) if ends else _of_levels(factor, column, known)
    return terms


def _order(value: Any) -> tuple[Any, ...]:
    return *rank(value), str(value)


def _range(known: list[Any]) -> tuple[bool, float, float] | None:
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in known)
    return (False, known[0], known[-1]) if numbers and len(known) > MOST_LEVELS else None


def _of_range(factor: str, column: list[Any], log: bool, low: float, high: float) -> list[Term]:
    """From -1 at the lower end to 1 at the upper one, and its square; 0 where a cell has no such factor."""
    scale = math.log if log else float
    middle, half = (scale(high) + scale(low)) / 2, (scale(high) - scale(low)) / 2
    usable = [isinstance(value, int | float) and (value > 0 or not log) for value in column]
    place = np.array([(scale(value) - middle) / half if ok else 0.0 for value, ok in zip(column, usable, strict=True)])
    bend = np.where(usable, place**2, 0.0)
    centre = math.exp(middle) if log else middle
    return [
        Term(factor, CHANGE, low, high, place, 2.0),
        Term(factor, BEND, f"{low:g}, {high:g}", f"{centre:.3g}", bend, -1.0),
    ]


def _of_levels(factor: str, column: list[Any], known: list[Any]) -> list[Term]:
    first, *others = known
    return [
        Term(factor, CHANGE, first, other, np.array([value == other for value in column], float), 1.0)
        for other in others
    ]


def _independent(terms: list[Term]) -> tuple[list[Term], list[str]]:
    """The terms that can be separated from those before them, and the factors of the others."""
    kept: list[Term] = []
    left_out: list[str] = []
    basis = [np.ones(len(terms[0].column)) / len(terms[0].column) ** 0.5] if terms else []
    for term in terms:
        rest = term.column - sum((vector @ term.column) * vector for vector in basis)
        size = np.linalg.norm(rest)
        if size > 1e-6 * max(float(np.linalg.norm(term.column)), 1e-12):
            basis.append(rest / size)
            kept.append(term)
        else:
            left_out.append(term.factor)
    return kept, list(dict.fromkeys(left_out))
