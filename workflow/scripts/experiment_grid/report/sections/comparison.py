"""The comparison table: a row per cell, the parameters that are the same everywhere in a line of their own."""

from dataclasses import dataclass
from typing import Any

from experiment_grid.config.labels import title
from experiment_grid.format import fixed, level, missing, percent, plural, seconds, setting, significant, whole
from experiment_grid.report.labels import epoch_words
from experiment_grid.report.results import Results, parameters, varying
from experiment_grid.report.sections.answer import ranked
from experiment_grid.report.sections.marks import Scale, accuracy_scale


@dataclass(frozen=True)
class Column:
    """A column of comparison.csv: its heading, explanation, and how a value is written.

    `unit` is what the filter takes a bare number in: percent, seconds, number, or text. An `extra` column is shown by
    choice; a `setting` is a parameter of the cells.
    """

    key: str
    title: str
    help: str
    write: Any
    unit: str = "number"
    extra: bool = True
    setting: bool = False

    @property
    def numeric(self) -> bool:
        return self.unit != "text"


def _four(value: float | None) -> str:
    return fixed(value, 4)


def _epoch(value: float | None) -> str:
    return whole(value) if not missing(value) and float(value).is_integer() else significant(value)


def _bare(value: float | None) -> str:
    return percent(value, unit=False)


MEASURES = (
    Column(
        "test_accuracy",
        "Test accuracy, %",
        "share of test images that are right, mean over seeds",
        _bare,
        "percent",
        False,
    ),
    Column("interval", "Interval", "of the test accuracy", None, "percent", False),
    Column("test_accuracy_sd", "SD", "standard deviation of the test accuracy between seeds, points", _bare, "percent"),
    Column("test_f1_macro", "Macro F1", "mean of the classes' F1 on the test images", _four),
    Column("test_loss", "Test loss", "in the cell's own loss function", significant),
    Column("validation_accuracy", "Validation accuracy, %", "on the training images held back", _bare, "percent"),
    Column("validation_loss", "Validation loss", "in the cell's own loss function", significant),
    Column(
        "train_accuracy",
        "Training accuracy, %",
        "running mean over the epoch, while the weights move",
        _bare,
        "percent",
    ),
    Column("train_loss", "Training loss", "running mean over the epoch, while the weights move", significant),
    Column("test_precision_macro", "Macro precision", "mean of the classes' precision", _four),
    Column("test_recall_macro", "Macro recall", "mean of the classes' recall", _four),
    Column(
        "last_test_accuracy",
        "Last epoch, %",
        "test accuracy at the last epoch, whatever the chosen one",
        _bare,
        "percent",
    ),
    Column("chosen_epoch", "Epoch", "the epoch that the figures are taken at, mean over the seeds", _epoch),
    Column("seeds", "Seeds", "how many runs the means are over", whole),
    Column("parameters", "Weights", "how many numbers the network learns", whole),
    Column("train_seconds", "Training time", "of one seed", seconds, "seconds", False),
    Column("seconds_per_epoch", "Per epoch", "time of one epoch's training", seconds, "seconds"),
)


def context(results: Results) -> dict[str, Any]:
    """Columns in which cells differ, those in which they do not, and the rows."""
    rows = results.comparison
    different = varying(rows)
    same_epoch = results.settings["epoch"] == "last"
    measures = [column for column in MEASURES if not (same_epoch and column.key == "last_test_accuracy")]
    # What a reader looks for first comes first, what the cells differ in beside it.
    columns = [*measures[:2], *(_parameter(name, rows) for name in different), *measures[2:]]
    single = all(row["seeds"] == 1 for row in rows)
    scale = accuracy_scale(rows)
    return {
        "columns": columns,
        "constant": [
            {
                "title": title(name) + (" (where a cell has it)" if any(row[name] is None for row in rows) else ""),
                "value": setting(next((row[name] for row in rows if row[name] is not None), None)),
            }
            for name in parameters(rows)
            if rows and name not in different
        ],
        "rows": [_row(rows[place], place, columns, results, scale) for place in ranked(results)],
        "epoch": epoch_words(results.settings["epoch"]),
        "interval": _interval_text(results, single),
        "diverged": _diverged(rows),
        "groups": [column for column in columns if column.setting],
        "findings": [
            one["text"] for one in results.findings["findings"] if one["kind"] in ("best", "chosen", "seeds", "failed")
        ],
    }


def _parameter(name: str, rows: list[dict[str, Any]]) -> Column:
    given = [row[name] for row in rows if row[name] is not None]
    numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in given)
    heading = title(name)
    unit = "number" if numeric else "text"
    return Column(name, heading[:1].upper() + heading[1:], f"parameter {name}", setting, unit, False, True)


def _row(row: dict[str, Any], index: int, columns: list[Column], results: Results, scale: Scale) -> dict[str, Any]:
    found = [finding for finding in results.findings["findings"] if finding["kind"] in ("best", "chosen")]
    marks = [finding["kind"] for finding in found if finding["cells"][0] == row["cell"]]
    marks += [mark for mark in ("final", "baseline") if results.settings[mark] == row["cell"]]
    return {
        "index": index,
        "name": row["cell"],
        "status": row["status"],
        "marks": marks,
        "mark": scale.mark(row["test_accuracy"], row["test_accuracy_low"], row["test_accuracy_high"]),
        "cells": [_value(row, column) for column in columns],
    }


def _value(row: dict[str, Any], column: Column) -> dict[str, Any]:
    if column.key == "interval":
        low, high = row["test_accuracy_low"], row["test_accuracy_high"]
        text = "–" if missing(low) else f"{percent(low, unit=False)} to {percent(high, unit=False)}"
        return {"text": text, "sort": None if missing(low) else high - low}
    value = row[column.key]
    text = column.write(value)
    # What a script sorts by is written only where the text would not do.
    sort = value if column.numeric and not missing(value) and text != str(value) else None
    return {"text": text, "sort": sort}


def _interval_text(results: Results, single: bool) -> str:
    confidence = level(results.settings["confidence"])
    if single:
        return (
            f"Single runs: the {confidence} interval is Wilson’s, of the test images alone, and says "
            "nothing about other seeds."
        )
    some = any(row["interval"] == "wilson" for row in results.comparison)
    other = " For a cell with one seed it is Wilson’s interval, from the test images alone." if some else ""
    return f"The {confidence} interval is that of the mean over seeds (Student’s t).{other}"


def _diverged(rows: list[dict[str, Any]]) -> str:
    diverged = [row["cell"] for row in rows if row["status"] == "diverged"]
    failed = [row["cell"] for row in rows if row["status"] == "failed"]
    parts = []
    if diverged:
        parts.append(
            f"{plural(len(diverged), 'cell')} diverged: a loss stopped being a number; means are over "
            "the seeds that did not."
        )
    if failed:
        parts.append(f"{plural(len(failed), 'cell')} without results: failed, or not run.")
    return " ".join(parts)
