"""The input of the page: everything that compare and errors wrote, read once. docs/files.md says what
each file holds."""

import base64
import json
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from experiment_grid.csv_tables import read_table
from experiment_grid.format import missing

METRICS = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "test_loss", "test_accuracy")
TEST = METRICS[4:]
MANY = 200  # cells; above, overviews show means over grey context and cell blocks hold less


@dataclass(frozen=True)
class Epochs:
    """One cell's epochs: seconds of training up to each, and per measure the mean, least and greatest seed.

    Over the `seeds` that trained that long: one may stop earlier than another. Without the weights of all epochs there
    are no test figures.
    """

    epoch: np.ndarray
    seeds: np.ndarray
    elapsed: np.ndarray
    seconds: np.ndarray
    mean: dict[str, np.ndarray]
    low: dict[str, np.ndarray]
    high: dict[str, np.ndarray]


@dataclass(frozen=True)
class Results:
    """The files of one finished comparison; rows of a CSV are dictionaries, missing values None."""

    folder: Path
    settings: dict[str, Any]
    run: dict[str, Any]
    comparison: list[dict[str, Any]]
    effects: list[dict[str, Any]]
    reference: list[dict[str, Any]]
    seeds: list[dict[str, Any]]
    curves: pd.DataFrame
    classes: pd.DataFrame
    findings: dict[str, Any]
    claims: list[dict[str, Any]]
    original: list[dict[str, Any]]
    not_stated: dict[str, str]
    search: dict[str, Any] | None
    cells: list[dict[str, Any]]
    predictions: dict[str, np.ndarray]
    confusion: dict[str, np.ndarray]

    @cached_property
    def names(self) -> list[str]:
        """The cells in the config's order."""
        return [cell["cell"] for cell in self.cells]

    @cached_property
    def index(self) -> dict[str, int]:
        """Cell name → place in the config's order, which is what `data-cell` holds."""
        return {name: index for index, name in enumerate(self.names)}

    @cached_property
    def epochs(self) -> dict[str, Epochs]:
        """Cell → its epochs. A seed that diverged counts as long as it was a number."""
        groups = self.curves.groupby(["cell", "epoch"], sort=False)
        sizes = groups.size()
        index = sizes.index
        times = groups[["elapsed_seconds", "seconds"]].mean().to_numpy()
        kinds = [getattr(groups[[*METRICS]], kind)().to_numpy() for kind in ("mean", "min", "max")]
        epoch = index.get_level_values("epoch").to_numpy()
        incomplete = {*self.curves["cell"][self.curves["test_accuracy"].isna()]}
        made = {}
        for name, rows in pd.Series(0, index.get_level_values("cell")).groupby(level=0).indices.items():
            measures = [dict(zip(METRICS, kind[rows].T, strict=True)) for kind in kinds]
            if name in incomplete:
                measures = [measure | {key: np.full(len(rows), np.nan) for key in TEST} for measure in measures]
            made[name] = Epochs(epoch[rows], sizes.to_numpy()[rows], *times[rows].T, *measures)
        return made

    @cached_property
    def trained(self) -> pd.DataFrame:
        """The rows of curves.csv, each epoch once: what a cell found again has the times of the training to the bit."""
        return self.curves.drop_duplicates(["seed", "epoch", "train_loss", "validation_loss", "seconds"])

    @cached_property
    def errors(self) -> dict[str, Any]:
        """What errors wrote; figures does without."""
        return _json(self.folder / "errors" / "errors.json")

    @cached_property
    def model(self) -> list[dict[str, Any]]:
        """The rows of model.csv; figures does without."""
        return _rows(self.folder / "comparison" / "model.csv")

    @cached_property
    def timing(self) -> list[dict[str, Any]]:
        """The rows of timing.csv; figures does without."""
        return _rows(self.folder / "timing.csv")

    @cached_property
    def timing_record(self) -> dict[str, Any]:
        """How the timing stage measured."""
        return _json(self.folder / "timing" / "timing.json")

    @cached_property
    def normalization_pair(self) -> dict[str, Any] | None:
        """The row of effects.csv for normalization, the first by the config's order; as without → with."""
        pairs = [row for row in self.effects if row["factor"] == "normalize" and row["difference"] is not None]
        if not pairs:
            return None
        pair = min(pairs, key=lambda row: min(self.index[row["from"]], self.index[row["to"]]))
        if str(pair["from_value"]).lower() != "true":
            return pair
        turned = pair | {"from": pair["to"], "to": pair["from"], "difference": -pair["difference"]}
        if not missing(pair["low"]):
            turned |= {"low": -pair["high"], "high": -pair["low"]}
        return turned

    @property
    def many(self) -> bool:
        return len(self.names) > MANY

    @property
    def baseline(self) -> int | None:
        return self.index.get(self.settings["baseline"])

    @property
    def final(self) -> int | None:
        return self.index.get(self.settings["final"])

    def text(self, file: str) -> str:
        """A text file of the results, for the page's downloads."""
        return (self.folder / file).read_text("utf-8")

    def image(self, file: str) -> tuple[str, tuple[int, int]]:
        """An image of the results as a data address, as WebP without loss (smaller than PNG); its width and height."""
        with Image.open(self.folder / file) as image:
            packed = BytesIO()
            image.convert("RGB").save(packed, "webp", lossless=True, quality=80, method=4)
            return "data:image/webp;base64," + base64.b64encode(packed.getvalue()).decode("ascii"), image.size


def read(folder: Path, plan: dict[str, Any]) -> Results:
    """Read the results in `folder` for the report or the figures that `plan` describes."""
    side_by_side = folder / "comparison"
    return Results(
        folder=folder,
        settings=plan["recipe"]["settings"],
        run=plan.get("run") or {},
        comparison=_rows(folder / "comparison.csv"),
        effects=_rows(folder / "effects.csv"),
        reference=_rows(folder / "reference.csv"),
        seeds=_rows(side_by_side / "seeds.csv"),
        curves=read_table(side_by_side / "curves.csv"),
        classes=read_table(side_by_side / "classes.csv"),
        findings=_json(side_by_side / "findings.json"),
        claims=_json(side_by_side / "claims.json")["claims"],
        original=_json(side_by_side / "reference.json")["rows"],
        not_stated=_json(side_by_side / "reference.json")["not_stated"],
        search=_json(side_by_side / "reference.json")["search"],
        cells=_json(side_by_side / "cells.json")["cells"],
        predictions=_arrays(side_by_side / "predictions.npz"),
        confusion={
            name.removeprefix("counts/"): counts for name, counts in _arrays(side_by_side / "confusion.npz").items()
        },
    )


def varying(rows: list[dict[str, Any]]) -> list[str]:
    """The parameters in which cells differ."""
    return [name for name in parameters(rows) if len({str(row[name]) for row in rows if row[name] is not None}) > 1]


def parameters(rows: list[dict[str, Any]]) -> list[str]:
    """The columns of comparison.csv that are parameters: those before the number of seeds, and the device."""
    names = list(rows[0]) if rows else []
    return [*names[1 : names.index("seeds")], "device"] if rows else []


def _json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return content


def _rows(path: Path) -> list[dict[str, Any]]:
    table = read_table(path)
    rows: list[dict[str, Any]] = table.astype(object).where(table.notna(), None).to_dict("records")
    return rows


def _arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
