"""What changing one factor does: effects.csv, a row per pair of cells that differ in nothing else."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from experiment_grid.analysis.cells import Cell
from experiment_grid.analysis.factors import Pair, levels, pairs
from experiment_grid.analysis.intervals import Estimate, mean_over_seeds, over_seeds_and_images
from experiment_grid.analysis.paired import bootstrap_difference, holm, mcnemar_midp, sign_flip, sign_flip_floor
from experiment_grid.analysis.table import spelled

COLUMNS = [
    "factor",
    "from",
    "to",
    "from_value",
    "to_value",
    "is_baseline",
    "family",
    "seeds",
    "difference",
    "low",
    "high",
    "p",
    "p_adjusted",
    "decided",
    "basis",
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
    "seconds_difference",
    "seconds_low",
    "seconds_high",
    "seconds_ratio",
    "epoch_seconds_ratio",
    "same_machine",
]
WHOLE = ["seeds", "from_seed", "to_seed", "both_right", "only_from_right", "only_to_right", "both_wrong"]
SEEDS, SINGLE = "seeds and images", "images (single run)"


class Effects(NamedTuple):
    """The table, and of how many pairs its rows are."""

    table: pd.DataFrame
    found: int


def find_effects(cells: list[Cell], seeds: pd.DataFrame, baseline: str | None, confidence: float) -> Effects:
    """Compare all pairs of `cells` that differ in one factor; `seeds` is the table seeds.csv."""
    names = [cell.name for cell in cells]
    place = names.index(baseline) if baseline in names else None
    found, n_found = pairs([levels(cell.parameters, cell.device) for cell in cells], place)
    figures = figures_by_seed(seeds)
    rows, flips = [], []
    for pair in found:
        first, second = cells[pair.first], cells[pair.second]
        row = _names(pair, first, second, place)
        if first.comparable and second.comparable:
            row |= compare_cells(first, second, figures, confidence)
            row["same_machine"] = _same_machine(pair, first, second)
        flips.append(row.pop("by_seed", []))
        rows.append(row)
    table = pd.DataFrame(rows, columns=COLUMNS).astype({"is_baseline": bool})
    _test_by_seed(table, flips)
    _adjust(table, confidence)
    return Effects(table.astype(dict.fromkeys(WHOLE, "Int64")), n_found)


def figures_by_seed(seeds: pd.DataFrame) -> dict[str, dict[int, dict[str, Any]]]:
    """The rows of seeds.csv by cell and seed."""
    by_cell: dict[str, dict[int, dict[str, Any]]] = {}
    for row in seeds.to_dict("records"):
        by_cell.setdefault(row["cell"], {})[row["seed"]] = row
    return by_cell


def common_seeds(first: Cell, second: Cell) -> list[int]:
    """Seeds that neither cell lost, in the order of the first."""
    good = {seed for seed, ok in zip(second.seeds, second.ok, strict=True) if ok}
    return [seed for seed, ok in zip(first.seeds, first.ok, strict=True) if ok and seed in good]


def by_seed(first: Cell, second: Cell, figures, measure: str) -> np.ndarray:
    """Second minus first of a column of seeds.csv, for each seed in common."""
    one, other = figures[first.name], figures[second.name]
    return np.array([other[seed][measure] - one[seed][measure] for seed in common_seeds(first, second)], float)


def compare_cells(first: Cell, second: Cell, figures, confidence: float) -> dict[str, Any]:
    """All columns of effects.csv that come from two cells alone; `by_seed` too, the accuracy differences.

    `p` is NaN where all predictions are the same.
    """
    row = {"seeds": len(common_seeds(first, second))} | compare_models(first, second, confidence)
    if row["seeds"] == 0:
        return row
    one, other = _common(first, second)
    correct = other.correct.astype(np.int8) - one.correct.astype(np.int8)
    row["by_seed"] = correct.mean(axis=1)
    if row["seeds"] > 1:
        row |= _columns("difference", "low", "high", over_seeds_and_images(correct, confidence)) | {"basis": SEEDS}
        loss = over_seeds_and_images(other.log_loss - one.log_loss, confidence)
        row |= _columns("loss_difference", "loss_low", "loss_high", loss)
    else:
        row |= {"difference": float(correct.mean()), "basis": SINGLE, "p": row["mcnemar_p"]}
        row |= {"low": row["models_low"], "high": row["models_high"]}
        row["loss_difference"] = float((other.log_loss - one.log_loss).mean(dtype=float))
    if np.array_equal(one.predicted, other.predicted):
        row["p"] = np.nan  # nothing to test, so no member of Holm's family
    row["f1_difference"] = by_seed(first, second, figures, "f1_macro").mean()
    return row | _times(first, second, figures, confidence)


class _Answers(NamedTuple):
    predicted: np.ndarray  # uint8 [common seeds, M]
    correct: np.ndarray  # bool [common seeds, M]
    log_loss: np.ndarray  # float32 [common seeds, M]


def _common(first: Cell, second: Cell) -> tuple[_Answers, _Answers]:
    seeds = common_seeds(first, second)
    places = [[cell.seeds.index(seed) for seed in seeds] for cell in (first, second)]
    return tuple(
        _Answers(cell.predicted[place], cell.predicted[place] == cell.labels, cell.log_loss[place])
        for cell, place in zip((first, second), places, strict=True)
    )


def compare_models(first: Cell, second: Cell, confidence: float) -> dict[str, Any]:
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


def _names(pair: Pair, first: Cell, second: Cell, baseline: int | None) -> dict[str, Any]:
    return {
        "factor": pair.factor,
        "from": first.name,
        "to": second.name,
        "from_value": str(spelled(pair.first_value)),
        "to_value": str(spelled(pair.second_value)),
        "is_baseline": pair.first == baseline,
        "family": "baseline" if pair.first == baseline else pair.factor,
        "seeds": 0,
    }


def _times(first: Cell, second: Cell, figures, confidence: float) -> dict[str, Any]:
    seconds = mean_over_seeds(by_seed(first, second, figures, "train_seconds"), confidence)
    return _columns("seconds_difference", "seconds_low", "seconds_high", seconds, p=None) | {
        "seconds_ratio": time_ratio(first, second, figures, "train_seconds"),
        "epoch_seconds_ratio": time_ratio(first, second, figures, "seconds_per_epoch"),
    }


def time_ratio(first: Cell, second: Cell, figures, measure: str) -> float:
    """Second over first of the mean of a time over the seeds in common; NaN where the first took none."""
    seeds = common_seeds(first, second)
    one, other = (sum(figures[cell.name][seed][measure] for seed in seeds) for cell in (first, second))
    return other / one if one > 0 else np.nan


def _columns(value: str, low: str, high: str, estimate: Estimate, p: str | None = "p") -> dict[str, float]:
    columns = {value: estimate.value, low: estimate.low, high: estimate.high}
    return columns | ({p: estimate.p} if p and value == "difference" else {})


def _same_machine(pair: Pair, first: Cell, second: Cell) -> bool:
    one, other = first.run, second.run
    same = one["machine"]["cpu"] == other["machine"]["cpu"] and one["machine"]["host"] == other["machine"]["host"]
    return same and (pair.factor == "device" or one["device"] == other["device"])


def _test_by_seed(table: pd.DataFrame, flips: list) -> None:
    """The sign-flip test, all pairs with the same number of seeds at once."""
    counts = np.array([len(flip) for flip in flips], int)
    table["seeds_p"], table["seeds_p_floor"] = np.nan, np.nan
    for n in sorted(set(counts[counts > 0].tolist())):
        same = np.flatnonzero(counts == n)
        table.loc[same, "seeds_p"] = sign_flip(np.array([flips[index] for index in same])) if n > 1 else 1.0
        table.loc[same, "seeds_p_floor"] = sign_flip_floor(n)


def _adjust(table: pd.DataFrame, confidence: float) -> None:
    """Holm within families, and from it what is decided."""
    for source, target in (("p", "p_adjusted"), ("mcnemar_p", "mcnemar_p_adjusted")):
        table[target] = table.groupby("family")[source].transform(lambda p: holm(p.to_numpy(float)))
    table["decided"] = (table["p_adjusted"] < 1 - confidence) & (table["basis"] == SEEDS)
