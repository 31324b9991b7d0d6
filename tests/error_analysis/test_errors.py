"""The errors stage as a whole: a linear network, trained by scikit-learn on the digits, beside simulated cells."""

import json
import warnings

import numpy as np
import pytest
import torch
from errors import find_errors
from PIL import Image
from safetensors.torch import save_file
from scipy.special import log_softmax
from simulated_cells import make_cells, plan_of
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from tables import strict_json
from trained_cell import canonical

from experiment_grid.data import prepared
from experiment_grid.training import saved_weights

SHEETS = ("atlas", "attribution", "neighbours", "augmented")
OTHERS = {"weak": ({}, 1.0), "strong": ({}, 4.0), "lost": ({}, 4.0), "absent": ({}, 4.0)}
SEEDS = (1, 2, 3)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    results = tmp_path_factory.mktemp("results")
    digits = load_digits()
    images, labels = (digits.images * 15).astype(np.uint8), digits.target.astype(np.uint8)
    train, test = (images[:1297], labels[:1297]), (images[1297:], labels[1297:])
    prepared.write(results / "prepared.safetensors", "digits", [str(k) for k in range(10)], train, test)
    grid = {"final": ({"hidden": [], "normalize": False}, 4.0), **OTHERS}
    cells = make_cells(results, grid, labels=test[1], diverged=("lost",), missing=("absent",))
    model = LogisticRegression(max_iter=1000).fit(train[0].reshape(-1, 64) / 255, train[1])
    weights = {"weight": torch.tensor(model.coef_).float().contiguous(), "bias": torch.tensor(model.intercept_).float()}
    tensors = {
        f"seed{s}/epoch{e}/linear.{name}": w.clone() for s in SEEDS for e in (1, 2, 3) for name, w in weights.items()
    }
    folder = results / "cells/final"
    metadata = {"cell": "final", "format": saved_weights.FORMAT}
    save_file(tensors, folder / "checkpoints.safetensors", metadata=metadata)
    run = json.loads((folder / "run.json").read_text("utf-8"))
    run["recipe"]["settings"]["parameters"] = canonical(model="linear", normalize=False)
    (folder / "run.json").write_text(json.dumps(run), "utf-8")
    logits = test[0].reshape(-1, 64) / 255 @ model.coef_.T + model.intercept_
    log_probabilities = np.tile(log_softmax(logits, axis=1).astype(np.float32), (3, 1, 1))
    facts = {"labels": test[1], "seeds": np.array(SEEDS), "chosen_epochs": np.full(3, 3)}
    np.savez(folder / "predictions.npz", log_probabilities=log_probabilities, **facts)
    return results, cells, logits, test


def run(results, cells, final="final"):
    outputs = {name: results / "errors" / f"{name}.png" for name in SHEETS}
    outputs["record"] = results / "errors/errors.json"
    settings = {"dataset": "digits", "cells": cells, "final": final, "epoch": "last"}
    folders = {cell["name"]: results / "cells" / cell["name"] for cell in cells if cell["name"] != "absent"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        find_errors(
            settings, folders, results / "prepared.safetensors", outputs, plan_of(results, "errors", settings), []
        )
    return strict_json(outputs["record"])


@pytest.fixture(scope="module")
def analysis(made):
    return run(*made[:2])


def test_errors_are_those_of_the_network(made, analysis):
    _, _, logits, (_, labels) = made
    predicted = logits.argmax(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    assert sorted(error["index"] for error in analysis["errors"]) == wrong.tolist()
    assert analysis["wrong"] == analysis["errors_listed"] == analysis["errors_total"] == len(wrong) > 10
    probabilities = np.exp(log_softmax(logits, axis=1))
    for error in analysis["errors"]:
        index = error["index"]
        assert (error["true"], error["predicted"]) == (labels[index], predicted[index])
        assert error["probability"] == pytest.approx(probabilities[index, error["predicted"]], abs=1e-4)
        assert error["true_probability"] == pytest.approx(probabilities[index, error["true"]], abs=1e-4)
        assert len(error["runners_up"]) == 3


def test_worst_come_first(analysis):
    scores = [error["score"] for error in analysis["errors"]]
    assert scores == sorted(scores, reverse=True)
    for error in analysis["errors"]:
        assert error["score"] == pytest.approx(error["probability"] * error["unlikeness"], abs=1e-6)
        assert error["unlikeness"] == pytest.approx(
            1 - analysis["likeness"]["matrix"][error["true"]][error["predicted"]]
        )


def test_attribution_tiles_add_up_to_the_logits(made, analysis):
    """A linear network: the shares of all pixels are the margin less that of the blank image, its biases."""
    results, _, logits, _ = made
    with Image.open(results / "errors/attribution.png") as picture:
        grid = np.asarray(picture).astype(float) - 128
    columns = analysis["attribution"]["columns"]
    biases = run_bias(results)
    for error in analysis["errors"]:
        row, column = divmod(error["attribution"], columns)
        tile = grid[8 * row : 8 * row + 8, 8 * column : 8 * column + 8] * error["attribution_scale"]
        margin = logits[error["index"], error["predicted"]] - logits[error["index"], error["true"]]
        blank = biases[error["predicted"]] - biases[error["true"]]
        assert tile.sum() == pytest.approx(margin - blank, abs=64 * error["attribution_scale"])


def run_bias(results):
    from safetensors import safe_open

    with safe_open(results / "cells/final/checkpoints.safetensors", "numpy") as file:
        return file.get_tensor("seed1/epoch3/linear.bias")


def test_nearest_images_are_training_images_of_their_class(analysis):
    labels = load_digits().target[:1297]
    for error in analysis["errors"]:
        for name, k in (("nearest_predicted", error["predicted"]), ("nearest_true", error["true"])):
            near = error[name]
            assert labels[near["index"]] == k
            assert analysis["neighbours"]["indices"][near["tile"]] == near["index"]


def test_atlas_shows_what_any_cell_got_wrong(made, analysis):
    results, _, _, (images, _) = made
    shown = analysis["atlas"]["images"]
    assert analysis["atlas"]["complete"] and len(shown) == len(set(shown)) == analysis["atlas"]["wanted"]
    assert {error["index"] for error in analysis["errors"]} <= set(shown)
    assert {item["index"] for item in analysis["right"]} <= set(shown)
    assert {item["index"] for item in analysis["hard"]} <= set(shown)
    with Image.open(results / "errors/atlas.png") as picture:
        grid = np.asarray(picture)
    row, column = divmod(3, analysis["atlas"]["columns"])
    assert (grid[8 * row : 8 * row + 8, 8 * column : 8 * column + 8] == images[shown[3]]).all()


def test_diverged_cells_do_not_count(analysis):
    assert all(item["cells"] == 3 for item in analysis["hard"])


def test_the_same_results_give_the_same_bytes(made, analysis):
    files = [made[0] / "errors" / f"{name}.png" for name in SHEETS]
    before = [file.read_bytes() for file in files]
    again = run(*made[:2])
    assert [file.read_bytes() for file in files] == before
    assert again["errors"] == analysis["errors"]


@pytest.mark.parametrize("final", ["lost", "absent"])
def test_without_a_model_of_the_final_cell_the_others_images_are_shown(made, final):
    analysis = run(*made[:2], final=final)
    assert analysis["errors"] == analysis["right"] == []
    assert analysis["wrong"] is None
    assert analysis["hard"] and analysis["atlas"]["images"]
