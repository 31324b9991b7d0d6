"""Which cell a search chooses, by validation accuracy alone, and how much of that accuracy is selection bias."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from experiment_grid.analysis import measures
from experiment_grid.analysis.cell_results import CellResults
from experiment_grid.format import percent

DRAWS = 4000
NEAR = 200  # cells that can win: of more, the best


class Chosen(NamedTuple):
    """The chosen cell and the number of candidates; `luck`: the selection bias in its validation accuracy. `seeds`: 1
    where each cell was trained once, and only the uncertainty of the validation images is known."""

    cell: str
    of: int
    validation_accuracy: float
    luck: float
    seeds: int


def choose(settings: dict[str, Any], cells: list[CellResults], seeds: pd.DataFrame) -> Chosen | None:
    """The cell with the highest mean validation accuracy, the first of equals; None without a search or results."""
    validation = measures.column(cells, seeds, "validation_accuracy")
    usable = np.flatnonzero(~np.isnan(validation.means))
    if not settings.get("searches") or len(usable) < 2:
        return None
    means, counts = validation.means[usable], validation.counts[usable]
    best = int(means.argmax())
    if counts[best] == 1:
        images = np.array([cells[place].run["validation_images"] for place in usable])
        error = (means * (1 - means) / images) ** 0.5
    else:
        good = seeds[seeds["status"] == "ok"].groupby("cell")["validation_accuracy"]
        own = good.var().reindex([cells[place].name for place in usable]).to_numpy()
        error = (np.nanmean(own[_best_quarter(means)]) / counts) ** 0.5
    return Chosen(
        cells[usable[best]].name, len(usable), float(means[best]), luck_of_best(means, error), int(counts[best])
    )


def _best_quarter(means: np.ndarray) -> np.ndarray:
    """Places of the best cells: seeds move cells that hardly learn far more, and these can't win."""
    return np.argsort(means)[::-1][: max(len(means) // 4, 5)]


def luck_of_best(means: np.ndarray, error: np.ndarray) -> float:
    """Expected selection bias of the best of `means` [C] with standard errors `error` [C].

    By simulation: chance is added anew to the means, which are drawn together first by the part of their variance that
    is chance; the result is the average chance component of the best.
    """
    near = np.argsort(means)[::-1][:NEAR]
    centre, total = means.mean(), means.var(ddof=1)
    kept = max(0.0, 1 - float(np.mean(error**2)) / total) if total > 0 else 0.0
    expected = centre + kept * (means[near] - centre)
    chance = np.random.default_rng(0).normal(0, error[near], (DRAWS, len(near)))
    best = (expected + chance).argmax(axis=1)
    return float(chance[np.arange(DRAWS), best].mean())


def of_choice(found: Chosen) -> str:
    """What choosing the best of so many does to its accuracy, in sentences."""
    points = f"{percent(found.luck, unit=False)} points"
    if found.seeds == 1:
        return (
            f"Choosing the best of {found.of:,} raises its validation accuracy by {points} at most through luck with "
            "the validation images. Test images had no part in it. Each cell was trained once: luck with the seed is "
            "in both accuracies, and only further seeds show how much."
        )
    return (
        f"Choosing the best of {found.of:,} raises its validation accuracy by about {points} through luck. Test images "
        "had no part in it; but luck with the seeds is in both accuracies, and only other seeds show how much."
    )
