"""Scores of single models, and the tables that hold them."""

import warnings

import numpy as np
import pytest
from simulated_cells import make_cells
from sklearn.metrics import classification_report, f1_score

from experiment_grid.analysis.cell_results import read_cells, representative
from experiment_grid.analysis.comparison_table import comparison_table
from experiment_grid.analysis.scores import class_scores, score_cells, summary


def counts_of(true, predicted, n_classes):
    counts = np.zeros((1, n_classes, n_classes), int)
    np.add.at(counts[0], (true, predicted), 1)
    return counts


def test_scores_from_counts_are_those_from_images():
    generator = np.random.default_rng(5)
    true = generator.integers(0, 5, 300)
    predicted = np.where(generator.random(300) < 0.7, true, generator.integers(0, 5, 300))
    report = classification_report(true, predicted, output_dict=True)
    scores = class_scores(counts_of(true, predicted, 5))
    for k in range(5):
        for name, theirs in (
            ("precision", "precision"),
            ("recall", "recall"),
            ("f1", "f1-score"),
            ("support", "support"),
        ):
            assert scores[name][0, k] == pytest.approx(report[str(k)][theirs])
    means = summary(scores)
    assert means["f1_macro"][0] == pytest.approx(report["macro avg"]["f1-score"])
    assert means["precision_macro"][0] == pytest.approx(report["macro avg"]["precision"])
    assert means["f1_weighted"][0] == pytest.approx(report["weighted avg"]["f1-score"])


def test_a_class_that_is_never_predicted_scores_0_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = class_scores(np.array([[[5, 0, 0], [2, 0, 0], [1, 0, 4]]]))
    assert scores["precision"][0, 1] == scores["recall"][0, 1] == scores["f1"][0, 1] == 0
    assert summary(scores)["f1_macro"] < 0.7


def test_a_test_set_of_one_class():
    scores = class_scores(counts_of(np.full(10, 2), np.array([2] * 9 + [0]), 4))
    assert np.isnan(scores["f1"][0, [1, 3]]).all()
    assert summary(scores)["f1_macro"] == pytest.approx(
        f1_score([2] * 10, [2] * 9 + [0], average="macro", zero_division=0)
    )
    assert summary(class_scores(np.array([[[7, 0], [0, 0]]])))["f1_macro"] == 1


def test_no_test_image_at_all():
    assert np.isnan(summary(class_scores(np.zeros((2, 3, 3), int)))["f1_macro"]).all()


@pytest.mark.parametrize(
    ("accuracy", "ok", "index"),
    [
        ([0.9, 0.8, 0.85], [True] * 3, 2),
        ([0.9, 0.8], [True] * 2, 1),
        ([0.9, 0.9, 0.9], [True] * 3, 1),
        ([0.9, np.nan, 0.8], [True, False, True], 2),
        ([np.nan, np.nan], [False, False], 0),
        ([0.5], [True], 0),
    ],
)
def test_the_representative_is_the_lower_median_by_validation(accuracy, ok, index):
    assert representative(accuracy, np.array(ok)) == index


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    results = tmp_path_factory.mktemp("results")
    settings = make_cells(results, diverged=("mse",), missing=("batch-128",))
    folders = {cell["name"]: results / "cells" / cell["name"] for cell in settings if cell["name"] != "batch-128"}
    cells = read_cells(folders, settings)
    return cells, *score_cells(cells, 0.95)


def test_seeds_table_counts_what_the_predictions_say(made):
    cells, seeds, _ = made
    for cell in (cell for cell in cells if cell.run):
        rows = seeds[seeds["cell"] == cell.name]
        assert rows["n_correct"].tolist() == cell.correct.sum(axis=1).tolist()
        assert rows["representative"].sum() == 1
        assert (rows["accuracy"] - rows["n_correct"] / rows["n_test"]).abs().max() < 1e-12


def test_log_loss_is_the_test_loss_of_nll(made):
    _, seeds, _ = made
    nll = seeds[seeds["cell"] == "normalization"]
    assert nll["log_loss"].to_numpy() == pytest.approx(nll["test_loss"].to_numpy(), rel=1e-5)


def test_classes_table_has_a_row_per_class_and_seed(made):
    _, seeds, classes = made
    assert len(classes) == 10 * len(seeds)
    assert (classes.groupby(["cell", "seed"])["support"].sum() == 400).all()


def test_comparison_keeps_the_row_of_every_cell(made):
    cells, seeds, _ = made
    table = comparison_table(cells, seeds, 0.95).set_index("cell")
    assert table.index.tolist() == [cell.name for cell in cells]
    assert table.loc["batch-128", "status"] == "failed"
    assert table.loc["mse", "status"] == "diverged"
    assert table.loc[["batch-128", "mse"], "test_accuracy"].isna().all()
    assert table.loc["mse", "train_seconds"] > 0
    good = table.drop(["batch-128", "mse"])
    assert (good["test_accuracy_low"] <= good["test_accuracy"]).all()
    assert (good["test_accuracy_high"] <= 1).all()
    own = seeds[seeds["cell"] == "normalization"]["accuracy"]
    assert table.loc["normalization", "test_accuracy"] == pytest.approx(own.mean())
    assert table.loc["normalization", "test_accuracy_sd"] == pytest.approx(own.std())


def test_where_some_seeds_diverged_the_others_count(tmp_path):
    settings = make_cells(tmp_path, {"a": ({}, 4.5)})
    cell = read_cells({"a": tmp_path / "cells" / "a"}, settings)[0]
    cell.ok[1] = False
    cell.status = "diverged"
    seeds, _ = score_cells([cell], 0.95)
    row = comparison_table([cell], seeds, 0.95).iloc[0]
    assert (row["seeds"], row["seeds_ok"]) == (3, 2)
    assert row["test_accuracy"] == pytest.approx(seeds.loc[seeds["status"] == "ok", "accuracy"].mean())


def test_one_seed_has_wilsons_interval(tmp_path):
    settings = make_cells(tmp_path, {"a": ({}, 4.5)}, seeds=(7,))
    cells = read_cells({"a": tmp_path / "cells" / "a"}, settings)
    seeds, _ = score_cells(cells, 0.95)
    row = comparison_table(cells, seeds, 0.95).iloc[0]
    assert row["interval"] == "wilson"
    assert row["test_accuracy_low"] == seeds["accuracy_low"].iloc[0]
    assert np.isnan(row["test_accuracy_sd"])
