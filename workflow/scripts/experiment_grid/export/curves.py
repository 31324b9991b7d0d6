"""What trackers get of a run: numbers per epoch with their times, numbers per cell."""

import json
import math
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import pandas as pd

from experiment_grid.analysis.cell_results import CellResults
from experiment_grid.api.run import Run

NOT_MEASURED = ("cell", "seed", "epoch")


class Point(NamedTuple):
    """A number after an epoch of a seed; `time` is seconds since 1970, as far as the epochs' seconds show."""

    name: str
    value: float
    epoch: int
    time: float


def points(cell: CellResults, seed: int) -> Iterator[Point]:
    """All of a seed's curves. What is not a number is left out: a diverged loss, an epoch that was not tested."""
    rows = cell.curves[cell.curves["seed"] == seed]
    times = began(cell) + rows["seconds"].cumsum()
    for time, (_, row) in zip(times, rows.iterrows(), strict=True):
        for name, value in row.drop(list(NOT_MEASURED), errors="ignore").items():
            if math.isfinite(value):
                yield Point(str(name), float(value), int(row["epoch"]), float(time))


def began(cell: CellResults) -> float:
    """When the cell's training began, in seconds since 1970."""
    return datetime.fromisoformat(cell.run["started"]).timestamp()


def parameters(cell: CellResults) -> dict[str, str]:
    """The cell's parameters as flat text: `model._target_`, `model.hidden`, `learning_rate`."""
    return dict(_flat(cell.parameters, ""))


def _flat(values: dict[str, Any], before: str) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield before + name, value if isinstance(value, str) else json.dumps(value)


def compared(run: Run, cell: str) -> dict[str, float]:
    """The figures of the cell's row in comparison.csv; none where there is no such row."""
    path = run.folder / "comparison.csv"
    table = run.comparison if path.is_file() else pd.DataFrame({"cell": []})
    rows = table[table["cell"] == cell].select_dtypes("number")
    first = rows.columns.get_loc("train_loss") if len(rows) else 0  # before it are parameters
    figures = rows.iloc[:, first:].to_dict("records")
    return {name: float(value) for row in figures for name, value in row.items() if math.isfinite(value)}
