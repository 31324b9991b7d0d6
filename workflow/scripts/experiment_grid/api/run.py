"""A finished run in Python: its tables, predictions and models. `import experiment_grid as eg` leads here."""

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from experiment_grid.analysis.cell_results import CellResults, read_cells
from experiment_grid.api.caller_warnings import warn
from experiment_grid.csv_tables import read_table
from experiment_grid.data import prepared
from experiment_grid.planning import earlier_records
from experiment_grid.runtime.errors import UserError
from experiment_grid.runtime.records import trained_with

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

    from experiment_grid.api.classifier import Classifier

GOES_ON = "continue with make run (with the CONFIG of your run)"
Epoch = int | Literal["chosen", "last"]


def load(results: str | Path = "results") -> "Run":
    """The run in a folder of results. Raises UserError where there is none."""
    return Run(results)


def predict(
    images: "np.ndarray | Tensor | Image",
    results: str | Path = "results",
    cell: str | None = None,
    seed: int | None = None,
    epoch: Epoch = "chosen",
) -> pd.DataFrame:
    """What a model of the run in `results` says of images: see `Run.predict`."""
    return load(results).predict(images, cell, seed, epoch)


class Run:
    """The run in the folder `results`.

    Where a method takes a cell, `seed` is by default the representative one: of the median validation accuracy. `epoch`
    is "chosen" (as by the config's key `epoch`), "last", or a number from 1. What does not exist raises UserError, with
    a list of what does. A seed whose training diverged warns.
    """

    def __init__(self, results: str | Path = "results"):
        self.folder = Path(results).resolve()
        trained = sorted(path.parent.name for path in self.folder.glob("cells/*/run.json"))
        if not trained:
            raise UserError(
                f"{results}: holds no run with a trained cell; expected a results folder, as make run leaves it"
            )
        table = self.folder / "comparison.csv"
        compared = read_table(table)["cell"].tolist() if table.is_file() else []
        self.cells: list[str] = [cell for cell in compared if cell in trained]
        """Names of the cells that have results: in the config's order, then those that the page does not have."""
        self.cells += [cell for cell in trained if cell not in compared]
        self._read: dict[str, CellResults] = {}

    def __repr__(self) -> str:
        return f"<Run {self.folder}: {len(self.cells)} cells>"

    @cached_property
    def history(self) -> pd.DataFrame:
        """A row per cell, seed and epoch: the columns of history.csv, then those of evaluation.csv."""
        table = pd.concat({cell: self.cell(cell).curves for cell in self.cells}, names=["cell"])
        return table.reset_index("cell").reset_index(drop=True)

    @cached_property
    def comparison(self) -> pd.DataFrame:
        """comparison.csv: a row per cell, with parameters, losses, accuracies, times."""
        return self._table("comparison.csv")

    @cached_property
    def effects(self) -> pd.DataFrame:
        """effects.csv: a row per pair of cells that differ in one thing."""
        return self._table("effects.csv")

    @cached_property
    def timing(self) -> pd.DataFrame:
        """timing.csv: a row per cell and device, with seconds per training step."""
        return self._table("timing.csv")

    @cached_property
    def classes(self) -> list[str]:
        """Names of the classes, by label."""
        names: list[str] = self.cell(self.cells[0]).evaluation["classes"]
        return names

    @cached_property
    def final(self) -> str:
        """The name of the config's final cell, whose errors the page shows; before there is a page, as planned."""
        record, plan = (earlier_records.read(self.folder / place / "errors.json") for place in ("errors", "plan"))
        if record and isinstance(record.get("cell"), str):
            return str(record["cell"])
        try:
            return str((plan or {})["recipe"]["settings"]["final"])
        except (KeyError, TypeError):
            raise UserError(
                f"{self.folder}: has no errors/errors.json or plan/errors.json, which name the final cell: the run has "
                f"not come to its final cell; {GOES_ON}, or name a cell: {', '.join(self.cells)}"
            ) from None

    def images(self, part: Literal["train", "test"] = "test") -> tuple[np.ndarray, np.ndarray]:
        """Images uint8 [N, C, H, W] and labels uint8 [N] of a part of the data set, as they were prepared."""
        parts = {"train": prepared.training_images, "test": prepared.test_images}
        if part not in parts:
            raise UserError(f"part: given {part!r}; allowed: train, test")
        return parts[part](self.prepared(self.cells[0]))

    def cell(self, name: str) -> CellResults:
        """All of a cell's results."""
        if name not in self.cells:
            raise UserError(f"{self.folder}: has no trained cell {name!r}; there are {', '.join(self.cells)}")
        if name not in self._read:
            folder = self.folder / "cells" / name
            if not (folder / "evaluation.json").is_file():
                raise UserError(f"{folder}: the cell is trained and not yet evaluated; {GOES_ON}")
            run = json.loads((folder / "run.json").read_text("utf-8"))
            (self._read[name],) = read_cells({name: folder}, [{"name": name, "parameters": trained_with(run)}])
        return self._read[name]

    def predictions(self, cell: str, seed: int | None = None) -> pd.DataFrame:
        """What the chosen epoch says of the test images, a row each: label, predicted (class indices), correct, and
        probability, of the predicted class."""
        values = self.log_probabilities(cell, seed)
        labels, predicted = self.cell(cell).labels.astype(int), values.argmax(axis=1)
        columns = {"label": labels, "predicted": predicted, "correct": predicted == labels}
        return pd.DataFrame(columns | {"probability": np.exp(values.max(axis=1))}).rename_axis("image")

    def log_probabilities(self, cell: str, seed: int | None = None) -> np.ndarray:
        """Logarithms of the classes' probabilities, float32 [M, K], for the M test images at the chosen epoch."""
        found, turn = self._seed(cell, seed)
        with np.load(self.folder / "cells" / found.name / "predictions.npz") as file:
            values: np.ndarray = file["log_probabilities"][turn]
        return values

    def model(self, cell: str, seed: int | None = None, epoch: Epoch = "chosen") -> "Classifier":
        """The trained model as an nn.Module in eval mode that takes images as they are: uint8 [N, C, H, W], [H, W], …

        Code of the user's own is imported from the project around the results folder, or from the working directory. If
        it has changed since the training, a warning says so, as where the training diverged.
        """
        from experiment_grid.api.classifier import saved  # late: imports torch

        found, turn = self._seed(cell, seed)
        files = self.prepared(cell), self.checkpoints(cell)
        return saved(found, self.folder, *files, found.seeds[turn], self._epoch(found, turn, epoch))

    def state_dict(self, cell: str, seed: int | None = None, epoch: Epoch = "chosen") -> "dict[str, Tensor]":
        """The weights as `load_state_dict` of the cell's own nn.Module takes them."""
        from safetensors import safe_open  # late: imports torch

        found, turn = self._seed(cell, seed)
        path = self.checkpoints(cell)
        prefix = f"seed{found.seeds[turn]}/epoch{self._epoch(found, turn, epoch)}/"
        with safe_open(path, "pt") as file:
            names = [name for name in sorted(file.keys()) if name.startswith(prefix)]
            return {name.removeprefix(prefix): file.get_tensor(name) for name in names}

    def predict(
        self,
        images: "np.ndarray | Tensor | Image",
        cell: str | None = None,
        seed: int | None = None,
        epoch: Epoch = "chosen",
    ) -> pd.DataFrame:
        """Probabilities of the classes (columns, by name) for images (rows); of the final cell if none is named.

        An image of PIL's is made grey or RGB, as the data set is; everything else is uint8, as for `model`. None is
        resized: the model takes images of the size that it was trained on.
        """
        if cell is None and self.final not in self.cells:
            raise UserError(
                f"{self.folder}: the final cell {self.final!r} is not trained; {GOES_ON}, or name a cell: "
                f"{', '.join(self.cells)}"
            )
        model = self.model(self.final if cell is None else cell, seed, epoch)
        return pd.DataFrame(model.probabilities(images), columns=model.classes).rename_axis("image")

    def prepared(self, cell: str) -> Path:
        """The file of the images that a cell was trained and tested on."""
        settings = self.cell(cell).run["recipe"]["settings"]
        path = self.folder / "data" / str(settings["dataset"]) / "prepared.safetensors"
        if not path.is_file():
            raise UserError(f"{path}: is not there; a run that needs the images makes it again")
        return path

    def checkpoints(self, cell: str) -> Path:
        """The file of a cell's weights."""
        return self.folder / "cells" / cell / "checkpoints.safetensors"

    def _table(self, name: str) -> pd.DataFrame:
        path = self.folder / name
        if not path.is_file():
            raise UserError(
                f"{path}: is not there yet; make run makes it, or make report-partial of the cells that are "
                "finished (with the CONFIG of your run)"
            )
        return read_table(path)

    def _seed(self, name: str, seed: int | None) -> tuple[CellResults, int]:
        """A cell, and where a seed is among its seeds. Warns if that one diverged."""
        cell = self.cell(name)
        if seed is not None and seed not in cell.seeds:
            raise UserError(f"cell {name}: has no seed {seed}; there are {in_words(cell.seeds)}")
        turn = cell.representative if seed is None else cell.seeds.index(seed)
        if not cell.ok[turn]:
            warn(
                f"cell {name}: the training of seed {cell.seeds[turn]} diverged in epoch {diverged_in(cell, turn)}; "
                "what its model predicts from then on means nothing"
            )
        return cell, turn

    def _epoch(self, cell: CellResults, turn: int, epoch: Epoch) -> int:
        named = {"chosen": cell.chosen_epochs[turn], "last": cell.last_epochs[turn]}
        kept = cell.parameters.get("keep") == "chosen"
        there = [named["chosen"]] if kept else range(1, named["last"] + 1)
        number = named.get(epoch) if isinstance(epoch, str) else epoch
        if number is None or number not in there:
            which = in_words(there) + (", as the cell has keep: chosen" if kept else "")
            raise UserError(
                f"cell {cell.name}: seed {cell.seeds[turn]} has no weights of epoch {epoch}; there are {which}"
            )
        return number


def diverged_in(cell: CellResults, turn: int) -> int:
    """The first epoch whose losses are not numbers, of the cell's seed at `turn`, one that diverged."""
    rows = cell.curves[cell.curves["seed"] == cell.seeds[turn]]
    lost = rows[["train_loss", "validation_loss"]].isna().any(axis=1)
    return int(rows["epoch"][lost].min())


def in_words(values: Sequence[Any]) -> str:
    """Some numbers for a message; a range by its ends."""
    return f"{values[0]} to {values[-1]}" if isinstance(values, range) else ", ".join(map(str, values))
