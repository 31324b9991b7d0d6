"""Curves: a large chart of one measure, all measures small, and with and without normalization side by side."""

from typing import Any

import numpy as np

from experiment_grid.config.labels import component
from experiment_grid.format import level, missing, percent, points, points_interval, signed, significant
from experiment_grid.report.drawings import WHICH, Drawings
from experiment_grid.report.figures.curves import SETS
from experiment_grid.report.labels import epoch_words
from experiment_grid.report.results import Results

LEGEND = 60  # cells that are listed beside the chart without scripts


def context(results: Results, drawings: Drawings) -> dict[str, Any]:
    """The figures and the words around them."""
    first = drawings.first_measure()
    keys = [key for key in results.comparison[0] if key == "loss" or component(key) == "loss"]
    losses = {tuple(row[key] for key in keys) for row in results.comparison}
    text = "Each line is a cell’s mean over its seeds; its band reaches from the lowest to the highest seed."
    if results.many:
        text = (
            f"{len(results.names):,} cells are more than colours can distinguish. Each line is a cell’s mean over its "
            "seeds, grey except for the baseline, the final, the best and the worst cell. Point at a cell or pin it to "
            "see its line."
        )
    caption = (
        "The accuracy axis is logarithmic in the error rate: each halving of the errors takes the same height. "
        "Training figures are running means over the epoch, so they lag behind. Seconds are training alone, without "
        "validation, saving and start-up."
    )
    if any(held.seeds.min() < held.seeds.max() for held in results.epochs.values()):
        caption += " Where some seeds stopped early, means and bands are over those that trained on."
    if any(np.isnan(held.mean["test_accuracy"]).all() for held in results.epochs.values()):
        caption += " Cells that kept the weights of the chosen epochs alone have no test curve: not kept."
    if len(losses) > 1:
        caption += (
            " Losses are in each cell’s own loss function: compare them only between cells that share it. nll, the "
            "negative log-likelihood of the softmax, and cross_entropy are one function."
        )
    return {
        "text": text,
        "caption": caption,
        "legend": results.names if len(results.names) <= LEGEND else drawings.named,
        "focus": drawings.focus(),
        "measure": f"{first}_accuracy",
        "measures": [(f"{data}_{measure}", f"{SETS[data]} {measure}") for data, measure in WHICH],
        "named": [results.index[name] for name in drawings.named],
        "panels": drawings.curves("epochs"),
        "seconds": drawings.curves("seconds", [(data, measure) for data, measure in WHICH if data == first]),
        "normalization": _normalization(results, drawings),
    }


def _normalization(results: Results, drawings: Drawings) -> dict[str, Any] | None:
    pair = results.normalization_pair
    if not pair:
        return None
    without, with_ = (next(row for row in results.comparison if row["cell"] == pair[side]) for side in ("from", "to"))
    rows = [
        {"label": "Test accuracy, %", "figures": _accuracies(without, with_, "test_accuracy", pair)},
        {"label": "Validation accuracy, %", "figures": _accuracies(without, with_, "validation_accuracy")},
        {"label": "Training accuracy, %", "figures": _accuracies(without, with_, "train_accuracy")},
    ]
    for key, label in (
        ("test_loss", "Test loss"),
        ("validation_loss", "Validation loss"),
        ("train_loss", "Training loss"),
    ):
        values = [significant(without[key]), significant(with_[key]), signed(_minus(with_[key], without[key]), 4)]
        rows.append({"label": label, "figures": values})
    text = (
        f"{pair['from']} and {pair['to']} differ in nothing but normalization, at the "
        f"{epoch_words(results.settings['epoch'])}: "
        f"test accuracy {percent(without['test_accuracy'])} without and {percent(with_['test_accuracy'])} with it, "
        f"{points(pair['difference'])} points ({level(results.settings['confidence'])} interval "
        f"{points_interval(pair['low'], pair['high'])})."
    )
    return {
        "text": text,
        "panels": drawings.normalization(pair["from"], pair["to"]),
        "columns": ["Without", "With", "Difference"],
        "rows": rows,
    }


def _accuracies(
    without: dict[str, Any], with_: dict[str, Any], key: str, pair: dict[str, Any] | None = None
) -> list[str]:
    difference = pair["difference"] if pair else _minus(with_[key], without[key])
    return [percent(without[key], unit=False), percent(with_[key], unit=False), f"{points(difference)} points"]


def _minus(value: float | None, other: float | None) -> float | None:
    return None if missing(value) or missing(other) else value - other
