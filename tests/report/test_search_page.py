"""The page of a search: which cell was chosen and how, the linear model, and axes of numbers."""

import math
import re

import pandas as pd
import pytest
from simulated_page import make_page

from experiment_grid.config.sampling import draw

SAMPLE = {
    "number": 40,
    "learning_rate": {"log_uniform": [1e-4, 1e-1]},
    "dropout": {"uniform": [0, 0.5]},
    "hidden": {"choice": [[64], [128, 64]]},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("search")
    cells = {f"search-{number:03}": values for number, values in draw(SAMPLE).items()}
    axes = {axis: next(iter(drawn.items())) for axis, drawn in SAMPLE.items() if axis != "number"}
    search = {"name": "search", "seed": 1, "axes": axes, "cells": [*cells]}
    skills = {name: 2.0 - 0.5 * (math.log10(one["learning_rate"]) + 2.5) ** 2 for name, one in cells.items()}
    grid = {name: (one, skills[name]) for name, one in cells.items()}
    make_page(folder, grid=grid, seeds=(1,), images=300, epochs=2, changes={"searches": [search]})
    return folder


@pytest.fixture(scope="module")
def text(folder):
    page = (folder / "report.html").read_text("utf-8")
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", page))


def test_the_cell_is_chosen_by_validation(folder, text):
    table = pd.read_csv(folder / "comparison.csv").set_index("cell")
    chosen = table["validation_accuracy"].idxmax()
    right = f"{100 * table.loc[chosen, 'test_accuracy']:.2f}"
    assert f"{chosen}, chosen by validation accuracy among " in text and f"gets {right}" in text
    assert "Test images had no part in it" in text
    assert "is the most accurate" not in text and "highest mean test accuracy" not in text
    page = (folder / "report.html").read_text("utf-8")
    assert 'class="mark best"' not in page and 'class="mark chosen"' in page


def test_the_model_says_that_it_is_one(folder, text):
    model = pd.read_csv(folder / "comparison/model.csv")
    terms = [
        ("hidden", "change"),
        *((axis, term) for axis in ("dropout", "learning_rate") for term in ("change", "middle")),
    ]
    assert [*zip(model["factor"], model["term"], strict=True)] == terms
    assert "A linear model of the test accuracy of 40 cells" in text and "of the variance (R²)" in text
    assert "learning rate from 0.0001 to 0.1 by its logarithm" in text and "hidden layers 64 or 128-64" in text
    assert "No two cells differ" not in text


def test_axes_of_numbers_have_round_ticks(folder):
    page = (folder / "report.html").read_text("utf-8")
    panel = page[page.index("Test accuracy by learning rate") :].partition("</figure>")[0]
    assert {"0.001", "0.01", "0.1"} <= {*re.findall(r">(0\.0001|0\.001|0\.01|0\.1)<", panel)}
