"""Time: of a step, measured alone; of whole trainings, by part; accuracy against time; the original's minutes."""

from typing import Any

from experiment_grid.column_values import DEVICES, LOADER, LOADER_NORMALIZED, TRAINER
from experiment_grid.format import MISSING, THIN, milliseconds, missing, plural, ratio, seconds, whole
from experiment_grid.format import minutes as in_minutes
from experiment_grid.report.drawings import Drawings
from experiment_grid.report.labels import device_name
from experiment_grid.report.results import Results
from experiment_grid.report.sections.provenance import found_again

PARTS = ("import", "read", "train", "validate", "save", "total")
ORIGINAL = (
    " The original does not name its GPU. A ratio below 1 means that training was faster here; it does not say which "
    "hardware is better."
)
WAYS = {
    TRAINER: "this trainer",
    LOADER: "DataLoader, ToTensor",
    LOADER_NORMALIZED: "DataLoader, ToTensor, Normalize",
}


def context(results: Results, drawings: Drawings) -> dict[str, Any]:
    """Times as compare and the records have them."""
    minutes: dict[str, dict[str, Any]] = {}
    for row in results.reference:
        if row["figure"] == "minutes" and not missing(row["original"]):
            minutes.setdefault(row["cell"], row)
    known = [cell for cell in results.cells if cell["status"] != "failed"]
    parts = [part for part in PARTS if any(part in (cell.get("seconds") or {}) for cell in known)]
    devices = dict.fromkeys(device_name(cell["device"]) for cell in known)
    machines = dict.fromkeys(cell["machine"]["cpu"] for cell in known)
    text = f"Trained on {', '.join(devices) or 'nothing yet'}"
    if len(machines) > 1:
        text += (
            f", on {plural(len(machines), 'processor')}: {'; '.join(machines)}. Times compare only within one machine"
        )
    text += "."
    return {
        "text": text,
        "steps": _steps(results),
        "how": _how(results),
        "figure": drawings.time(),
        "findings": [one["text"] for one in results.findings["findings"] if one["kind"] == "time"],
        "several_devices": len(devices) > 1,
        "parts": ["All seeds: " + part if part == "total" else part for part in parts],
        "original": bool(minutes),
        "rows": [
            {
                "index": index,
                "name": cell["cell"],
                "found": found_again(cell),
                "device": device_name(cell["device"]) if cell["status"] != "failed" else "–",
                "cells": _cells(row, cell, parts, minutes),
            }
            for index, (row, cell) in enumerate(zip(results.comparison, results.cells, strict=True))
        ],
        "note": (
            "Training is the time of the training steps alone; on a GPU the clock waits until it has finished. "
            f"Importing, reading, validating and saving are counted apart.{ORIGINAL if minutes else ''}"
        ),
    }


def _cells(
    row: dict[str, Any], cell: dict[str, Any], parts: list[str], minutes: dict[str, dict[str, Any]]
) -> list[str]:
    known = cell["status"] != "failed"
    by_part = (cell.get("seconds") or {}) if known else {}
    values = [
        seconds(row["train_seconds"]),
        seconds(row["seconds_per_epoch"]),
        whole(row["images_per_second"]),
        f"{cell['peak_memory'] / 1e6:,.0f}{THIN}MB" if known else MISSING,
        *(seconds(by_part.get(part)) for part in parts),
    ]
    if minutes:
        theirs = minutes.get(row["cell"])
        values += [in_minutes(60 * theirs["original"]) if theirs else "", ratio(theirs["ratio"]) if theirs else ""]
    return values


def _steps(results: Results) -> list[dict[str, Any]]:
    """The rows of timing.csv; of a cell that shares another's measurement, whose."""
    return [
        {
            "name": row["cell"],
            "cells": [
                DEVICES[row["device"]],
                WAYS[row["way"]],
                milliseconds(row["step_seconds"]),
                f"{milliseconds(row['low'])} to {milliseconds(row['high'])}" if not missing(row["low"]) else "–",
                whole(row["images_per_second"]),
                whole(row["steps"]),
                whole(row["rounds"]),
                row["measured_as"] if row["measured_as"] != row["cell"] else "",
            ],
        }
        for row in results.timing
    ]


def _how(results: Results) -> str:
    """How the steps were measured."""
    record, rows = results.timing_record, results.timing
    steps = sorted({row["steps"] for row in rows})
    devices = " and ".join(device_name(device) for device in record["devices"])
    each = f"{steps[0]} steps" if len(steps) == 1 else f"{steps[0]} to {steps[-1]} steps"
    text = (
        f"Measured after all training, with nothing else of this run on the machine ({devices}), in "
        f"{record['seconds']:.1f} s: {each} of each cell, in interleaved rounds, a new model each time. Cells that "
        "differ only in seeds, epochs or split share one measurement. A step is one batch: "
        "fetching its images, forward, backward and the update of the weights, without recording and checking the "
        "step, which happens a few times in a training. Intervals are 95 %, over the rounds."
    )
    if not record["recorded"]:
        text += " With so many cells there was no time to record steps: these are ordinary steps, which take longer."
    if len(record["devices"]) == 1:
        text += " CPU and GPU are not compared: there was no GPU."
    if not any(row["way"] != TRAINER for row in rows):
        text += " The usual loop with torchvision’s DataLoader: not measured, torchvision has no such data set."
    return text
