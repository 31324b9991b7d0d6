"""Calibration of the final cell, against values by hand."""

import numpy as np
import pytest
from simulated_cells import make_cells

from experiment_grid.analysis.calibration import _model, calibration
from experiment_grid.analysis.cell_results import read_cells


def test_four_images_by_hand():
    probabilities = np.array([[0.95, 0.03, 0.02], [0.55, 0.4, 0.05], [0.1, 0.25, 0.65], [0.2, 0.75, 0.05]])
    found = _model(probabilities, np.array([0, 1, 2, 2]))
    gaps = [abs(1 - 0.95), abs(0 - 0.55), abs(1 - 0.65), abs(0 - 0.75)]
    assert found["ece"] == pytest.approx(sum(gaps) / 4)
    squares = (probabilities - np.eye(3)[[0, 1, 2, 2]]) ** 2
    assert found["brier"] == pytest.approx(squares.sum(axis=1).mean())
    assert found["top2_accuracy"] == 0.75


def test_a_model_whose_confidence_is_right_has_no_calibration_error():
    generator = np.random.default_rng(1)
    confidence = generator.uniform(0.5, 1, 20000)
    labels = (generator.random(20000) > confidence).astype(int)
    found = _model(np.stack([confidence, 1 - confidence], axis=1), labels)
    assert found["ece"] < 0.015


@pytest.mark.parametrize("made_of", [{}, {"classes": 2}, {"images": 1}, {"labels": np.full(50, 3, np.uint8)}])
def test_bins_hold_every_answer_of_every_seed(tmp_path, made_of):
    settings = make_cells(tmp_path, {"only": ({}, 3.0)}, **{"images": 300, **made_of})
    cells = read_cells({"only": tmp_path / "cells/only"}, settings)
    found = calibration(cells[0], tmp_path / "cells/only/predictions.npz")
    assert sum(one["images"] for one in found["bins"]) == 3 * len(cells[0].labels)
    assert all(one["low"] <= one["probability"] <= one["high"] + 1e-12 for one in found["bins"])
    right = sum(one["images"] * one["right"] for one in found["bins"])
    assert right == pytest.approx(cells[0].correct.sum())


def test_no_model_no_calibration(tmp_path):
    settings = make_cells(tmp_path, {"only": ({}, 3.0)}, diverged=("only",))
    cells = read_cells({"only": tmp_path / "cells/only"}, settings)
    assert calibration(cells[0], tmp_path / "cells/only/predictions.npz") is None
