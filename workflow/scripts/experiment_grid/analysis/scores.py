"""Figures of single trained models: precision, recall, F1 by scikit-learn from confusion matrices; tables per seed."""

import numpy as np
import pandas as pd
from sklearn.metrics import precision_recall_fscore_support

from experiment_grid.analysis.cell_results import CellResults
from experiment_grid.analysis.intervals import wilson

LOSSES = ["train_loss", "train_accuracy", "validation_loss", "validation_accuracy"]
MEANS = ["precision_macro", "recall_macro", "f1_macro", "f1_weighted"]
FIGURES = ["n_correct", "accuracy", "accuracy_low", "accuracy_high", "test_loss", *LOSSES, *MEANS]
CLASS_COLUMNS = ["cell", "seed", "class", "name", "precision", "recall", "f1", "support", "predicted"]
COLUMNS = [
    *("cell", "seed", "representative", "status", "train_seconds", "seconds_per_epoch", "n_test"),
    *("chosen_epoch", *FIGURES, "log_loss"),
    *("last_epoch", *(f"last_{name}" for name in FIGURES)),
]


def class_scores(counts: np.ndarray) -> dict[str, np.ndarray]:
    """Scores and image counts [models, K] from confusion matrices [models, true K, predicted K].

    0 where a class is never right; NaN where a class neither occurs nor is predicted (it is not part of any mean).
    scikit-learn sees all models at once, each with classes of its own, because a call costs more than its work.
    """
    n_models, n_classes, _ = counts.shape
    model, true, predicted = np.nonzero(counts)
    weights = counts[model, true, predicted]
    true, predicted = model * n_classes + true, model * n_classes + predicted
    present = np.union1d(true, predicted)
    scores = {name: np.full(n_models * n_classes, np.nan) for name in ("precision", "recall", "f1")}
    if len(present):
        figures = precision_recall_fscore_support(
            true, predicted, labels=present, sample_weight=weights, zero_division=0
        )
        for name, values in zip(scores, figures, strict=False):
            scores[name][present] = values
    scores = {name: values.reshape(n_models, n_classes) for name, values in scores.items()}
    right = counts.diagonal(axis1=1, axis2=2)
    return scores | {"support": counts.sum(axis=2), "predicted": counts.sum(axis=1), "right": right}


def summary(scores: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Macro means over the classes that occur or are predicted, and F1 weighted by support, of each model."""
    present = ~np.isnan(scores["f1"])
    values = {name: np.where(present, scores[name], 0.0) for name in ("precision", "recall", "f1")}
    support = np.where(present, scores["support"], 0)

    def mean(total: np.ndarray, parts: np.ndarray) -> np.ndarray:
        means: np.ndarray = np.divide(total, parts, out=np.full(len(present), np.nan), where=parts > 0)
        return means

    macro = {f"{name}_macro": mean(value.sum(axis=1), present.sum(axis=1)) for name, value in values.items()}
    return macro | {"f1_weighted": mean((values["f1"] * support).sum(axis=1), support.sum(axis=1))}


def score_cells(cells: list[CellResults], confidence: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables seeds.csv and classes.csv."""
    known = [cell for cell in cells if cell.run]
    if not known:
        return pd.DataFrame(columns=COLUMNS).astype({"representative": bool}), pd.DataFrame(columns=CLASS_COLUMNS)
    seeds = pd.concat([_seeds(cell) for cell in known], ignore_index=True)
    epochs = {prefix: [_confusion(cell, prefix) for cell in known] for prefix in ("", "last_")}
    for prefix, counts in epochs.items():
        scores = class_scores(np.concatenate(counts))
        seeds[f"{prefix}n_correct"] = scores["right"].sum(axis=1)
        for name, values in summary(scores).items():
            seeds[f"{prefix}{name}"] = values
        limits = wilson(seeds[f"{prefix}n_correct"].to_numpy(), seeds["n_test"].to_numpy(), confidence)
        seeds[f"{prefix}accuracy_low"], seeds[f"{prefix}accuracy_high"] = limits
        if prefix:  # the weights of a last epoch may not have been kept
            columns = [f"{prefix}{name}" for name in ("n_correct", "accuracy_low", "accuracy_high", *MEANS)]
            lost = scores["support"].sum(axis=1) == 0
            if lost.any():
                seeds[columns] = seeds[columns].mask(pd.Series(lost), axis=0)
        else:
            classes = _classes(seeds, known[0].evaluation["classes"], scores)
    return seeds[COLUMNS], classes


def _confusion(cell: CellResults, prefix: str) -> np.ndarray:
    """The confusion matrices [S, K, K] of the cell's seeds at the chosen or the last epoch."""
    epochs = cell.last_epochs if prefix else cell.chosen_epochs
    matrices: np.ndarray = cell.confusion[np.arange(len(cell.seeds)), np.array(epochs) - 1]
    return matrices


def _seeds(cell: CellResults) -> pd.DataFrame:
    """The rows of a cell's seeds, with what its own files say."""
    seconds = cell.curves.groupby("seed")["seconds"]
    table = pd.DataFrame(
        {
            "cell": cell.name,
            "seed": cell.seeds,
            "representative": np.arange(len(cell.seeds)) == cell.representative,
            "status": np.where(cell.ok, "ok", "diverged"),
            "train_seconds": seconds.sum()[cell.seeds].to_numpy(),
            "seconds_per_epoch": seconds.mean()[cell.seeds].to_numpy(),
            "n_test": len(cell.labels),
            "log_loss": cell.log_loss.mean(axis=1, dtype=float),
        }
    )
    for prefix, epoch, name in (("", "chosen", "chosen_epoch"), ("last_", "last", "last_epoch")):
        row = cell.at(epoch)
        table[name] = row["epoch"].to_numpy()
        table[f"{prefix}accuracy"] = row["test_accuracy"].to_numpy()
        for column in ("test_loss", *LOSSES):
            table[f"{prefix}{column}"] = row[column].to_numpy()
    return table


def _classes(seeds: pd.DataFrame, names: list[str], scores: dict[str, np.ndarray]) -> pd.DataFrame:
    n_models, n_classes = scores["f1"].shape
    table = seeds.loc[seeds.index.repeat(n_classes), ["cell", "seed"]].reset_index(drop=True)
    table["class"], table["name"] = np.tile(np.arange(n_classes), n_models), names * n_models
    for score in CLASS_COLUMNS[4:]:
        table[score] = scores[score].reshape(-1)
    return table
