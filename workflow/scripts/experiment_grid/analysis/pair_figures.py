"""Figures for a pair of cells besides the verdict: F1, run-to-run comparison, two models on the same images."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from experiment_grid.analysis.cell_results import CellResults
from experiment_grid.analysis.more_seeds import share_higher
from experiment_grid.analysis.multiple_tests import holm
from experiment_grid.analysis.paired import bootstrap_difference, mcnemar_midp, sign_flip, sign_flip_floor
from experiment_grid.column_values import SINGLE

COUNTS = ["both_right", "only_from_right", "only_to_right", "both_wrong"]
DESCRIBED = ["probability_higher", "f1_difference"]


def describe(table: pd.DataFrame, cells: list[CellResults], seeds: pd.DataFrame, ends: ArrayLike) -> None:
    """Fill the columns of effects.csv that need no test, and the sign-flip test; `ends` int [m, 2] are cells."""
    runs = {name: {key: rows[key].to_numpy() for key in rows} for name, rows in seeds.groupby("cell")}
    rows = [_described(cells[first], cells[second], runs) for first, second in np.asarray(ends).tolist()]
    for column in DESCRIBED:
        table[column] = pd.Series([row.get(column) for row in rows], table.index, dtype=float)
    _test_by_seed(table, [row["by_seed"] for row in rows])


def _described(first: CellResults, second: CellResults, runs: dict[str, dict[str, np.ndarray]]) -> dict[str, Any]:
    if not (first.comparable and second.comparable):
        return {"by_seed": []}
    one, other = runs[first.name], runs[second.name]
    accuracy, f1 = ([a[column][a["status"] == "ok"] for a in (one, other)] for column in ("accuracy", "f1_macro"))
    by_seed = [
        dict(zip(c.good_seeds, values, strict=True)) for c, values in zip((first, second), accuracy, strict=True)
    ]
    common = [seed for seed in by_seed[0] if seed in by_seed[1]]
    return {
        "probability_higher": share_higher(*accuracy),
        "f1_difference": f1[1].mean() - f1[0].mean(),
        "by_seed": [by_seed[1][seed] - by_seed[0][seed] for seed in common],
    }


def _test_by_seed(table: pd.DataFrame, flips: list[Any]) -> None:
    """The sign-flip test, all pairs with the same number of seeds at once."""
    counts = np.array([len(flip) for flip in flips], int)
    table["seeds_p"], table["seeds_p_floor"] = np.nan, np.nan
    for n in sorted(set(counts[counts > 0].tolist())):
        same = np.flatnonzero(counts == n)
        table.loc[same, "seeds_p"] = sign_flip(np.array([flips[index] for index in same])) if n > 1 else 1.0
        table.loc[same, "seeds_p_floor"] = sign_flip_floor(n)


def models(table: pd.DataFrame, cells: list[CellResults], ends: ArrayLike, confidence: float) -> None:
    """The representative models; and single runs, of which they are all that is known."""
    compared = [
        compare_models(cells[first], cells[second], confidence)
        if cells[first].comparable and cells[second].comparable
        else {}
        for first, second in np.asarray(ends).tolist()
    ]
    for column in ("from_seed", "to_seed", *COUNTS, "models_difference", "models_low", "models_high", "mcnemar_p"):
        table[column] = pd.Series([row.get(column) for row in compared], table.index, dtype=float)
    table["mcnemar_p_adjusted"] = holm(table["mcnemar_p"].to_numpy(float))
    single = table["basis"] == SINGLE
    for column, source in (("p", "mcnemar_p"), ("p_adjusted", "mcnemar_p_adjusted")):
        table.loc[single, column] = table.loc[single, source]
    both = single & (table["from_seeds"] == 1) & (table["to_seeds"] == 1)
    for column, source in (("low", "models_low"), ("high", "models_high")):
        table.loc[both, column] = table.loc[both, source]


def compare_models(first: CellResults, second: CellResults, confidence: float) -> dict[str, Any]:
    """The representative seeds' two models on the same images."""
    one, other = (cell.predicted[cell.representative] == cell.labels for cell in (first, second))
    total = len(one)
    both, only_first, only_second = int((one & other).sum()), int((one & ~other).sum()), int((~one & other).sum())
    low, high = bootstrap_difference(only_first, only_second, total, confidence, f"{first.name}\n{second.name}")
    return {
        "from_seed": first.seeds[first.representative],
        "to_seed": second.seeds[second.representative],
        "both_right": both,
        "only_from_right": only_first,
        "only_to_right": only_second,
        "both_wrong": total - both - only_first - only_second,
        "models_difference": (only_second - only_first) / total,
        "models_low": low,
        "models_high": high,
        "mcnemar_p": float(mcnemar_midp(only_first, only_second)),
    }
