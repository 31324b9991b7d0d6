"""Makes a finished results folder and its page without training, from simulated cells and simulated errors."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from compare import compare
from figures import draw
from matplotlib import image
from report import report
from simulated_cells import compare_outputs, make_cells, make_timing, plan_of, settings_of

RUN = {"started": "2026-01-31T12:00:00+00:00"}
COLUMNS = 20  # tiles in a row of a sheet
SIDE = 28


def make_page(
    results: Path, *, changes: dict[str, Any] | None = None, notes: dict[str, str] | None = None, **cells: Any
) -> Path:
    """Write a whole results folder and its report.html; returns the page.

    `changes` replace keys of the report's settings, `notes` are the cells', the rest goes to `make_cells`.
    """
    plan = make_results(results, changes=changes, notes=notes, **cells)
    report(results, plan, results / "report.html")
    draw(results, plan, figures(results))
    return results / "report.html"


def figures(results: Path, suffixes: tuple[str, ...] = (".svg",)) -> list[Path]:
    """The figures that the rule asks for."""
    names = ("curves-epochs", "curves-seconds", "normalization", "effects", "confusion", "time", "agreement")
    return [results / "figures" / (name + suffix) for name in names for suffix in suffixes]


def make_results(
    results: Path, *, changes: dict[str, Any] | None = None, notes: dict[str, str] | None = None, **cells: Any
) -> dict[str, Any]:
    """Everything that the report reads; returns its plan."""
    grid = make_cells(results, **{"images": 600, "epochs": 4, **cells})
    settings = settings_of(
        grid, **{key: value for key, value in (changes or {}).items() if key not in ("title", "note")}
    )
    compared = [cell["name"] for cell in grid if (results / "cells" / cell["name"]).exists()]
    compare(
        settings,
        {name: results / "cells" / name for name in compared},
        compare_outputs(results),
        plan_of(results, "compare", settings),
        [],
        make_timing(results, grid),
    )
    make_errors(results, settings["final"])
    named = [cell | {"note": (notes or {}).get(cell["name"], "")} for cell in grid]
    shown = {"title": "A grid of experiments", "note": "Simulated, for a test.", **settings, **(changes or {})}
    shown |= {"cells": named, "reference": settings["reference"] is not None}
    path = plan_of(results, "report", shown)
    plan = json.loads(path.read_text("utf-8"))
    names = [cell["name"] for cell in grid]
    plan["run"] = RUN | {"trained": names[:2], "kept": names[2:]}
    path.write_text(json.dumps(plan), "utf-8")
    return plan


def make_errors(results: Path, final: str) -> None:
    """Simulated errors.json and its sheets, for the predictions that compare wrote; tile t shows a bar at height t."""
    with np.load(results / "comparison" / "predictions.npz") as held:
        names, predicted, labels = held["cells"].tolist(), held["predicted"], held["labels"]
    folder = results / "errors"
    folder.mkdir(exist_ok=True)
    analysis: dict[str, Any] = {"cell": None, "errors": [], "right": []}
    if final in names:
        analysis = _errors(folder, final, predicted, predicted[names.index(final)], labels)
    (folder / "errors.json").write_text(json.dumps(analysis), "utf-8")


def _errors(folder: Path, final: str, every: np.ndarray, own: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    able = every[(every == labels).mean(axis=1) > 0.5]
    wrong = np.flatnonzero((able != labels).any(axis=0))
    right = [int(np.flatnonzero((own == labels) & (labels == kind))[0]) for kind in np.unique(labels)]
    shown = [*(int(index) for index in wrong), *(index for index in right if index not in wrong)]
    listed = [int(index) for index in np.flatnonzero(own != labels)][:30]
    classes = [str(kind) for kind in range(int(labels.max()) + 1)]
    return {
        "cell": final,
        "seed": 1,
        "epoch": 4,
        "classes": classes,
        "test_images": len(labels),
        "wrong": int((own != labels).sum()),
        "atlas": _sheet(folder / "atlas.png", len(shown)) | {"images": shown, "complete": True},
        "attribution": _sheet(folder / "attribution.png", len(listed)),
        "neighbours": _sheet(folder / "neighbours.png", 2 * len(listed)),
        "errors": [_error(place, index, int(labels[index]), int(own[index])) for place, index in enumerate(listed)],
        "errors_listed": len(listed),
        "errors_total": int((own != labels).sum()),
        "right": [
            {"index": index, "true": int(labels[index]), "probability": 0.98, "runner_up": [0, 0.01], "kind": "first"}
            for index in right
        ],
        "hard": [
            {"index": index, "true": int(labels[index]), "cells_wrong": 7, "cells": 8, "commonest": int(own[index])}
            for index in listed[:5]
        ],
        "likeness": {"matrix": np.eye(len(classes)).tolist(), "text": ""},
        "captions": {"attribution": "Attribution.", "nearest": "Nearest.", "likeness": "Alike.", "worst": "Worst."},
    }


def _error(place: int, index: int, true: int, predicted: int) -> dict[str, Any]:
    return {
        "index": index,
        "true": true,
        "predicted": predicted,
        "probability": 0.8,
        "true_probability": 0.15,
        "runners_up": [[true, 0.15]],
        "attribution": place,
        "nearest_predicted": {"tile": 2 * place, "index": 1, "distance": 3.0},
        "nearest_true": {"tile": 2 * place + 1, "index": 2, "distance": 3.5},
        "text": "It was confident.",
    }


def _sheet(file: Path, tiles: int) -> dict[str, Any]:
    rows = max(1, -(-tiles // COLUMNS))
    pixels = np.zeros((rows * SIDE, COLUMNS * SIDE), np.uint8)
    for tile in range(tiles):
        top, left = tile // COLUMNS * SIDE, tile % COLUMNS * SIDE
        pixels[top + tile % SIDE, left : left + SIDE] = 255
    image.imsave(file, pixels, cmap="gray", vmin=0, vmax=255)
    return {"columns": COLUMNS, "width": SIDE, "height": SIDE, "tiles": tiles}
