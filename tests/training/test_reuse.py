"""No training is done twice: which epochs are trained when a cell changes, always with the bits of a training from the
start."""

import json
import os

import pytest
import train as stage
from trained_cell import OneCell, canonical, images_of_classes

from experiment_grid.runtime.kept_trainings import Trainings, any_epochs
from experiment_grid.training.loop import Trainer

COSINE = {"_target_": "torch.optim.lr_scheduler.CosineAnnealingLR", "eta_min": 0.0, "warmup": 0.0, "interval": "epoch"}
STEP = {"_target_": "torch.optim.lr_scheduler.StepLR", "step_size": 1, "gamma": 0.5, "warmup": 0.0, "interval": "epoch"}
MINE = {"_target_": "models/mine.py:Schedule", "warmup": 0.0, "interval": "epoch"}
KEEP = {"keep": "chosen"}
ALL = 6  # three epochs of two seeds


@pytest.fixture
def counted(monkeypatch) -> list[tuple[int, int]]:
    """The seed and number of every epoch that is trained."""
    epochs = []
    epoch = Trainer.epoch

    def counting(self, number):
        epochs.append((self.seed, number))
        return epoch(self, number)

    monkeypatch.setattr(Trainer, "epoch", counting)
    return epochs


# Parameters before and after, and how many epochs the second cell trains.
CASES = {
    "another name": ({}, {}, 0),
    "a seed more": ({}, {"seeds": [1, 2, 7]}, 3),
    "a seed in front": ({"seeds": [2, 7]}, {"seeds": [1, 2, 7]}, 3),
    "a seed less": ({}, {"seeds": [2]}, 0),
    "more epochs": ({}, {"epochs": 5}, 4),
    "more epochs and a seed": ({}, {"epochs": 4, "seeds": [1, 2, 3]}, 6),
    "fewer epochs": ({}, {"epochs": 2}, 0),
    "more epochs, rate halved every epoch": ({"schedule": STEP}, {"schedule": STEP, "epochs": 5}, 4),
    "more epochs of a cosine": ({"schedule": COSINE}, {"schedule": COSINE, "epochs": 5}, 10),
    "a cosine by another name": ({"schedule": COSINE}, {"schedule": COSINE}, 0),
    "more epochs, weights of the chosen one kept": (KEEP, {**KEEP, "epochs": 5}, 4),
    "fewer epochs, weights of the chosen one kept": (KEEP, {**KEEP, "epochs": 2}, 4),
    "other weights kept": ({}, KEEP, ALL),
    "eager steps, the same bits": ({}, {"step": "eager"}, 0),
    "device auto, which is this CPU": ({}, {"device": "auto"}, 0),
    "another learning rate": ({}, {"learning_rate": 0.06}, ALL),
    "another batch size": ({}, {"batch_size": 64}, ALL),
    "momentum": ({}, {"momentum": 0.5}, ALL),
    "patience": ({}, {"patience": 50}, ALL),
    "adam, more epochs": ({"optimizer": "adam"}, {"optimizer": "adam", "epochs": 4}, 2),
    "batch norm and dropout, more epochs": (
        {"batch_norm": True, "dropout": 0.5},
        {"batch_norm": True, "dropout": 0.5, "epochs": 4},
        2,
    ),
}


@pytest.mark.parametrize(("before", "after", "trained"), CASES.values(), ids=CASES)
def test_what_is_trained_again(tmp_path, counted, before, after, trained):
    OneCell(tmp_path / "results", "first", **before).train()
    counted.clear()
    cell = OneCell(tmp_path / "results", "second", **after)
    record = cell.train()
    assert len(counted) == trained
    assert sum(seed["epochs"] for seed in record.get("found", {}).values()) == epochs(cell) - trained
    fresh = OneCell(tmp_path / "elsewhere", "second", **after)
    fresh.train()
    assert cell.outcome() == fresh.outcome()


def epochs(cell: OneCell) -> int:
    return len(cell.rows())


def test_an_earlier_value_is_found_again(tmp_path, counted):
    """The cell's own files were overwritten in between."""
    OneCell(tmp_path, learning_rate=0.05).train()
    OneCell(tmp_path, learning_rate=0.06).train()
    counted.clear()
    OneCell(tmp_path, learning_rate=0.05).train()
    assert not counted


def test_resuming_from_a_resumed_training(tmp_path, counted):
    for number in (1, 2, 4):
        OneCell(tmp_path, f"cell-{number}", epochs=number).train()
    assert len(counted) == 8


def test_who_trained_is_named_also_after_two_names(tmp_path):
    first = OneCell(tmp_path, "first").train()
    OneCell(tmp_path, "second").train()
    found = OneCell(tmp_path, "third").train()["found"]
    assert {seed["cell"] for seed in found.values()} == {"first"}
    assert {seed["finished"] for seed in found.values()} == {first["finished"]}


def test_seeds_that_stopped_early_are_not_resumed(tmp_path, counted):
    noise = images_of_classes(40, random_seed=3), images_of_classes(40, random_seed=4)
    stopping = {"patience": 1, "learning_rate": 1e-9, "optimizer": "sgd"}
    for name, number in (("first", 8), ("second", 9)):
        cell = OneCell(tmp_path, name, epochs=number, **stopping)
        cell.prepare(*noise)
        counted.clear()
        cell.train()
    assert not counted
    assert epochs(cell) == 4  # of two seeds


@pytest.mark.parametrize("file", ["history.csv", "checkpoints.safetensors", "run.json", "seed1.epoch3.safetensors"])
def test_damage_is_found(tmp_path, counted, capsys, file):
    """By the checksums: a damaged training is not used, and a damaged state is not resumed from."""
    OneCell(tmp_path, "first").train()
    (kept,) = Trainings(tmp_path).folder.iterdir()
    content = bytearray((kept / file).read_bytes())
    place = content.index(b'"sha256": "') + 15 if file == "run.json" else len(content) // 2
    content[place] ^= 4
    (kept / file).write_bytes(content)
    counted.clear()
    cell = OneCell(tmp_path, "second", epochs=4)
    cell.train()
    seed = {(1, number) for number in range(1, 5)}
    assert {*counted} >= seed if file.startswith("seed1") else len(counted) == 8
    fresh = OneCell(tmp_path / "elsewhere", "second", epochs=4)
    fresh.train()
    assert cell.outcome() == fresh.outcome()


@pytest.mark.parametrize("what", ["code", "data", "versions", "reads"])
def test_what_a_training_depends_on(tmp_path, counted, what, monkeypatch):
    cell = OneCell(tmp_path, "first")
    cell.train()
    (kept,) = Trainings(tmp_path).folder.iterdir()
    record = json.loads((kept / "run.json").read_text("utf-8"))
    if what == "code":
        record["recipe"]["code"]["experiment_grid.training.loop"] = "other"
    if what == "versions":
        record["versions"]["torch"] = "1.0"
    if what == "reads":
        record["reads"] = {"gamma.txt": "0" * 64}
    if what == "data":
        cell.prepare(images_of_classes(300, random_seed=5), images_of_classes(100, random_seed=1))
    (kept / "run.json").write_text(json.dumps(record), "utf-8")
    counted.clear()
    OneCell(tmp_path, "second").train()
    assert len(counted) == ALL


def test_a_forced_training_is_done_again(tmp_path, counted):
    cell = OneCell(tmp_path, "first")
    cell.train()
    counted.clear()
    outputs = {"history": cell.history, "checkpoints": cell.checkpoints, "run": cell.run}
    plan = cell.plan("train")
    recipe = json.loads(plan.read_text("utf-8"))["recipe"]
    stage.train(recipe, cell.prepared, outputs, cell.partial, plan, anew=True)
    assert len(counted) == ALL


def test_nothing_is_copied(tmp_path):
    cell = OneCell(tmp_path)
    cell.train()
    (kept,) = Trainings(tmp_path).folder.iterdir()
    assert (kept / "checkpoints.safetensors").samefile(cell.checkpoints)
    assert not cell.partial.exists()


def test_a_file_system_without_links(tmp_path, monkeypatch, capsys):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    OneCell(tmp_path).train()
    assert "not kept for reuse by other cells: this file system has no hard links" in capsys.readouterr().out
    assert not list(Trainings(tmp_path).all())


@pytest.mark.parametrize(
    ("schedule", "free"),
    [(None, True), (STEP, True), (COSINE, False), (COSINE | {"T_max": 4}, True), (MINE, False)],
)
def test_whether_more_epochs_begin_with_the_same_bits(schedule, free):
    assert any_epochs(canonical(schedule=schedule)) is free
