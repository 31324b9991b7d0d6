"""A search for settings that give the original's figures: what config/fit.yaml holds, and what came out."""

import csv
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from experiment_grid.config.cell_keys import Grid
from experiment_grid.config.key_types import Closed
from experiment_grid.config.problems import relative
from experiment_grid.runtime.errors import UserError

FIGURES = ("seeds", "train_loss", "train_correct", "test_correct", "fits", "of", "misfit")  # the rest is what was tried
SHOWN = 3  # of a row's settings that fit; of those that do not, the nearest


class Fit(Closed):
    """What is tried, as config/fit.yaml explains it."""

    grid: Annotated[Grid, Field(description="Values by parameter or option, as in a cell.")]
    seeds: Annotated[list[int], Field(min_length=2, description="Trainings of each combination.")]
    epochs: Annotated[int, Field(ge=1, description="Every epoch up to this one.")]


def summary(path: Path | str) -> dict[str, Any]:
    """How many settings were tried, with which values, and of each row how many fit and which are the nearest.

    Raises UserError where the file is not such a table.
    """
    path = Path(path)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.DictReader(file))
        axes = [key for key in lines[0] if key not in ("row", *FIGURES)]
        values = {axis: list(dict.fromkeys(line[axis] for line in lines)) for axis in axes}
        rows = [_row(name, [line for line in lines if line["row"] == name], axes) for name in _distinct(lines)]
    except OSError as error:
        raise UserError(f"{relative(path)}: can't be read: {error.strerror}") from None
    except (IndexError, KeyError, TypeError, ValueError, csv.Error):
        raise UserError(f"{relative(path)}: is not a table of a search; make it again, or leave `search` out") from None
    return {"tried": len(lines), "values": values, "rows": rows}


def _distinct(lines: list[dict[str, str]]) -> list[str]:
    return list(dict.fromkeys(line["row"] for line in lines))


def _row(name: str, lines: list[dict[str, str]], axes: list[str]) -> dict[str, Any]:
    known = sorted(lines, key=lambda line: (line["fits"] != line["of"], float(line["misfit"])))
    fitting = sum(line["fits"] == line["of"] for line in lines)
    nearest = [
        {axis: line[axis] for axis in axes} | {"fits": int(line["fits"]), "of": int(line["of"])}
        for line in known[: min(fitting, SHOWN) or 1]
    ]
    return {"row": name, "tried": len(lines), "fitting": fitting, "nearest": nearest}
