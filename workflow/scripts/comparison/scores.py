"""Figures of single trained models: precision, recall, F1 by scikit-learn from confusion matrices; tables per seed."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import precision_recall_fscore_support

from comparison.cells import Cell
from comparison.intervals import wilson

LOSSES = ["train_loss", "train_accuracy", "validation_loss", "validation_accuracy"]
MEANS = ["precision_macro", "recall_macro", "f1_macro", "f1_weighted"]
FIGURES = ["n_correct", "accuracy", "accuracy_low", "accuracy_high", "test_loss", *LOSSES, *MEANS]
COLUMNS = [
    *("cell", "seed", "representative", "status", "train_seconds", "seconds_per_epoch", "n_test"),
    *("chosen_epoch", *FIGURES, "log_loss"),
    *("last_epoch", *(f"last_{name}" for name in FIGURES)),
]


def class_scores(counts: np.ndarray) -> dict[str, np.ndarray]:
    """Scores and image counts of each class, from a confusion matrix [true, predicted].

    0 where a class is never right; NaN where a class neither occurs nor is predicted (it is no part of any mean).
    """
    n_classes = len(counts)
    true, predicted = np.nonzero(counts)
    present = np.union1d(true, predicted)
    scores = {name: np.full(n_classes, np.nan) for name in ("precision", "recall", "f1")}
    if len(present):
        figures = precision_recall_fscore_support(
            true, predicted, labels=present, sample_weight=counts[true, predicted], zero_division=0
        )
        for name, values in zip(scores, figures, strict=False):
            scores[name][present] = values
    return scores | {"support": counts.sum(axis=1), "predicted": counts.sum(axis=0), "right": counts.diagonal()}


def summary(scores: dict[str, np.ndarray]) -> dict[str, float]:
    """Macro means over the classes that occur or are predicted, and F1 weighted by support."""
    present = ~np.isnan(scores["f1"])
    if not present.any():
        return dict.fromkeys(MEANS, np.nan)
    macro = {f"{name}_macro": float(scores[name][present].mean()) for name in ("precision", "recall", "f1")}
    weights = scores["support"][present]
    return macro | {"f1_weighted": float(np.average(scores["f1"][present], weights=weights))}


def score_cells(cells: list[Cell], confidence: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables seeds.csv and classes.csv."""
    seeds, classes = [], []
    for cell in cells:
        if cell.run is None:
            continue
        chosen, last = cell.at("chosen"), cell.at("last")
        for index in range(len(cell.seeds)):
            scores = class_scores(cell.confusion[index, cell.chosen_epochs[index] - 1])
            seeds.append(_seed_row(cell, index, chosen.iloc[index], last.iloc[index], scores))
            classes += _class_rows(cell, index, scores)
    seeds = pd.DataFrame(seeds, columns=COLUMNS).astype({"representative": bool})
    for prefix in ("", "last_"):
        limits = wilson(seeds[f"{prefix}n_correct"].to_numpy(float), seeds["n_test"].to_numpy(float), confidence)
        seeds[f"{prefix}accuracy_low"], seeds[f"{prefix}accuracy_high"] = limits
    columns = ["cell", "seed", "class", "name", "precision", "recall", "f1", "support", "predicted"]
    return seeds, pd.DataFrame(classes, columns=columns)


def _seed_row(
    cell: Cell, index: int, chosen: pd.Series, last: pd.Series, scores: dict[str, np.ndarray]
) -> dict[str, Any]:
    seconds = cell.curves.loc[cell.curves["seed"] == cell.seeds[index], "seconds"]
    same = cell.chosen_epochs[index] == int(last["epoch"])
    last_scores = scores if same else class_scores(cell.confusion[index, -1])
    return {
        "cell": cell.name,
        "seed": cell.seeds[index],
        "representative": index == cell.representative,
        "status": "ok" if cell.ok[index] else "diverged",
        "train_seconds": seconds.sum(),
        "seconds_per_epoch": seconds.mean(),
        "n_test": len(cell.labels),
        "chosen_epoch": cell.chosen_epochs[index],
        **_figures("", chosen, scores),
        "log_loss": float(cell.log_loss[index].mean(dtype=float)),
        "last_epoch": int(last["epoch"]),
        **_figures("last_", last, last_scores),
    }


def _figures(prefix: str, row: pd.Series, scores: dict[str, np.ndarray]) -> dict[str, Any]:
    figures = {
        "n_correct": int(scores["right"].sum()),
        "accuracy": row["test_accuracy"],
        "test_loss": row["test_loss"],
        **{name: row[name] for name in LOSSES},
        **summary(scores),
    }
    return {f"{prefix}{name}": value for name, value in figures.items()}


def _class_rows(cell: Cell, index: int, scores: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    return [
        {"cell": cell.name, "seed": cell.seeds[index], "class": k, "name": name}
        | {score: values[k] for score, values in scores.items()}
        for k, name in enumerate(cell.evaluation["classes"])
    ]
