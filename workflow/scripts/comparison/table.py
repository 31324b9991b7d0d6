"""The table with a row per cell, comparison.csv."""

from typing import Any

import numpy as np
import pandas as pd

from comparison.cells import Cell
from comparison.intervals import mean_over_seeds, wilson

# Means over seeds, in the table's order: column → column of seeds.csv.
MEANS = {
    "train_loss": "train_loss",
    "train_accuracy": "train_accuracy",
    "validation_loss": "validation_loss",
    "validation_accuracy": "validation_accuracy",
    "test_loss": "test_loss",
    "test_accuracy": "accuracy",
    "test_precision_macro": "precision_macro",
    "test_recall_macro": "recall_macro",
    "test_f1_macro": "f1_macro",
    "chosen_epoch": "chosen_epoch",
    "train_seconds": "train_seconds",
    "seconds_per_epoch": "seconds_per_epoch",
    "last_test_loss": "last_test_loss",
    "last_test_accuracy": "last_accuracy",
    "last_test_f1_macro": "last_f1_macro",
}
SHOWN_PARAMETERS = [
    "hidden",
    "activation",
    "loss",
    "optimizer",
    "learning_rate",
    "momentum",
    "weight_decay",
    "batch_size",
    "epochs",
    "normalize",
    "train_fraction",
]
COLUMNS = [
    "cell",
    *SHOWN_PARAMETERS,
    "seeds",
    "parameters",
    "device",
    "status",
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
    "test_loss",
    "test_accuracy",
    "test_accuracy_low",
    "test_accuracy_high",
    "test_precision_macro",
    "test_recall_macro",
    "test_f1_macro",
    "chosen_epoch",
    "train_seconds",
    "seconds_per_epoch",
    "interval",
    "seeds_ok",
    "representative_seed",
    "test_accuracy_sd",
    "validation_accuracy_sd",
    "last_test_loss",
    "last_test_accuracy",
    "last_test_f1_macro",
    "images_per_second",
]


def spelled(parameter: str, value: Any) -> Any:
    """A parameter's value as tables show it: hidden layers as 256-128-64 (none: `-`), booleans as true and false."""
    if parameter == "hidden":
        return "-".join(map(str, value)) or "-"
    if isinstance(value, bool):
        return str(value).lower()
    return value


def comparison_table(cells: list[Cell], seeds: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """A row per cell, in the order of the config: means over the seeds that did not diverge."""
    by_cell = dict(list(seeds.groupby("cell")))
    table = pd.DataFrame([_row(cell, by_cell.get(cell.name), confidence) for cell in cells], columns=COLUMNS)
    return table.astype({"parameters": "Int64", "representative_seed": "Int64"})


def _row(cell: Cell, seeds: pd.DataFrame | None, confidence: float) -> dict[str, Any]:
    row = {"cell": cell.name} | {name: spelled(name, cell.parameters[name]) for name in SHOWN_PARAMETERS}
    row |= {"seeds": len(cell.parameters["seeds"]), "status": cell.status, "seeds_ok": 0}
    if seeds is None:
        return row
    row |= {"parameters": cell.run["parameters_count"], "device": cell.device}
    row |= {"representative_seed": cell.seeds[cell.representative]}
    seconds = seeds["seconds_per_epoch"].mean()
    row |= {"train_seconds": seeds["train_seconds"].mean(), "seconds_per_epoch": seconds}
    row["images_per_second"] = cell.run["training_images"] / seconds if seconds > 0 else np.nan
    seeds = seeds[seeds["status"] == "ok"]
    if len(seeds):
        row |= {column: seeds[source].mean() for column, source in MEANS.items()}
        row |= {"seeds_ok": len(seeds)} | _accuracy_interval(seeds, confidence)
    return row


def _accuracy_interval(seeds: pd.DataFrame, confidence: float) -> dict[str, Any]:
    interval = {
        "test_accuracy_sd": seeds["accuracy"].std(),
        "validation_accuracy_sd": seeds["validation_accuracy"].std(),
    }
    if len(seeds) > 1:
        estimate = mean_over_seeds(seeds["accuracy"], confidence)
        low, high = max(estimate.low, 0.0), min(estimate.high, 1.0)
        return interval | {"interval": "seeds", "test_accuracy_low": low, "test_accuracy_high": high}
    low, high = wilson(seeds["n_correct"].iloc[0], seeds["n_test"].iloc[0], confidence)
    return interval | {"interval": "wilson", "test_accuracy_low": low, "test_accuracy_high": high}
