"""One small cell, trained and evaluated by the functions of the stages: for the tests of training and evaluation."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from tables import rows

from experiment_grid.data import prepared

OURS = "experiment_grid.training"
MODELS = {
    "mlp": {"_target_": f"{OURS}.models.mlp.MLP", "hidden": [16, 8], "activation": "relu", "dropout": 0.0}
    | {"batch_norm": False},
    "linear": {"_target_": f"{OURS}.models.linear.Linear"},
    "cnn": {"_target_": f"{OURS}.models.cnn.CNN", "channels": [4, 6], "kernel_size": 3, "hidden": [8]}
    | {"activation": "relu", "dropout": 0.0, "batch_norm": False},
}
LOSSES = {
    "nll": {"_target_": f"{OURS}.losses.nll.NLL"},
    "cross_entropy": {"_target_": "torch.nn.CrossEntropyLoss", "label_smoothing": 0.0},
    "mse": {"_target_": f"{OURS}.losses.mse.MSE"},
    "multi_margin": {"_target_": "torch.nn.MultiMarginLoss", "margin": 1.0, "p": 1},
}
OPTIMIZERS = {
    "sgd": {"_target_": "torch.optim.SGD", "dampening": 0, "differentiable": False, "maximize": False}
    | {"momentum": 0.9, "nesterov": False, "weight_decay": 0.0},
    "adam": {"_target_": "torch.optim.Adam", "amsgrad": False, "betas": [0.9, 0.999], "capturable": False}
    | {"differentiable": False, "eps": 1e-8, "maximize": False, "weight_decay": 0.0},
    "adamw": {"_target_": "torch.optim.AdamW", "amsgrad": False, "betas": [0.9, 0.999], "capturable": False}
    | {"differentiable": False, "eps": 1e-8, "maximize": False, "weight_decay": 0.0},
    "rmsprop": {"_target_": "torch.optim.RMSprop", "alpha": 0.99, "centered": False, "momentum": 0.0},
    "adagrad": {"_target_": "torch.optim.Adagrad", "lr_decay": 0, "weight_decay": 0.0},
}
TABLES = {"model": MODELS, "loss": LOSSES, "optimizer": OPTIMIZERS}
SHORT = {"hidden": "model", "activation": "model", "dropout": "model", "batch_norm": "model", "init": "model"}
SHORT |= {"momentum": "optimizer", "weight_decay": "optimizer"}


def canonical(**changes: Any) -> dict[str, Any]:
    """Parameters as in the recipe of a train job. A component is a short name, a target or a mapping; `hidden`,
    `momentum` and the like are its options."""
    parameters = {"model": "mlp", "loss": "nll", "optimizer": "sgd", "learning_rate": 0.05, "batch_size": 32}
    parameters |= {"epochs": 3, "normalize": True, "train_fraction": 0.8, "seeds": [1, 2], "device": "cpu"}
    options = {name: changes.pop(name) for name in SHORT if name in changes}
    parameters |= changes
    for key, table in TABLES.items():
        value = parameters[key]
        if isinstance(value, str):
            value = table.get(value, {"_target_": value})
        parameters[key] = value | {name: option for name, option in options.items() if SHORT[name] == key}
    return {name: value for name, value in parameters.items() if value is not None}


def images_of_classes(count: int, classes: int = 4, random_seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 [count, 6, 5] that differ by their class, with labels uint8 [count]."""
    prototypes = np.random.default_rng(99).integers(0, 256, (classes, 6, 5))
    generator = np.random.default_rng(random_seed)
    labels = generator.integers(0, classes, count).astype(np.uint8)
    noisy = prototypes[labels] + generator.normal(0, 60, (count, 6, 5))
    return noisy.clip(0, 255).astype(np.uint8), labels


class OneCell:
    """A cell's files in `results`, as the rules would name them; `changes` are `canonical`'s."""

    def __init__(self, results: Path, name: str = "cell", epoch: str = "last", **changes: Any):
        self.results, self.name, self.epoch = results, name, epoch
        self.parameters = canonical(**changes)
        self.folder = results / "cells" / name
        self.partial = results / "partial" / name
        self.prepared = results / "data" / "prepared.safetensors"
        self.history = self.folder / "history.csv"
        self.checkpoints = self.folder / "checkpoints.safetensors"
        self.run = self.folder / "run.json"
        if not self.prepared.exists():
            self.prepare(images_of_classes(300), images_of_classes(100, random_seed=1))

    def prepare(self, train, test, classes: int = 4) -> None:
        """Write the prepared file from (images, labels) of both parts."""
        self.prepared.parent.mkdir(parents=True, exist_ok=True)
        prepared.write(self.prepared, "small", [f"class {label}" for label in range(classes)], train, test)

    def settings(self, stage: str) -> dict[str, Any]:
        settings = {"cell": self.name, "dataset": "small", "parameters": self.parameters}
        chosen = stage == "evaluate" or self.parameters.get("keep") == "chosen"
        return settings | ({"epoch": self.epoch} if chosen else {})

    def plan(self, stage: str) -> Path:
        """The stage's plan file, written."""
        path = self.results / "plan" / stage / f"{self.name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        recipe = {"settings": self.settings(stage), "code": {}}
        plan = {"stage": stage, "cell": self.name, "recipe": recipe, "why": ["new"]}
        path.write_text(json.dumps(plan), "utf-8")
        return path

    def train(self) -> dict[str, Any]:
        """Train; returns run.json."""
        from train import train

        outputs = {"history": self.history, "checkpoints": self.checkpoints, "run": self.run}
        plan = self.plan("train")
        train(json.loads(plan.read_text("utf-8"))["recipe"], self.prepared, outputs, self.partial, plan)
        return json.loads(self.run.read_text("utf-8"))

    def rows(self) -> list[dict[str, str]]:
        """The history's rows without seconds."""
        return [{key: value for key, value in row.items() if key != "seconds"} for row in rows(self.history)]

    def outcome(self) -> tuple[list[dict[str, str]], bytes]:
        """Everything that an interrupted training must leave exactly as an uninterrupted one."""
        return self.rows(), self.checkpoints.read_bytes()

    def evaluate(self) -> dict[str, Any]:
        """Evaluate; returns evaluation.json."""
        from evaluate import evaluate

        inputs = {"prepared": self.prepared, "checkpoints": self.checkpoints, "history": self.history}
        names = {"evaluation": "csv", "confusion": "npz", "predictions": "npz"}
        outputs = {name: self.folder / f"{name}.{kind}" for name, kind in names.items()}
        outputs["record"] = self.folder / "evaluation.json"
        evaluate(self.settings("evaluate"), inputs, outputs, self.plan("evaluate"))
        return json.loads(outputs["record"].read_text("utf-8"))
