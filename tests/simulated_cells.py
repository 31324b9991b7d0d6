"""Makes small results folders as train and evaluate leave them, without training: for tests of the later stages.

The results are simulated, with the structure of real ones: images differ in difficulty, cells in skill, seeds a
little in both, and later epochs are better, so that paired tests, intervals and confusions look realistic.
"""

import json
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from project import flat_parameters

from experiment_grid.runtime.records import now, write_record

PARAMETERS = flat_parameters(hidden=[256, 128, 64], learning_rate=0.005, epochs=3, device="cpu")

# Cells as in the original report: what each changes, and its skill (mean margin of the true class).
GRID = {
    "no-normalization": ({"hidden": [128, 64], "learning_rate": 0.001, "normalize": False}, 3.0),
    "normalization": ({"hidden": [128, 64], "learning_rate": 0.001}, 3.4),
    "four-hidden-layers": ({"hidden": [512, 256, 128, 64]}, 4.6),
    "three-hidden-layers": ({}, 4.5),
    "batch-128": ({"batch_size": 128}, 4.2),
    "learning-rate-0.05": ({"learning_rate": 0.05}, 4.9),
    "split-60-40": ({"train_fraction": 0.6}, 4.2),
    "mse": ({"loss": "mse"}, 4.4),
}

# Files that compare writes, in results/: those of workflow/rules/compare.smk.
COMPARED = {name: f"{name}.csv" for name in ("comparison", "effects", "reference")}
COMPARED |= {name: f"comparison/{name}.csv" for name in ("curves", "seeds", "classes", "model")}
COMPARED |= {name: f"comparison/{name}.npz" for name in ("predictions", "confusion")}
COMPARED |= {name: f"comparison/{name}.json" for name in ("findings", "claims", "cells")}
COMPARED |= {"rows": "comparison/reference.json", "record": "comparison/compare.json"}
COMPARED |= {"latex": "comparison/table.tex", "markdown": "comparison/table.md"}


def compare_outputs(results: Path) -> dict[str, Path]:
    """Compare's outputs in a results folder, which has a place for them then."""
    (results / "comparison").mkdir(parents=True, exist_ok=True)
    return {name: results / file for name, file in COMPARED.items()}


def make_cells(
    results: Path,
    grid: dict[str, tuple[dict[str, Any], float]] | None = None,
    *,
    seeds: tuple[int, ...] = (1, 2, 3),
    epochs: int = 3,
    images: int = 400,
    classes: int = 10,
    labels: np.ndarray | None = None,
    diverged: tuple[str, ...] = (),
    missing: tuple[str, ...] = (),
    dataset: str = "mnist",
    random_seed: int = 0,
    same: tuple[str, ...] = (),
    found: dict[str, tuple[str, list[int]]] | None = None,
) -> list[dict[str, Any]]:
    """Write `cells/<cell>/…` for every cell of `grid` and return `[{"name", "parameters"}, …]`, as settings hold them.

    `grid` maps a name to the parameters in which it differs from `PARAMETERS` and its skill (0: guesses; 4.5: about
    97 %). Losses of cells in `diverged` are NaN from the second epoch on; cells in `missing` leave no file; those in
    `same` predict what the first of them predicts. `found` maps a cell to another one, of which these seeds of it have
    the first epochs.
    """
    generator = np.random.default_rng(random_seed)
    if labels is None:
        labels = generator.integers(0, classes, images).astype(np.uint8)
    difficulty = generator.gamma(1.5, 1.0, len(labels))
    rival = (labels + generator.integers(1, max(classes, 2), len(labels))) % classes
    cells = []
    for name, (changes, skill) in (GRID if grid is None else grid).items():
        parameters = PARAMETERS | {"epochs": epochs, "seeds": list(seeds)} | changes
        cells.append({"name": name, "parameters": parameters})
        if name in missing:
            continue
        cell = _SimulatedCell(generator, labels, difficulty, rival, classes, parameters, skill, name in diverged)
        cell.write(results, name, dataset)
    for name in same[1:]:
        shutil.copy(*(results / "cells" / one / "predictions.npz" for one in (same[0], name)))
    for name, origin in (found or {}).items():
        _find_again(results / "cells" / name, results / "cells" / origin[0], origin[1])
    return cells


def _find_again(folder: Path, origin: Path, seeds: list[int]) -> None:
    """Replace seeds of a cell by those that another cell's job trained, as `train` does."""
    keys = ["seed", "epoch"]
    own, theirs = (pd.read_csv(one / "history.csv").set_index(keys) for one in (folder, origin))
    trained = theirs[theirs.index.isin(own.index) & theirs.index.isin(seeds, level="seed")]
    own.loc[trained.index] = trained
    own.reset_index().to_csv(folder / "history.csv", index=False)
    record = json.loads((folder / "run.json").read_text("utf-8"))
    finished = json.loads((origin / "run.json").read_text("utf-8"))["finished"]
    for seed in seeds:
        epochs = len(trained.loc[seed])
        whole = epochs == record["parameters"]["epochs"]
        kept = {"cell": origin.name, "finished": finished, "epochs": epochs, "whole": whole}
        record.setdefault("found", {})[str(seed)] = kept | {"device": record["device"]}
    (folder / "run.json").write_text(json.dumps(record), "utf-8")


class _SimulatedCell:
    """The simulated results of one cell, and the files that hold them."""

    def __init__(self, generator, labels, difficulty, rival, classes, parameters, skill, diverged):
        self.labels, self.parameters, self.diverged, self.classes = labels, parameters, diverged, classes
        seeds, epochs = parameters["seeds"], parameters["epochs"]
        self.confusion = np.zeros((len(seeds), epochs, classes, classes), np.int32)
        self.log_probabilities = np.zeros((len(seeds), len(labels), classes), np.float32)
        self.history, self.evaluation = [], []
        pace = (1 + len(parameters["hidden"])) * 64 / parameters["batch_size"]
        for s, seed in enumerate(seeds):
            skill_of_seed = skill + generator.normal(0, 0.15)
            noise = generator.normal(0, 1, (len(labels), classes)) + generator.gumbel(0, 0.3, (len(labels), classes))
            for epoch in range(1, epochs + 1):
                logits = noise.copy()
                rows = np.arange(len(labels))
                logits[rows, labels] += skill_of_seed * (1 - 0.5 ** (epoch + 1)) * 1.6
                logits[rows, rival] += difficulty
                if diverged and epoch > 1:
                    logits[:] = np.nan
                log_probabilities = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
                self._epoch(generator, s, seed, epoch, log_probabilities, pace)
            self.log_probabilities[s] = log_probabilities

    def _epoch(self, generator, s, seed, epoch, log_probabilities, pace):
        predicted = log_probabilities.argmax(axis=1)
        np.add.at(self.confusion[s, epoch - 1], (self.labels, predicted), 1)
        accuracy = float((predicted == self.labels).mean())
        loss = float(-log_probabilities[np.arange(len(self.labels)), self.labels].mean())
        if self.parameters["loss"] == "mse":
            loss /= 20
        lost = np.isnan(loss)
        train = np.nan if lost else min(1.0, accuracy + generator.normal(0.004, 0.001))
        validation = np.nan if lost else min(1.0, max(0.0, accuracy + generator.normal(-0.002, 0.002)))
        seconds = abs(generator.normal(pace, pace / 30))
        self.history.append((seed, epoch, loss * 0.9, train, loss * 1.05, validation, seconds))
        self.evaluation.append((seed, epoch, loss, accuracy))

    def write(self, results: Path, name: str, dataset: str) -> None:
        folder = results / "cells" / name
        folder.mkdir(parents=True, exist_ok=True)
        columns = ["seed", "epoch", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy", "seconds"]
        history = pd.DataFrame(self.history, columns=columns)
        history.to_csv(folder / "history.csv", index=False)
        evaluation = pd.DataFrame(self.evaluation, columns=["seed", "epoch", "test_loss", "test_accuracy"])
        evaluation.to_csv(folder / "evaluation.csv", index=False)
        seeds = np.array(self.parameters["seeds"], np.int64)
        epochs = self.parameters["epochs"]
        np.savez(folder / "confusion.npz", counts=self.confusion, seeds=seeds, epochs=np.arange(1, epochs + 1))
        np.savez(
            folder / "predictions.npz",
            log_probabilities=self.log_probabilities,
            labels=self.labels.astype(np.uint8),
            seeds=seeds,
            chosen_epochs=np.full(len(seeds), epochs),
        )
        self._records(results, folder, name, dataset, history)

    def _records(self, results, folder, name, dataset, history):
        started = now()
        status = "diverged" if self.diverged else "ok"
        train_seconds = history.groupby("seed")["seconds"].sum()
        total = float(train_seconds.sum())
        widths = [784, *self.parameters["hidden"], self.classes]
        write_record(
            folder / "run.json",
            _plan(results, "train", name, {"cell": name, "dataset": dataset, "parameters": self.parameters}),
            [folder / "history.csv"],
            inputs=[],
            started=started,
            packages=("numpy",),
            status=status,
            parameters=self.parameters,
            device={"type": "cpu", "name": "Example CPU", "threads": 1},
            parameters_count=sum((a + 1) * b for a, b in pairwise(widths)),
            training_images=round(60000 * self.parameters["train_fraction"]),
            validation_images=60000 - round(60000 * self.parameters["train_fraction"]),
            seconds={"import": 2.0, "read": 0.1, "train": total, "validate": 0.2, "save": 0.1, "total": total + 2.4},
            seeds={str(seed): {"status": status, "train_seconds": s} for seed, s in train_seconds.items()},
        )
        write_record(
            folder / "evaluation.json",
            _plan(results, "evaluate", name, {"cell": name, "dataset": dataset, "epoch": "last"}),
            [folder / "evaluation.csv", folder / "predictions.npz", folder / "confusion.npz"],
            inputs=[],
            started=started,
            packages=("numpy",),
            test_images=len(self.labels),
            classes=[str(k) for k in range(self.classes)],
        )


def _plan(results: Path, stage: str, cell: str | None, settings: dict[str, Any]) -> Path:
    """Write the plan file that a record starts from."""
    path = results / "plan" / stage / f"{cell}.json" if cell else results / "plan" / f"{stage}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    recipe = {"settings": settings, "code": {f"{stage}.py": "0" * 64}}
    plan = {"stage": stage, "cell": cell, "recipe": recipe, "why": ["new"], "planned": now()}
    path.write_text(json.dumps(plan), "utf-8")
    return path


def settings_of(cells: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """Compare's settings for cells that `make_cells` made; `changes` replace single keys."""
    names = [cell["name"] for cell in cells]
    baseline = "three-hidden-layers" if "three-hidden-layers" in names else names[0]
    settings = {
        "dataset": "mnist",
        "cells": cells,
        "baseline": baseline,
        "final": baseline,
        "confidence": 0.95,
        "epoch": "last",
        "reference": None,
    }
    return settings | changes


def plan_of(results: Path, stage: str, settings: dict[str, Any]) -> Path:
    """The plan file of a stage for all cells (compare, errors, report), written; returns its path."""
    return _plan(results, stage, None, settings)


def make_timing(
    results: Path,
    cells: list[dict[str, Any]],
    seconds: dict[tuple[str, str, str], float] | None = None,
    *,
    shared: dict[str, str] | None = None,
    rounds: int = 10,
    noise: float = 0.02,
) -> tuple[Path, Path]:
    """Write timing.csv, timing/rounds.csv and the record of cells that `make_cells` made; returns the first two.

    `seconds` of a step by (cell, device, way); the default depends on the network's layers. `shared` maps a cell to the
    one whose measurement it shares.
    """
    generator = np.random.default_rng(7)
    parameters = {cell["name"]: cell["parameters"] for cell in cells}
    if seconds is None:
        seconds = {(name, "cpu", "trainer"): 1e-4 * (1 + len(of["hidden"])) for name, of in parameters.items()}
    shared = shared or {}
    rows, visits = [], []
    for (name, device, way), step in seconds.items():
        measured = shared.get(name, name)
        if measured == name:
            logs = np.log(step) + generator.normal(0, noise, rounds)
            made = np.exp(logs.mean()), *np.exp(logs.mean() + np.array([-2, 2]) * logs.std() / rounds**0.5)
            visits += [(measured, device, way, place + 1, 30, 30 * np.exp(log)) for place, log in enumerate(logs)]
        rest = parameters[name]["batch_size"] / made[0], 30 * rounds, rounds
        rows.append((name, device, way, *made, *rest, measured))
    measures = ["step_seconds", "low", "high", "images_per_second", "steps", "rounds"]
    paths = results / "timing.csv", results / "timing/rounds.csv"
    paths[1].parent.mkdir(exist_ok=True)
    pd.DataFrame(rows, columns=["cell", "device", "way", *measures, "measured_as"]).to_csv(paths[0], index=False)
    columns = ["measured_as", "device", "way", "round", "steps", "seconds"]
    pd.DataFrame(visits, columns=columns).to_csv(paths[1], index=False)
    devices = [{"type": kind, "name": "Example", "threads": 1} for kind in dict.fromkeys(key[1] for key in seconds)]
    record = {"devices": devices, "recorded": True, "seconds": 9.5}
    (results / "timing/timing.json").write_text(json.dumps(record), "utf-8")
    return paths
