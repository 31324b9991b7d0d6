"""cells.json: what is reported for each cell, including the original report's result block."""

import hashlib
import json
from typing import Any

import numpy as np
import pandas as pd

from experiment_grid.analysis.audit import at_settings
from experiment_grid.analysis.cell_results import CellResults
from experiment_grid.analysis.expectations import total_train_loss


def cell_blocks(
    cells: list[CellResults], seeds: pd.DataFrame, reference: dict[str, Any] | None
) -> list[dict[str, Any]]:
    """`cells` of cells.json, in the config's order."""
    representatives = {row["cell"]: row for row in seeds[seeds["representative"]].to_dict("records")}
    rows = reference["rows"] if reference else []
    return [_block(cell, representatives.get(cell.name), rows) for cell in cells]


def _block(cell: CellResults, seed: dict[str, Any] | None, rows: list[dict[str, Any]]) -> dict[str, Any]:
    stated = [row for row in rows if row["cell"] == cell.name and at_settings(cell, row["stated"])]
    original = [{"row": row["row"], "title": row["heading"], "figures": row["figures"]} for row in stated]
    block = {"cell": cell.name, "status": cell.status, "parameters": cell.parameters, "original": original}
    if seed is None:
        return block
    run = cell.run
    return block | {
        **{key: run[key] for key in ("parameters_count", "device", "training_images", "validation_images", "seconds")},
        **{key: run[key] for key in ("why", "started", "finished", "versions", "machine", "peak_memory")},
        "found": run.get("found", {}),
        "fingerprint": _short(run["recipe"]["code"]),
        "test_images": cell.evaluation["test_images"],
        "classes": cell.evaluation["classes"],
        "seeds": cell.seeds,
        "representative_seed": seed["seed"],
        "chosen_epoch": seed["chosen_epoch"],
        "last_epoch": seed["last_epoch"],
        "train_seconds": float(np.mean([item["train_seconds"] for item in run["seeds"].values()])),
        "block": _result(cell, seed),
    }


def _result(cell: CellResults, seed: dict[str, Any]) -> dict[str, Any]:
    """The original's result block, of the representative model."""
    images = cell.run["training_images"]
    lost = np.isnan(seed["train_accuracy"])
    scores = ("precision_macro", "recall_macro", "f1_macro", "f1_weighted")
    return {
        "train_loss": seed["train_loss"],
        "total_train_loss": total_train_loss(seed["train_loss"], cell.parameters["batch_size"], images),
        "train_correct": None if lost else round(seed["train_accuracy"] * images),
        "train_images": images,
        "train_accuracy": seed["train_accuracy"],
        "train_seconds": seed["train_seconds"],
        "test_correct": seed["n_correct"],
        "test_images": seed["n_test"],
        "test_accuracy": seed["accuracy"],
        "test_loss": seed["test_loss"],
        **{score: seed[score] for score in scores},
    }


def _short(code: dict[str, str]) -> str:
    """One checksum for the fingerprints of all modules that trained the cell."""
    return hashlib.sha256(json.dumps(code, sort_keys=True).encode()).hexdigest()[:12]
