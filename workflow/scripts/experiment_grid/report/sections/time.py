"""Time: per epoch and per part, images per second, accuracy against time, and the original's minutes beside ours."""

from typing import Any

from experiment_grid.report.drawings import Drawings
from experiment_grid.report.format import missing, ratio, seconds, whole
from experiment_grid.report.labels import plural
from experiment_grid.report.results import Results
from experiment_grid.report.sections.head import device_name

PARTS = ("import", "read", "train", "validate", "save", "total")
DEVICES = ("cpu", "cuda")


def context(results: Results, drawings: Drawings) -> dict[str, Any]:
    """Times as compare and the records have them."""
    minutes = {}
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
    text += ". " + _both(results.cells)
    return {
        "text": text,
        "figure": drawings.time(),
        "parts": ["All seeds: " + part if part == "total" else part for part in parts],
        "original": bool(minutes),
        "rows": [
            {"index": index, "name": cell["cell"], "cells": _cells(row, cell, parts, minutes)}
            for index, (row, cell) in enumerate(zip(results.comparison, results.cells, strict=True))
        ],
        "note": (
            "Training is the time in which the weights moved, read from a monotonic clock, on a GPU "
            "after waiting for it; importing, reading, validating and saving "
            "are told apart. The original told minutes on a GPU that it did not name: the ratio says "
            "how much faster this is, not which hardware is better."
            if minutes
            else (
                "Training is the time in which the weights moved, read from a monotonic clock, on a "
                "GPU after waiting for it; importing, reading, validating and saving are told apart."
            )
        ),
    }


def _cells(row: dict[str, Any], cell: dict[str, Any], parts: list[str], minutes: dict[str, dict]) -> list[str]:
    known = cell["status"] != "failed"
    by_part = (cell.get("seconds") or {}) if known else {}
    values = [
        device_name(cell["device"]) if known else "–",
        seconds(row["train_seconds"]),
        seconds(row["seconds_per_epoch"]),
        whole(row["images_per_second"]),
        *(seconds(by_part.get(part)) for part in parts),
    ]
    if minutes:
        theirs = minutes.get(row["cell"])
        values += [f"{theirs['original']:g} min" if theirs else "", ratio(theirs["ratio"]) if theirs else ""]
    return values


def _both(cells: list[dict[str, Any]]) -> str:
    """Whether CPU and GPU can be compared here."""
    kinds = {cell["device"]["type"] for cell in cells if isinstance(cell.get("device"), dict)}
    if len(kinds & set(DEVICES)) == 2:
        return (
            "CPU and GPU both ran: the table names each cell’s device, and the factor device "
            "compares cells that differ in nothing else."
        )
    return "Only one kind of device ran, so these runs say nothing about CPU against GPU."
