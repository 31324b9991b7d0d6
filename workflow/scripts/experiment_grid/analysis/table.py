"""The table with a row per cell, comparison.csv."""

from typing import Any

import pandas as pd

from experiment_grid.analysis.cells import Cell
from experiment_grid.analysis.intervals import mean_over_seeds, wilson
from experiment_grid.config.parameters import NAMES

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
SHOWN_PARAMETERS = [name for name in NAMES if name not in ("seeds", "device")]  # these are told as they turned out
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
    table = pd.DataFrame([_facts(cell) for cell in cells]).set_index("cell", drop=False)
    timed = seeds.groupby("cell")[["train_seconds", "seconds_per_epoch"]].mean()
    good = seeds[seeds["status"] == "ok"].groupby("cell")
    for column, source in MEANS.items():
        table[column] = timed[source] if source in timed else good[source].mean()
    table["seeds_ok"] = good.size().reindex(table.index, fill_value=0)
    table["test_accuracy_sd"], table["validation_accuracy_sd"] = (
        good["accuracy"].std(),
        good["validation_accuracy"].std(),
    )
    table["images_per_second"] = table.pop("training_images") / table["seconds_per_epoch"]
    intervals = {name: _accuracy_interval(group, confidence) for name, group in good}
    for place, column in enumerate(("interval", "test_accuracy_low", "test_accuracy_high")):
        table[column] = pd.Series({name: interval[place] for name, interval in intervals.items()}, dtype=object)
    table = table.astype({"test_accuracy_low": float, "test_accuracy_high": float})
    return table[COLUMNS].reset_index(drop=True).astype({"parameters": "Int64", "representative_seed": "Int64"})


def _facts(cell: Cell) -> dict[str, Any]:
    """What is known of a cell without its seeds' figures."""
    row = {"cell": cell.name} | {name: spelled(name, cell.parameters[name]) for name in SHOWN_PARAMETERS}
    row |= {"seeds": len(cell.parameters["seeds"]), "status": cell.status}
    if cell.run is None:
        return row | dict.fromkeys(["parameters", "device", "representative_seed", "training_images"])
    return row | {
        "parameters": cell.run["parameters_count"],
        "device": cell.device,
        "representative_seed": cell.seeds[cell.representative],
        "training_images": cell.run["training_images"],
    }


def _accuracy_interval(seeds: pd.DataFrame, confidence: float) -> tuple[str, float, float]:
    if len(seeds) > 1:
        estimate = mean_over_seeds(seeds["accuracy"].to_numpy(), confidence)
        return "seeds", max(estimate.low, 0.0), min(estimate.high, 1.0)
    return "wilson", *wilson(seeds["n_correct"].iloc[0], seeds["n_test"].iloc[0], confidence)
