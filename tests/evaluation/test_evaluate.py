"""The metrics that evaluate writes, for networks that work, that diverged and that are missing."""

import re

import numpy as np
import pytest
import torch
from evaluate import confusion
from safetensors.torch import load_file, save_file
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss
from tables import rows
from trained_cell import LOSSES, OneCell, canonical, images_of_classes

from experiment_grid.analysis.cell_results import read_cells
from experiment_grid.analysis.scores import score_cells
from experiment_grid.runtime.errors import UserError
from experiment_grid.training import saved_weights
from experiment_grid.training.components import Loss
from experiment_grid.training.history import HistoryRow, read_validation_accuracy, write
from experiment_grid.training.loop import split
from experiment_grid.training.metrics import accuracy, mean_loss
from experiment_grid.training.resumable_epochs import Epoch, EpochStore
from experiment_grid.training.stopping import chosen_epoch


@pytest.fixture(scope="module")
def cell(tmp_path_factory):
    cell = OneCell(tmp_path_factory.mktemp("evaluated"), epoch="validation", epochs=4)
    cell.train()
    cell.evaluate()
    return cell


def scores_of(cell):
    return rows(cell.folder / "evaluation.csv")


def test_metrics_are_scikit_learns(cell):
    _, labels = images_of_classes(100, random_seed=1)
    with np.load(cell.folder / "predictions.npz") as file:
        predictions = dict(file)
    with np.load(cell.folder / "confusion.npz") as file:
        matrices = dict(file)
    assert matrices["counts"].shape == (2, 4, 4, 4) and matrices["counts"].dtype == np.int32
    assert matrices["seeds"].tolist() == [1, 2] and matrices["epochs"].tolist() == [1, 2, 3, 4]
    assert predictions["log_probabilities"].shape == (2, 100, 4)
    assert predictions["log_probabilities"].dtype == np.float32
    assert predictions["labels"].tolist() == labels.tolist()
    scores = {(row["seed"], row["epoch"]): row for row in scores_of(cell)}
    assert len(scores) == 8
    for index, (seed, epoch) in enumerate(zip(predictions["seeds"], predictions["chosen_epochs"], strict=True)):
        log_probabilities = predictions["log_probabilities"][index]
        predicted = log_probabilities.argmax(axis=1)
        row = scores[str(seed), str(epoch)]
        assert float(row["test_accuracy"]) == accuracy_score(labels, predicted) > 0.5
        probabilities = np.exp(log_probabilities.astype(float))
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        assert float(row["test_loss"]) == pytest.approx(log_loss(labels, probabilities), rel=1e-4)
        assert (matrices["counts"][index, epoch - 1] == confusion_matrix(labels, predicted)).all()


def test_the_chosen_epoch_is_the_first_of_the_best_on_validation_images(cell):
    with np.load(cell.folder / "predictions.npz") as file:
        chosen = file["chosen_epochs"].tolist()
    for seed, epoch in zip((1, 2), chosen, strict=True):
        validation = read_validation_accuracy(cell.history)[seed]
        assert validation[epoch - 1] == max(validation) and max(validation[: epoch - 1], default=0) < max(validation)
    assert chosen_epoch([0.5, 0.9, 0.9, 0.7], "validation") == 2
    assert chosen_epoch([0.5, 0.9, 0.9, 0.7], "last") == 4


def test_seeds_that_stop_at_different_epochs(tmp_path):
    """Each seed has metrics of the epochs that it trained, and 0 in the matrices of the others."""
    cell = OneCell(tmp_path, epochs=30, patience=2, learning_rate=0.02)
    cell.train()
    cell.evaluate()
    trained = {seed: len(values) for seed, values in read_validation_accuracy(cell.history).items()}
    assert trained[1] != trained[2] and max(trained.values()) < 30
    epochs = [(int(row["seed"]), int(row["epoch"])) for row in scores_of(cell)]
    assert epochs == [(seed, epoch) for seed in (1, 2) for epoch in range(1, trained[seed] + 1)]
    with np.load(cell.folder / "confusion.npz") as file:
        there = file["counts"].sum(axis=(2, 3))
    assert there.shape == (2, max(trained.values()))
    assert [row.tolist().index(0) if 0 in row else len(row) for row in there] == [trained[1], trained[2]]
    with np.load(cell.folder / "predictions.npz") as file:
        assert file["chosen_epochs"].tolist() == [trained[1], trained[2]]  # epoch: last
    read = read_cells({"cell": cell.folder}, [{"name": "cell", "parameters": cell.parameters}])
    assert read[0].last_epochs == read[0].at("last")["epoch"].tolist() == [trained[1], trained[2]]
    seeds, _ = score_cells(read, 0.95)
    assert seeds["last_n_correct"].tolist() == seeds["n_correct"].tolist()


def test_the_record_names_what_was_read(cell):
    record = cell.evaluate()
    assert record["test_images"] == 100
    assert record["classes"] == ["class 0", "class 1", "class 2", "class 3"]
    assert "cells/cell/checkpoints.safetensors" in record["inputs"]


def test_evaluating_again_gives_the_same_bytes(cell):
    names = ("evaluation.csv", "confusion.npz", "predictions.npz")
    before = [(cell.folder / name).read_bytes() for name in names]
    cell.evaluate()
    assert [(cell.folder / name).read_bytes() for name in names] == before


@pytest.mark.parametrize("loss", ["nll", "mse", "multi_margin"])
def test_a_diverged_cell_is_evaluated(tmp_path, loss):
    diverged = OneCell(tmp_path, learning_rate=1e30, weight_decay=1.0, loss=loss, seeds=[1])
    assert diverged.train()["status"] == "diverged"
    diverged.evaluate()
    scores = scores_of(diverged)
    assert len(scores) == 3
    assert scores[-1]["test_loss"] == ""
    assert 0 <= float(scores[-1]["test_accuracy"]) <= 1
    with np.load(diverged.folder / "confusion.npz") as file:
        assert (file["counts"].sum(axis=(2, 3)) == 100).all()


def test_nan_answers_count_as_the_first_class():
    logits = np.full((5, 3), np.nan, np.float32)
    labels = np.array([0, 0, 1, 2, 2], np.uint8)
    assert accuracy(torch.from_numpy(logits), torch.from_numpy(labels)) == 0.4
    assert confusion(logits, labels).tolist() == [[2, 0, 0], [1, 0, 0], [2, 0, 0]]


@pytest.mark.parametrize("loss", LOSSES)
def test_nan_answers_have_no_loss(loss):
    """Of two images, though torch.nn.MultiMarginLoss makes 0 of NaN."""
    logits = torch.tensor([[0.0, 1.0, 2.0], [torch.nan, 1.0, 2.0]])
    found = mean_loss(Loss("cell", canonical(loss=loss)), logits, torch.tensor([1, 2]))
    assert np.isnan(found)


def test_a_test_set_of_one_class(tmp_path):
    cell = OneCell(tmp_path, seeds=[1], epochs=1)
    images, labels = images_of_classes(100)
    cell.prepare((images, labels), (images[labels == 2], labels[labels == 2]))
    cell.train()
    cell.evaluate()
    with np.load(cell.folder / "confusion.npz") as file:
        assert file["counts"][0, 0, [0, 1, 3]].sum() == 0 < file["counts"][0, 0, 2].sum()


def refused(cell, match):
    with pytest.raises(UserError) as caught:
        cell.evaluate()
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{cell.checkpoints}: ")
    assert message.endswith("; delete it, and the next run trains the cell cell again")
    assert re.search(match, message), message


@pytest.fixture
def trained(tmp_path):
    cell = OneCell(tmp_path, seeds=[1], epochs=1)
    cell.train()
    return cell


@pytest.mark.parametrize(
    ("metadata", "match"),
    [
        ({"cell": "other", "format": "2"}, 'belongs to cell "other"; expected "cell"'),
        ({"cell": "cell", "format": "1"}, 'has format "1", readable is "2"'),
        (None, 'has format null, readable is "2"'),
    ],
)
def test_checkpoints_of_another_cell_or_format_are_refused(trained, metadata, match):
    save_file(load_file(trained.checkpoints), trained.checkpoints, metadata)
    refused(trained, match)


@pytest.mark.parametrize(
    ("replacement", "match"),
    [
        (torch.zeros(3, 30), r"seed1/epoch1/layers.0.weight has shape \[3, 30\], the cell's network needs \[16, 30\]"),
        (torch.zeros(16, 30, dtype=torch.float16), "seed1/epoch1/layers.0.weight holds float16; expected float32"),
        (None, "has no seed1/epoch1/layers.0.weight"),
    ],
)
def test_weights_of_another_network_are_refused(trained, replacement, match):
    tensors = load_file(trained.checkpoints)
    del tensors["seed1/epoch1/layers.0.weight"]
    if replacement is not None:
        tensors["seed1/epoch1/layers.0.weight"] = replacement
    save_file(tensors, trained.checkpoints, {"cell": "cell", "format": "2"})
    refused(trained, match)


def test_weights_that_the_network_does_not_have_are_refused(trained):
    tensors = load_file(trained.checkpoints) | {"seed1/epoch1/head.weight": torch.zeros(2)}
    save_file(tensors, trained.checkpoints, {"cell": "cell", "format": "2"})
    refused(trained, "has seed1/epoch1/head.weight, which the cell's model does not have")


def test_a_damaged_file_is_refused(trained):
    content = trained.checkpoints.read_bytes()
    for damage in (content[:100], b"", content[: len(content) // 2], b"PK" + content[2:]):
        trained.checkpoints.write_bytes(damage)
        refused(trained, "is not a safetensors file, or is damaged")


def test_checkpoints_are_put_together_from_the_files_of_epochs(tmp_path):
    """Tensors of every size, each aligned for its type; the same bytes whatever the order of the files."""
    states = {
        (seed, epoch): {
            "a.half": torch.full((3,), seed + epoch, dtype=torch.bfloat16),
            "a.mask": torch.tensor([True, False, True]),
            "b.count": torch.tensor(2**40 + epoch),
            "b.empty": torch.empty(0, 3),
            "weight": torch.arange(5.0) + epoch,
        }
        for seed in (1, 12)
        for epoch in (2, 10)
    }
    store = EpochStore(tmp_path / "partial", {})
    row = HistoryRow(1, 1, 0.0, 0.0, 0.0, 0.0, 0.0)
    for (seed, epoch), state in states.items():
        rest = {"momentum": [torch.ones(7)]}  # no part of a checkpoint
        store.write(Epoch(seed, epoch, row, {}, state, {"scale": torch.tensor(0.5)}, rest))
    files = [(*pair, store.path(*pair)) for pair in states]
    saved_weights.merge(tmp_path / "file", "a-cell", files)
    saved_weights.merge(tmp_path / "again", "a-cell", reversed(files))
    assert (tmp_path / "file").read_bytes() == (tmp_path / "again").read_bytes()
    found, wanted = load_file(tmp_path / "file"), {}
    for pair, state in states.items():
        wanted |= saved_weights.named(*pair, state) | saved_weights.named(*pair, {"scale": torch.tensor(0.5)}, "-loss")
    assert found.keys() == wanted.keys() and "seed12/epoch10-loss/scale" in found
    assert all(found[name].dtype == wanted[name].dtype and torch.equal(found[name], wanted[name]) for name in wanted)
    opened = saved_weights.Checkpoints(tmp_path / "file", "a-cell")
    assert torch.equal(opened.state(12, 10, states[12, 10])["b.count"], states[12, 10]["b.count"])


@pytest.mark.parametrize("rule", ["last", "validation"])
def test_only_the_chosen_epochs_are_evaluated(tmp_path, rule):
    """With the same metrics as among all epochs; the matrices of the others are 0, and they have no row."""
    whole = OneCell(tmp_path / "all", epoch=rule, epochs=4)
    some = OneCell(tmp_path / "chosen", epoch=rule, epochs=4, keep="chosen")
    for one in (whole, some):
        one.train()
        one.evaluate()
    with np.load(whole.folder / "predictions.npz") as file, np.load(some.folder / "predictions.npz") as beside:
        chosen = file["chosen_epochs"].tolist()
        assert all((file[name] == beside[name]).all() for name in file.files)
    assert scores_of(some) == [row for row in scores_of(whole) if int(row["epoch"]) == chosen[int(row["seed"]) - 1]]
    with np.load(whole.folder / "confusion.npz") as file, np.load(some.folder / "confusion.npz") as beside:
        for turn, (all_, kept) in enumerate(zip(file["counts"], beside["counts"], strict=True)):
            assert [epoch for epoch, counts in enumerate(kept, 1) if counts.any()] == [chosen[turn]]
            assert (kept[chosen[turn] - 1] == all_[chosen[turn] - 1]).all()
    read = read_cells({"cell": some.folder}, [{"name": "cell", "parameters": some.parameters}])
    seeds, _ = score_cells(read, 0.95)
    there = [chosen[turn] == 4 for turn in (0, 1)]
    assert seeds["last_n_correct"].notna().tolist() == seeds["last_accuracy"].notna().tolist() == there


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "odd_components.Tied"},
        {"model": "cnn", "batch_norm": True, "dropout": 0.5},
        {"model": "odd_components.Lazy"},
        {"loss": "odd_components.MovingLoss"},
    ],
    ids=str,
)
def test_the_model_and_the_loss_come_back_as_they_were_saved(tmp_path, changes):
    """Buffers, tied weights, sizes inferred from the images, a loss with a state: on the validation images, evaluate
    gives the metrics of the validation."""
    cell = OneCell(tmp_path, seeds=[1], train_fraction=0.5, **changes)
    images, labels = images_of_classes(300)
    _, validation = split(300, 0.5, seed=1)
    cell.prepare((images, labels), (images[validation], labels[validation]))
    cell.train()
    cell.evaluate()
    for row, known in zip(scores_of(cell), cell.rows(), strict=True):
        assert (row["test_loss"], row["test_accuracy"]) == (known["validation_loss"], known["validation_accuracy"])


def test_a_users_model_that_fails_is_reported_in_one_line(trained):
    trained.parameters = canonical(model="odd_components.Base", seeds=[1], epochs=1)
    refused(trained, "has seed1/epoch1/layers.0.bias, which the cell's model does not have")
    trained.parameters = canonical(model="odd_components.Bases", seeds=[1], epochs=1)
    with pytest.raises(UserError, match=r"^cell cell: model: odd_components.Bases: odd_components has no Bases$"):
        trained.evaluate()


def test_history_comes_back_as_it_was_written(tmp_path):
    history = [
        HistoryRow(2, 1, 0.1, 0.3, float("nan"), 0.125, 1.0),
        HistoryRow(1, 1, float("inf"), 0.3, 1 / 3, 2 / 3, 1.0),
    ]
    write(tmp_path / "history.csv", history)
    lines = (tmp_path / "history.csv").read_text("utf-8").splitlines()
    assert lines[1:] == ["1,1,,0.3,0.3333333333333333,0.6666666666666666,1.0", "2,1,0.1,0.3,,0.125,1.0"]
    assert read_validation_accuracy(tmp_path / "history.csv") == {1: [2 / 3], 2: [0.125]}
