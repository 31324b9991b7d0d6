"""Trainings that fail, on a data set of the user's whose test images are all of one class: the page is complete."""

import json
import math

import numpy as np
import pytest
import yaml
from project import copy_project, snakemake
from sklearn.datasets import load_digits
from tables import rows

from experiment_grid.data import idx

CELLS = [
    {"name": "diverges", "learning_rate": 1000, "hidden": [64, 64, 64], "seeds": [1]},
    {"name": "never-learns", "learning_rate": 1e-30, "seeds": [1]},
]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A run of two failing cells on 300 training images of three classes and 60 test images of class 0."""
    project = copy_project(tmp_path_factory.mktemp("project"))
    digits = load_digits(n_class=3)
    images, labels = (digits.images * 15.9375).astype(np.uint8), digits.target.astype(np.uint8)
    zeros = np.flatnonzero(labels == 0)[:60]
    rest = np.setdiff1d(np.arange(len(labels)), zeros)[:300]
    (project / "mine").mkdir()
    for part, chosen in (("train", rest), ("t10k", zeros)):
        idx.store([idx.encode(images[chosen])], project / f"mine/{part}-images-idx3-ubyte.gz")
        idx.store([idx.encode(labels[chosen])], project / f"mine/{part}-labels-idx1-ubyte.gz")
    config = yaml.safe_load((project / "config/small.yaml").read_text())
    config |= {"dataset": {"name": "mine", "path": "mine"}, "cells": CELLS}
    config |= {"baseline": "never-learns", "final": "diverges"}
    (project / "config/small.yaml").write_text(yaml.safe_dump(config))
    done = snakemake(project)
    assert done.returncode == 0, done.stdout + done.stderr
    return project / "results"


def by_cell(path):
    return {row["cell"]: row for row in rows(path)}


def test_a_diverged_cell_keeps_its_row_and_has_no_metrics(results):
    run = json.loads((results / "cells/diverges/run.json").read_text())
    assert (run["status"], run["seeds"]["1"]["status"]) == ("diverged", "diverged")
    history = (results / "cells/diverges/history.csv").read_text().splitlines()
    assert len(history) == 1 + 2
    assert "nan" not in "".join(history) and "inf" not in "".join(history)
    row = by_cell(results / "comparison.csv")["diverges"]
    assert (row["status"], row["seeds"], row["seeds_ok"], row["test_accuracy"]) == ("diverged", "1", "0", "")


def test_a_cell_that_never_learns_has_its_true_metrics(results):
    row = by_cell(results / "comparison.csv")["never-learns"]
    assert (row["status"], row["seeds_ok"]) == ("ok", "1")
    with np.load(results / "cells/never-learns/predictions.npz") as file:
        right = (file["log_probabilities"][0].argmax(axis=1) == file["labels"]).mean()
    assert math.isclose(float(row["test_accuracy"]), right)
    # One class in the test set: the macro means hold zeros for classes that are predicted and absent, and no NaN.
    assert 0 <= float(row["test_precision_macro"]) <= float(row["test_recall_macro"]) <= 1


def test_the_page_is_complete_and_says_what_happened(results):
    page = (results / "report.html").read_text("utf-8")
    assert "stopped being" in page
    assert "The final cell left no model whose errors could be shown." in page
    assert all(f"<bdi>{cell['name']}</bdi>" in page for cell in CELLS)
    for wrong in (">nan<", ">NaN<", ">inf<", ">None<", "nan %"):
        assert wrong not in page
