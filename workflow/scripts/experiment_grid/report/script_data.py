"""What the page's scripts read: small arrays, each packed once. The page's text does not depend on them."""

import base64
from statistics import NormalDist
from typing import Any

import numpy as np

from experiment_grid.report.results import METRICS, Results
from experiment_grid.report.sections.cells import CLASSES
from experiment_grid.report.sections.errors import WORST, answers

MOST_COUNTS = 300_000  # of confusion matrices, over all cells and epochs
LARGEST_DOWNLOAD = 400_000  # bytes; with more the page itself would grow heavy
DOWNLOADS = {
    "comparison.csv": "comparison.csv",
    "effects.csv": "effects.csv",
    "reference.csv": "reference.csv",
    "table.tex": "comparison/table.tex",
    "table.md": "comparison/table.md",
}


def for_scripts(results: Results, looks: list[Any]) -> dict[str, Any]:
    """One JSON value per script element; NaN is null."""
    return {
        "cells": {
            "names": results.names,
            "looks": [look.variable for look in looks],
            "baseline": results.baseline,
            "final": results.final,
            "partner": _partner(results),
            "confidence": results.settings["confidence"],
            "z": NormalDist().inv_cdf(0.5 + results.settings["confidence"] / 2),
            "classes": results.errors.get("classes") or _classes(results),
        },
        "models": _models(results),
        "confusion": _confusion(results),
        "curves": _curves(results),
        "cards": _cards(results),
        "downloads": _downloads(results),
    }


def _partner(results: Results) -> int | None:
    """The cell that is first compared with the baseline: that of the first pair whose models were compared."""
    pairs = (
        (row["from"], row["to"]) for row in results.effects if row["is_baseline"] and row["both_right"] is not None
    )
    others = (name for pair in pairs for name in pair if results.index[name] != results.baseline)
    return results.index.get(next(others, ""))


def _downloads(results: Results) -> dict[str, str]:
    """The files that a reader can save from the page; large ones stay beside it."""
    return {
        name: results.text(file)
        for name, file in DOWNLOADS.items()
        if (results.folder / file).stat().st_size <= LARGEST_DOWNLOAD
    }


def _classes(results: Results) -> list[str]:
    return next((cell["classes"] for cell in results.cells if cell.get("classes")), [])


def _models(results: Results) -> dict[str, Any]:
    """Per representative model: which test images are right (a bit each), and what the wrong ones were taken for.

    `predicted` and `probability` (in 255ths) hold the wrong images only, in the test set's order.
    """
    held = results.predictions
    labels = held["labels"]
    models: list[dict[str, Any] | None] = [None] * len(results.names)
    for name, seed, predicted, probability in zip(
        held["cells"].tolist(), held["seeds"].tolist(), held["predicted"], held["probability"], strict=True
    ):
        wrong = predicted != labels
        confidence = np.nan_to_num(probability[wrong])
        models[results.index[name]] = {
            "seed": seed,
            "right": _packed(np.packbits(~wrong)),
            "predicted": _packed(predicted[wrong]),
            "probability": _packed(np.round(255 * confidence)),
        }
    atlas = results.errors.get("atlas") or {"images": []}
    return {"labels": _packed(labels), "count": len(labels), "models": models, "atlas": atlas["images"]}


def _packed(values: np.ndarray) -> str:
    return base64.b64encode(values.astype(np.uint8).tobytes()).decode("ascii")


def _cards(results: Results) -> list[list[Any]]:
    """Of every error that the page shows small: its card's tiles, text and probabilities."""
    return [
        [
            error["attribution"],
            error["nearest_predicted"]["tile"] if error["nearest_predicted"] else None,
            error["nearest_true"]["tile"] if error["nearest_true"] else None,
            error["true"],
            error["predicted"],
            [[kind, round(value, 4)] for kind, value in answers(error)],
            error["text"],
        ]
        for error in results.errors.get("errors", [])[WORST:]
    ]


def _confusion(results: Results) -> list[Any]:
    """Per cell the counts of its representative seed by epoch, null where the weights were not kept.

    K × K of them row by row or, with many classes, place and count of those that are not 0. Where all epochs' are too
    many for a page, those of the chosen epoch alone.
    """
    numbers = sum(int(np.count_nonzero(counts)) for counts in results.confusion.values())
    made: list[dict[str, Any] | None] = []
    for cell in results.cells:
        counts = results.confusion.get(cell["cell"])
        if counts is None:
            made.append(None)
            continue
        chosen = cell["chosen_epoch"]
        kept = [
            one if one.any() and (numbers <= MOST_COUNTS or place == chosen) else None
            for place, one in enumerate(counts, 1)
        ]
        large = counts.shape[-1] > CLASSES
        packed = [one if one is None else _sparse(one) if large else one.ravel().tolist() for one in kept]
        made.append({"epoch": chosen, "seed": cell["representative_seed"], "sparse": large, "counts": packed})
    return made


def _sparse(counts: np.ndarray) -> list[int]:
    """Places and counts of what is not 0, one after the other."""
    places = np.flatnonzero(counts)
    return np.column_stack([places, counts.ravel()[places]]).ravel().tolist()


def _curves(results: Results) -> list[Any]:
    """Per cell its epochs, seconds of training up to each, and per measure [mean, lowest seed, highest seed] over them.

    Losses and seconds to four significant digits, accuracies to a hundred thousandth.
    """
    made: list[Any] = [None] * len(results.names)
    for name, held in results.epochs.items():
        values = {
            metric: _plain(metric, [kind[metric] for kind in (held.mean, held.low, held.high)]) for metric in METRICS
        }
        elapsed = _four_digits(held.elapsed).tolist()
        made[results.index[name]] = {"epochs": held.epoch.tolist(), "seconds": elapsed, **values}
    return made


def _plain(metric: str, kinds: list[np.ndarray]) -> list[list[float | None]]:
    values = np.stack(kinds)
    rounded = np.round(values, 5) if metric.endswith("accuracy") else _four_digits(values)
    return [[value if value == value else None for value in row] for row in rounded.tolist()]


def _four_digits(values: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        step = 10.0 ** (np.floor(np.log10(np.abs(values))) - 3)
        return np.where(values == 0, 0, np.round(values / step) * step).round(9)
