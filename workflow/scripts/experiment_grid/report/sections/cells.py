"""Each cell: the original's result block, scores by class, epochs and the confusion matrix."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd

from experiment_grid.format import fixed, minutes, missing, percent, seconds, setting, significant, whole
from experiment_grid.report.labels import settings_text
from experiment_grid.report.results import MANY, METRICS, TEST, Epochs, Results

CLASSES = 20  # with more, a matrix's counts can't be read: squares instead, and the most frequent errors as a list
MOST_CONFUSIONS = 20
# What is beside the page.
LOGS = {"log of the training": "logs/train/{cell}.log", "log of the evaluation": "logs/evaluate/{cell}.log"}
FILES = {
    "record": "cells/{cell}/run.json",
    "history": "cells/{cell}/history.csv",
    "test figures": "cells/{cell}/evaluation.csv",
    "predictions": "cells/{cell}/predictions.npz",
    "weights": "cells/{cell}/checkpoints.safetensors",
}
HEAT = 9  # steps of the colour behind a share


def context(results: Results) -> dict[str, Any]:
    """A block per cell in the config's order."""
    notes = {cell["name"]: cell.get("note") for cell in results.settings["cells"]}
    scores = _by_class(results.classes)
    epochs = {} if results.many else _by_epoch(results.epochs)
    beside = " beside the original report’s" if any(cell.get("original") for cell in results.cells) else ""
    opens = (
        f"Each block opens to the cell’s curves and its confusion matrix. Of more than {MANY} cells the page has no "
        "tables of scores: those by class are in comparison/classes.csv, those by epoch in each cell’s history."
        if results.many
        else f"Each block opens to the cell’s results{beside}, its curves, its scores by class and its "
        "confusion matrix."
    )
    text = f"{opens} Links to its log and files work where this page is in its results folder."
    blocks = []
    for index, (cell, row) in enumerate(zip(results.cells, results.comparison, strict=True)):
        blocks.append(_block(results, index, cell, row, notes.get(cell["cell"]), scores, epochs))
    return {"text": text, "blocks": blocks}


def _block(
    results: Results,
    index: int,
    cell: dict[str, Any],
    row: dict[str, Any],
    note: str | None,
    scores: dict[str, Any],
    epochs: dict[str, Any],
) -> dict[str, Any]:
    name, block = cell["cell"], cell.get("block")
    log = results.settings.get("logs", {}).get(name)
    made = {
        "index": index,
        "name": name,
        "note": note,
        "parameters": settings_text(cell["parameters"] | {"device": row["device"]}),
        "summary": f"test accuracy {percent(row['test_accuracy'])}"
        if not missing(row["test_accuracy"])
        else row["status"],
        "trouble": _trouble(row, log, results.findings["no_better_than_chance"]),
        "log": "\n".join(log or ()),
        "files": {}
        if row["status"] == "failed"
        else {text: path.format(cell=quote(name)) for text, path in FILES.items()},
        "logs": {
            text: path.format(cell=quote(name))
            for text, path in LOGS.items()
            if row["status"] != "failed" or (results.folder / path.format(cell=name)).is_file()
        },
        "command": f"make cell NAME={name}" + (f" CONFIG={config}" if (config := results.run.get("config")) else ""),
        "augmented": _augmented(results, name),
        "results": None,
    }
    if not block:
        return made
    originals = cell.get("original") or []
    matrix = results.confusion.get(name)
    return made | {
        "originals": [f"Original: {row['title']}" for row in originals],
        "here": f"Here, seed {cell['representative_seed']}",
        "results": [] if results.many else _results(block, [row["figures"] for row in originals]),
        "seed": (
            f"Seed {cell['representative_seed']}, the model that represents the cell, at epoch "
            f"{cell['chosen_epoch']}. Training time is that of one seed."
        ),
        "classes": None if results.many else scores.get(name),
        "epochs": epochs.get(name),
        "confusion_drawn": matrix is not None,
        "confusion": confusion(matrix[cell["chosen_epoch"] - 1], cell)
        if matrix is not None and not results.many
        else None,
    }


def _augmented(results: Results, cell: str) -> dict[str, Any] | None:
    """The tiles of a cell's augmented training images."""
    shown = results.errors.get("augmented", {})
    first = shown.get("cells", {}).get(cell)
    if first is None or results.many:
        return None
    return {"tiles": range(first, first + shown["each"]), "text": results.errors["captions"]["augmented"]}


def _trouble(row: dict[str, Any], log: list[str] | None, no_better_than_chance: list[str]) -> str:
    if row["status"] == "diverged":
        return (
            "Diverged: in at least one seed the loss stopped being a number. Its rows are kept; a "
            "smaller learning rate usually helps."
        )
    if row["cell"] in no_better_than_chance:
        return (
            "No better than chance: always answering the commonest class gets as many test images right. A smaller "
            "learning rate may help."
        )
    if row["status"] == "failed":
        return "Failed: it left no results. Its log ends so:" if log else "Not run or not finished: no results."
    return ""


def _results(block: dict[str, Any], originals: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The original's result block: its words, its units."""

    def theirs(key: str, write: Callable[[Any], str]) -> list[str]:
        return ["–" if missing(figures.get(key)) else write(figures[key]) for figures in originals]

    trained, tested = f"/{whole(block['train_images'])}", f"/{whole(block['test_images'])}"
    rows = [
        (
            "Total training loss",
            fixed(block["total_train_loss"], 4),
            theirs("train_loss", lambda value: fixed(value, 4)),
        ),
        ("Training loss, per image", significant(block["train_loss"], 4), None),
        ("Total training accuracy", f"{whole(block['train_correct'])}{trained}", theirs("train_correct", whole)),
        ("… in %", percent(block["train_accuracy"]), _percent(originals)),
        ("Training time", minutes(block["train_seconds"]), theirs("minutes", lambda value: minutes(60 * value))),
        ("Total testing accuracy", f"{whole(block['test_correct'])}{tested}", theirs("test_correct", whole)),
        ("… in %", percent(block["test_accuracy"]), theirs("test_accuracy", percent)),
        ("Testing loss, per image", significant(block["test_loss"], 4), None),
        ("Testing F1, macro", significant(block["f1_macro"], 6), None),
        (
            "Testing F1, weighted",
            significant(block["f1_weighted"], 6),
            theirs("test_f1", lambda value: significant(value, 6)),
        ),
        ("Testing precision, macro", significant(block["precision_macro"], 6), None),
        ("Testing recall, macro", significant(block["recall_macro"], 6), None),
    ]
    blank = ["" for _ in originals]
    return [
        {"label": label, "here": here, "original": blank if other is None else other} for label, here, other in rows
    ]


def _percent(originals: list[dict[str, Any]]) -> list[str]:
    """The originals' training accuracy as printed: in whole per cent."""
    return [f"{setting(figures.get('train_percent'))} %" for figures in originals]


def _by_class(classes: pd.DataFrame) -> dict[str, list[dict[str, str]]]:
    """Cell → a row per class, means over the seeds."""
    means = classes.groupby(["cell", "class", "name"], sort=False)[["precision", "recall", "f1", "support"]].mean()
    made: dict[str, list[dict[str, str]]] = {}
    for (cell, _, name), precision, recall, f1, support in means.itertuples(name=None):
        made.setdefault(cell, []).append(
            {
                "name": name,
                "precision": fixed(precision, 4),
                "recall": fixed(recall, 4),
                "f1": fixed(f1, 4),
                "support": whole(support),
            }
        )
    return made


def _by_epoch(epochs: dict[str, Epochs]) -> dict[str, list[list[str]]]:
    """Cell → a row of text per epoch, means over the seeds."""
    write: list[Callable[[Any], str]] = [significant, percent] * 3
    made = {}
    for name, held in epochs.items():
        seeds = held.seeds.max()
        columns = [[_epoch(*pair, seeds) for pair in zip(held.epoch, held.seeds, strict=True)]]
        for put, metric in zip(write, METRICS, strict=True):
            kept = not (metric in TEST and np.isnan(held.mean["test_accuracy"]).all())
            columns.append([put(value) if kept else "not kept" for value in held.mean[metric].tolist()])
        columns.append([seconds(value) for value in held.seconds.tolist()])
        made[name] = [list(row) for row in zip(*columns, strict=True)]
    return made


def _epoch(epoch: int, seeds: int, of: int) -> str:
    """An epoch, with the number of seeds that got there where others had stopped."""
    return str(epoch) if seeds == of else f"{epoch} ({seeds} of {of} seeds)"


def confusion(counts: np.ndarray, cell: dict[str, Any]) -> dict[str, Any]:
    """A confusion matrix of few classes as a table, of many as its most frequent errors."""
    caption = f"Seed {cell['representative_seed']}, epoch {cell['chosen_epoch']}"
    if len(counts) > CLASSES:
        return {"caption": f"The most frequent errors. {caption}", "rows": None, "commonest": commonest(counts, cell)}
    caption = f"Rows: true class; columns: predicted class. {caption}"
    return {"caption": caption, "rows": _heat(counts), "commonest": None}


def commonest(counts: np.ndarray, cell: dict[str, Any]) -> list[dict[str, str]]:
    """The most frequent wrong answers: true class, predicted class, count and share of the true class."""
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:MOST_CONFUSIONS]
    places = [divmod(int(place), len(wrong)) for place in order]
    names, images = cell["classes"], counts.sum(axis=1)
    return [
        {
            "true": names[true],
            "predicted": names[predicted],
            "count": whole(wrong[true, predicted]),
            "share": percent(wrong[true, predicted] / images[true], 1),
        }
        for true, predicted in places
        if wrong[true, predicted]
    ]


def _heat(counts: np.ndarray) -> list[list[dict[str, int]]]:
    """Each count and the step of its share of the true class."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    steps = np.ceil(np.sqrt(shares) * HEAT).astype(int)
    return [
        [{"count": int(count), "heat": int(step)} for count, step in zip(*pair, strict=True)]
        for pair in zip(counts, steps, strict=True)
    ]
