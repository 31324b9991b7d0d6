"""Read every cell's outputs of train and evaluate, reduced to what comparisons need. Compare and errors start here."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from experiment_grid.config.labels import AUGMENT, COMPONENTS, component
from experiment_grid.runtime.errors import UserError
from experiment_grid.runtime.records import trained_with


def _none() -> np.ndarray:
    return np.empty(0, np.uint8)


@dataclass
class CellResults:
    """One cell's results; S seeds, M test images, K classes, E epochs.

    Without results it is empty but for name and parameters.
    """

    name: str
    parameters: dict[str, Any]
    status: str = "failed"  # ok, diverged (at least one seed), failed (no results)
    run: dict[str, Any] = field(default_factory=dict)  # run.json
    evaluation: dict[str, Any] = field(default_factory=dict)  # evaluation.json
    # history.csv and evaluation.csv side by side, by seed and epoch
    curves: pd.DataFrame = field(default_factory=pd.DataFrame)
    seeds: list[int] = field(default_factory=list)
    chosen_epochs: list[int] = field(default_factory=list)  # [S]
    ok: np.ndarray = field(default_factory=_none)  # bool [S]: did not diverge
    labels: np.ndarray = field(default_factory=_none)  # uint8 [M]
    predicted: np.ndarray = field(default_factory=_none)  # uint8 [S, M]
    log_loss: np.ndarray = field(default_factory=_none)  # float32 [S, M]: negative log-probability of the true class
    probability: np.ndarray = field(default_factory=_none)  # float32 [M]: of the representative's predicted class
    confusion: np.ndarray = field(default_factory=_none)  # int32 [S, E, K, K], 0 for epochs that a seed did not train
    representative: int = 0  # index into seeds

    @property
    def correct(self) -> np.ndarray:
        """bool [S, M]"""
        correct: np.ndarray = self.predicted == self.labels
        return correct

    @property
    def device(self) -> str:
        """The device that it ran on, cpu or cuda; the configured one if it did not run."""
        return str(self.run["device"]["type"] if self.run else self.parameters["device"])

    @property
    def comparable(self) -> bool:
        """Whether there is a trained model to compare."""
        return bool(self.ok.any())

    @property
    def good_seeds(self) -> list[int]:
        """The seeds that did not diverge, in their order; none without results."""
        return [seed for seed, ok in zip(self.seeds, self.ok, strict=True) if ok]

    @property
    def last_epochs(self) -> list[int]:
        """[S]: how many epochs each seed trained; one that stopped early has fewer than others."""
        epochs: list[int] = self.curves.groupby("seed")["epoch"].max()[self.seeds].tolist()
        return epochs

    def at(self, epoch: str) -> pd.DataFrame:
        """The curves' row of each seed at its `chosen` or `last` epoch, in the order of the seeds."""
        epochs = self.chosen_epochs if epoch == "chosen" else self.last_epochs
        lines = {pair: line for line, pair in enumerate(zip(self.curves["seed"], self.curves["epoch"], strict=True))}
        return self.curves.iloc[[lines[pair] for pair in zip(self.seeds, epochs, strict=True)]]


def read_cells(folders: dict[str, Path], cells: list[dict[str, Any]]) -> list[CellResults]:
    """Every cell of `cells` ({"name", "parameters"}), in that order; failed where `folders` has none for it."""
    read = [_known(folders[cell["name"]], **cell) if cell["name"] in folders else CellResults(**cell) for cell in cells]
    with_results = [cell for cell in read if len(cell.labels)]
    for cell in with_results[1:]:
        if not np.array_equal(cell.labels, with_results[0].labels):
            raise UserError(
                f"{folders[cell.name] / 'predictions.npz'}: was made on other test images than those of cell "
                f"{with_results[0].name}; remove this cell's folder and run again"
            )
    return read


def _known(folder: Path, name: str, parameters: dict[str, Any]) -> CellResults:
    """What `_read` makes of a cell's folder; files that are not what train and evaluate write are refused."""
    try:
        return _read(folder, name, parameters)
    except (KeyError, IndexError, TypeError, ValueError, BadZipFile) as error:
        raise UserError(
            f"{folder}: holds files that are not results of this program ({type(error).__name__}: {error}); remove "
            "this folder and run again"
        ) from error


def _read(folder: Path, name: str, parameters: dict[str, Any]) -> CellResults:
    run = json.loads((folder / "run.json").read_text("utf-8"))
    evaluation = json.loads((folder / "evaluation.json").read_text("utf-8"))
    history, tests = (pd.read_csv(folder / file) for file in ("history.csv", "evaluation.csv"))
    with np.load(folder / "predictions.npz") as file:
        predictions = {key: file[key] for key in file.files}
    with np.load(folder / "confusion.npz") as file:
        confusion = file["counts"]
    seeds = predictions["seeds"].tolist()
    log_probabilities, labels = predictions["log_probabilities"], predictions["labels"]
    cell = CellResults(
        name,
        _as_trained(parameters, trained_with(run)),
        status=run["status"],
        run=run,
        evaluation=evaluation,
        curves=history.merge(tests, on=["seed", "epoch"], how="left", validate="one_to_one"),
        seeds=seeds,
        chosen_epochs=predictions["chosen_epochs"].tolist(),
        ok=np.array([run["seeds"][str(seed)]["status"] == "ok" for seed in seeds]),
        labels=labels,
        predicted=log_probabilities.argmax(axis=2).astype(np.uint8),
        log_loss=-log_probabilities[:, np.arange(len(labels)), labels],
        confusion=confusion,
    )
    cell.representative = representative(cell.at("chosen")["validation_accuracy"], cell.ok)
    cell.probability = np.exp(log_probabilities[cell.representative].max(axis=1))
    return cell


def _as_trained(planned: dict[str, Any], trained: dict[str, Any]) -> dict[str, Any]:
    """The columns of a cell with the values that its record has; names of components and augmentations are the plan's,
    as only the plan has short names."""
    values = dict(planned)
    for key in planned:
        if key not in (*COMPONENTS, AUGMENT):
            kind = component(key)
            given = trained.get(kind) if kind else trained
            if isinstance(given, dict):
                values[key] = given.get(key.rpartition(".")[2], planned[key])
    return values


def representative(validation_accuracy: ArrayLike, ok: np.ndarray) -> int:
    """Which seed's model represents a cell: the (lower) median by validation accuracy [S], ties to the first listed.

    Test metrics are not used. A seed that diverged (not `ok`, bool [S]) represents a cell only where all did.
    """
    candidates = np.flatnonzero(ok) if np.any(ok) else np.arange(len(ok))
    accuracy = np.nan_to_num(np.asarray(validation_accuracy, float), nan=-1.0)
    ranked: list[int] = sorted(candidates.tolist(), key=lambda index: (accuracy[index], index))
    return ranked[(len(ranked) - 1) // 2]
