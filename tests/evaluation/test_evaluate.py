"""The figures of evaluate, on networks that work, that diverged and that are not there."""

import csv
import re

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from sklearn.metrics import accuracy_score, confusion_matrix, log_loss
from trained_cell import OneCell, images_of_classes

from experiment_grid.evaluation.network import inputs_of, predict
from experiment_grid.evaluation.scores import chosen_epoch, confusion
from experiment_grid.runtime.errors import UserError
from experiment_grid.training import checkpoints
from experiment_grid.training.checkpoints import Checkpoints
from experiment_grid.training.history import Row, read_validation_accuracy, write
from experiment_grid.training.metrics import accuracy, mean_loss


@pytest.fixture(scope="module")
def cell(tmp_path_factory):
    cell = OneCell(tmp_path_factory.mktemp("evaluated"), epoch="validation", epochs=4)
    cell.train()
    cell.evaluate()
    return cell


def scores_of(cell):
    with (cell.folder / "evaluation.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_figures_are_scikit_learns(cell):
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
    rows = {(row["seed"], row["epoch"]): row for row in scores_of(cell)}
    assert len(rows) == 8
    for index, (seed, epoch) in enumerate(zip(predictions["seeds"], predictions["chosen_epochs"], strict=True)):
        log_probabilities = predictions["log_probabilities"][index]
        predicted = log_probabilities.argmax(axis=1)
        row = rows[str(seed), str(epoch)]
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
    rows = scores_of(diverged)
    assert len(rows) == 3
    assert rows[-1]["test_loss"] == ""
    assert 0 <= float(rows[-1]["test_accuracy"]) <= 1
    with np.load(diverged.folder / "confusion.npz") as file:
        assert (file["counts"].sum(axis=(2, 3)) == 100).all()


def test_nan_answers_count_as_the_first_class():
    logits = np.full((5, 3), np.nan, np.float32)
    labels = np.array([0, 0, 1, 2, 2], np.uint8)
    assert accuracy(logits, labels) == 0.4
    assert confusion(logits, labels).tolist() == [[2, 0, 0], [1, 0, 0], [2, 0, 0]]
    assert np.isnan(mean_loss(logits, labels, "nll"))


def test_nan_weights_and_overflow_give_nan_quietly(recwarn):
    images = images_of_classes(5)[0]
    weights = [np.full((3, 30), 1e38, np.float32), np.zeros(3, np.float32)]
    assert not np.isfinite(predict(weights, inputs_of(images, False), "relu")).any()
    weights[1][:] = np.nan
    assert np.isnan(predict(weights, inputs_of(images, True), "relu")).all()
    assert not recwarn.list


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
        ({"cell": "other", "format": "1"}, 'belongs to cell "other", wanted is "cell"'),
        ({"cell": "cell", "format": "0"}, 'has format "0", readable is "1"'),
        (None, 'has format null, readable is "1"'),
    ],
)
def test_checkpoints_from_elsewhere_are_refused(trained, metadata, match):
    save_file(load_file(trained.checkpoints), trained.checkpoints, metadata)
    refused(trained, match)


@pytest.mark.parametrize(
    ("replacement", "match"),
    [
        (torch.zeros(3, 30), r"seed1/epoch1/layer0.weight has shape \[3, 30\], the cell's network needs \[16, 30\]"),
        (torch.zeros(16, 30, dtype=torch.float16), "seed1/epoch1/layer0.weight holds F16, wanted is F32"),
        (None, "has no seed1/epoch1/layer0.weight"),
    ],
)
def test_weights_of_another_network_are_refused(trained, replacement, match):
    tensors = load_file(trained.checkpoints)
    del tensors["seed1/epoch1/layer0.weight"]
    if replacement is not None:
        tensors["seed1/epoch1/layer0.weight"] = replacement
    save_file(tensors, trained.checkpoints, {"cell": "cell", "format": "1"})
    refused(trained, match)


def test_a_damaged_file_is_refused(trained):
    content = trained.checkpoints.read_bytes()
    for damage in (content[:100], b"", content[: len(content) // 2], b"PK" + content[2:]):
        trained.checkpoints.write_bytes(damage)
        refused(trained, "is no safetensors file or a damaged one")


def test_checkpoints_come_out_the_same_every_time(tmp_path):
    tensors = {f"seed1/epoch{epoch}/layer0.bias": torch.arange(3.0) for epoch in (1, 2, 10)}
    contents = set()
    for _ in range(8):  # the metadata's order is drawn at random each time
        checkpoints.save(tmp_path / "file", "a-cell", tensors)
        contents.add((tmp_path / "file").read_bytes())
    assert len(contents) == 1


def test_networks_come_back_as_they_were_saved(tmp_path):
    network = [torch.rand(4, 6), torch.rand(4)]
    checkpoints.save(tmp_path / "file", "a-cell", dict(zip(checkpoints.names(7, 12, 2), network, strict=True)))
    read = Checkpoints(tmp_path / "file", "a-cell", [6, 4]).network(7, 12)
    for found, wanted in zip(read, network, strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_history_comes_back_as_it_was_written(tmp_path):
    rows = [Row(2, 1, 0.1, 0.3, float("nan"), 0.125, 1.0), Row(1, 1, float("inf"), 0.3, 1 / 3, 2 / 3, 1.0)]
    write(tmp_path / "history.csv", rows)
    lines = (tmp_path / "history.csv").read_text("utf-8").splitlines()
    assert lines[1:] == ["1,1,,0.3,0.3333333333333333,0.6666666666666666,1.0", "2,1,0.1,0.3,,0.125,1.0"]
    assert read_validation_accuracy(tmp_path / "history.csv") == {1: [2 / 3], 2: [0.125]}
