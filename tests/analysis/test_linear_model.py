"""The linear model of a search: its coefficients, its intervals, and what it leaves out."""

import numpy as np
import pytest

from experiment_grid.analysis import linear_model
from experiment_grid.analysis.cell_results import CellResults
from experiment_grid.config.sampling import draw

SAMPLE = {
    "number": 60,
    "learning_rate": {"log_uniform": [1e-4, 1e-1]},
    "dropout": {"uniform": [0, 0.5]},
    "hidden": {"choice": [[64], [128, 64]]},
}
AXES = {axis: next(iter(drawn.items())) for axis, drawn in SAMPLE.items() if axis != "number"}
SETTINGS = {"searches": [{"name": "search", "seed": 1, "axes": AXES, "cells": []}]}


def fit(monkeypatch, accuracies, cells, settings=SETTINGS):
    """The model of cells whose mean accuracies are given."""
    monkeypatch.setattr(linear_model.measures, "accuracy", lambda _: type("M", (), {"means": np.array(accuracies)}))
    return linear_model.fit(settings, cells, 0.95)


def drawn_cells(**more):
    values = draw(SAMPLE).values()
    return [
        CellResults(f"c{place}", {"seeds": [1], "device": "cpu", **one, **more}) for place, one in enumerate(values)
    ]


def accuracy_of(cell):
    place = (np.log10(cell.parameters["learning_rate"]) + 2.5) / 1.5
    return 0.95 + 0.01 * place - 0.04 * place**2 - 0.02 * cell.parameters["dropout"] + 0.005 * len(
        cell.parameters["hidden"]
    )  # fmt: skip


def test_it_finds_the_coefficients_that_the_cells_are_made_with(monkeypatch):
    cells = drawn_cells(batch_size=32)
    generator = np.random.default_rng(1)
    found = fit(monkeypatch, [accuracy_of(cell) + generator.normal(0, 1e-4) for cell in cells], cells)
    rows = {(row["factor"], row["term"]): row for row in found.table.to_dict("records")}
    expected = {
        ("learning_rate", "change"): 0.02,
        ("learning_rate", "middle"): 0.04,
        ("dropout", "change"): -0.01,
        ("dropout", "middle"): 0.0,
        ("hidden", "change"): 0.005,
    }
    assert rows.keys() == expected.keys()
    for key, value in expected.items():
        assert rows[key]["difference"] == pytest.approx(value, abs=3e-4)
        assert rows[key]["low"] < value < rows[key]["high"]
    assert found.r_squared > 0.999 and found.cells == 60 and found.left_out == []
    first = rows["learning_rate", "change"]
    assert (first["from_value"], first["to_value"]) == ("0.0001", "0.1")
    assert rows["hidden", "change"]["to_value"] == "128-64"


def test_its_intervals_hold_together(monkeypatch):
    cells = drawn_cells()
    generator = np.random.default_rng(3)
    held = 0
    for _ in range(200):
        scale = [0.002 * (1 + 3 * cell.parameters["dropout"]) for cell in cells]  # noise that differs between cells
        table = fit(monkeypatch, 0.9 + generator.normal(0, scale), cells).table
        held += ((table["low"] <= 0) & (table["high"] >= 0)).all()
    assert held >= 0.92 * 200  # 95 % less two standard errors of 200 pages


def test_a_factor_that_follows_another_is_named(monkeypatch):
    cells = drawn_cells()
    for cell in cells:
        cell.parameters["batch_size"] = 32 * len(cell.parameters["hidden"])
    found = fit(monkeypatch, [*map(accuracy_of, cells)], cells)
    assert found.left_out == ["batch_size"] and "batch_size" not in [*found.table["factor"]]


def test_cells_without_the_factor_take_part(monkeypatch):
    cells = drawn_cells(model="mlp")
    for cell in cells[::3]:
        cell.parameters |= {"model": "linear"}
        del cell.parameters["dropout"], cell.parameters["hidden"]
    accuracies = [0.9 if cell.parameters["model"] == "linear" else accuracy_of(cell) for cell in cells]
    found = fit(monkeypatch, accuracies, cells)
    assert {"model", "dropout", "hidden", "learning_rate"} == {*found.table["factor"]}


@pytest.mark.parametrize("number", [1, 6])
def test_too_few_cells_have_no_model(monkeypatch, number):
    found = fit(monkeypatch, np.linspace(0.5, 0.9, number), drawn_cells()[:number])
    assert found.table.empty and found.r_squared is None
    assert [*found.table.columns] == linear_model.COLUMNS


def test_without_a_search_there_is_none(monkeypatch):
    cells = drawn_cells()
    assert fit(monkeypatch, [*map(accuracy_of, cells)], cells, {}).table.empty
