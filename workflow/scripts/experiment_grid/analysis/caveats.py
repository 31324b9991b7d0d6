"""The limits of what the findings say, in sentences."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from experiment_grid.analysis.cell_results import CellResults
from experiment_grid.analysis.effects import Effects
from experiment_grid.format import level, plural


def caveats(settings: dict[str, Any], table: pd.DataFrame, effects: Effects) -> list[str]:
    """How the figures were chosen, and what their tests and times cannot say."""
    chosen = "the last one" if settings["epoch"] == "last" else "the first with the highest validation accuracy"
    fitted = bool(settings["reference"] and settings["reference"].get("not_stated"))
    but = ", except where a cell's settings were fitted to the original's figures" if fitted else ""
    found = [f"The epoch of every figure is {chosen}; test images choose no epoch and no seed{but}."]
    if fitted:
        found.append(
            "Settings that the original report does not state, and those of cells that reproduce its rows, their "
            "epochs included, were found by trying which give its figures, test accuracy among them: agreement with "
            "these figures was fitted."
        )
    confidence = level(settings["confidence"])
    found += [
        "A difference is significant, or decided, where it is after Holm's correction for "
        f"{plural(effects.tests, 'comparison')}, those of effects and of conclusions together. Where no cell differs "
        f"from another, at least {confidence} of such pages show no significant difference; with three seeds and one "
        "very variable cell it may be a little less. Intervals of differences are simultaneous. McNemar's tests under "
        "Two cells are a family of their own.",
        "The uncertainty of a difference covers seeds and test images. A cell's variance over seeds is taken to be at "
        "least the average. McNemar's test compares two trained models only.",
        "Training times were taken while other jobs ran; they are descriptive only. Time of all steps is the time of "
        "one step, measured alone, times the number of steps; conclusions on time are decided by it.",
    ]
    floors = effects.table["seeds_p_floor"].dropna()
    if len(floors) and floors.max() > 1 - settings["confidence"]:
        n = int(effects.table.loc[floors.index, "seeds"].min())
        found.append(
            f"With {n} seeds the least p value of a sign-flip test is {floors.max():g}: it cannot decide anything at "
            f"{confidence}; the intervals assume normally distributed seed effects instead."
        )
    if (table["interval"] == "wilson").any():
        found.append("Cells with one seed are single runs: their intervals cover the chance of the test images only.")
    return found


def no_better_than_chance(cells: list[CellResults]) -> list[str]:
    """Cells that get no more test images right than the commonest class alone would: for example after a training
    that diverged while its loss stayed finite."""
    return [
        cell.name
        for cell in cells
        if cell.comparable and cell.correct[cell.ok].mean() <= np.bincount(cell.labels).max() / len(cell.labels)
    ]


def crowded(cells: list[CellResults]) -> Iterator[str]:
    """A caveat for every machine that trained more cells at once than it has cores."""
    hosts: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for run in (cell.run for cell in cells if cell.run):
        hosts.setdefault((run["machine"]["host"], run["machine"]["cores"]), []).append(run)
    for (_, cores), runs in hosts.items():
        times = [(datetime.fromisoformat(run["started"]), datetime.fromisoformat(run["finished"])) for run in runs]
        most = max(sum(start <= moment < end for start, end in times) for moment, _ in times)
        if most > cores:
            yield (f"Up to {most} trainings at once on {plural(cores, 'core')}: times include waiting for each other.")
