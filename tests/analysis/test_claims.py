"""Verdicts on claims: all pairs of a factor decide, under the claim's condition."""

import numpy as np
import pytest
from simulated_cells import make_cells

from experiment_grid.analysis.cells import Cell, read_cells
from experiment_grid.analysis.claims import asked, judge
from experiment_grid.analysis.effects import find_effects
from experiment_grid.analysis.factors import Pair
from experiment_grid.analysis.scores import score_cells
from experiment_grid.analysis.verdicts import depends_on, evidence, tendency, verdict

RATES = (0.001, 0.01, 0.1)


def found(differences, values=None, **parameters):
    """Evidence on pairs of learning rates from differences; 0 is not decided."""
    made = []
    for place, difference in enumerate(differences):
        first, second = (values or [RATES[:2]] * len(differences))[place]
        given = {key: options[place] for key, options in parameters.items()}
        cells = [Cell(f"{rate}-{place}", given | {"learning_rate": rate}) for rate in (first, second)]
        row = {"difference": difference, "low": 0, "high": 0, "p_adjusted": 0, "decided": difference != 0}
        row["basis"] = "seeds and images"
        made.append(evidence(Pair("learning_rate", 0, 1, first, second), row, cells))
    return made


@pytest.mark.parametrize(
    ("differences", "higher", "lower", "different"),
    [
        ([1, 1], "confirmed", "refuted", "confirmed"),
        ([1, 0], "confirmed", "refuted", "confirmed"),
        ([0, -1], "refuted", "confirmed", "confirmed"),
        ([1, -1], "depends", "depends", "confirmed"),
        ([0, 0], "not decided", "not decided", "not decided"),
        ([], "not decided", "not decided", "not decided"),
    ],
)
def test_verdicts_by_the_signs_of_decided_pairs(differences, higher, lower, different):
    pairs = found(differences)
    assert [verdict(pairs, one) for one in ("higher", "lower", "different")] == [higher, lower, different]


def test_directions_run_from_the_lower_value():
    up = found([-1], [(0.1, 0.01)])
    assert (up[0].first_value, up[0].row["difference"], tendency(up)) == (0.01, 1, "higher")


def test_values_without_an_order_differ_and_depend_only_within_the_same_two():
    assert tendency(found([1, -1], [("mse", "nll"), ("nll", "hinge")])) == "different"
    assert tendency(found([1, -1], [("mse", "nll"), ("mse", "nll")])) == "depends"


def test_on_what_a_direction_depends():
    assert depends_on(found([1, -1], batch_size=[32, 64])) == "on batch size (32 up, 64 down)"
    own = depends_on(found([1, -1], [RATES[:2], RATES[1:]], batch_size=[32, 32]))
    assert own == "on its own values (0.001 to 0.01 up, 0.01 to 0.1 down)"
    several = depends_on(found([1, -1], batch_size=[32, 64], epochs=[3, 9]))
    assert several.startswith("on one of 2, and these pairs cannot tell on which: batch size (32 up, 64 down)")
    assert depends_on(found([1, -1])) == "on what, these pairs do not show"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    results = tmp_path_factory.mktemp("results")
    grid = {
        f"{rate}-{epochs}": ({"learning_rate": rate, "epochs": epochs}, skill)
        for (rate, epochs), skill in {(0.001, 1): 2, (0.01, 1): 4.5, (0.001, 2): 3, (0.01, 2): 2}.items()
    }
    settings = make_cells(results, grid, images=1500)
    cells = read_cells({cell["name"]: results / "cells" / cell["name"] for cell in settings}, settings)
    return cells, score_cells(cells, 0.95)[0]


def judged(made, confidence=0.95, **claim):
    base = {"claim": "c", "says": "It is so.", "source": "figures", "quote": None, "measure": "test_accuracy"}
    base |= {"direction": "higher", "factor": ["learning_rate"], "where": {}, "where_ours_differs": None} | claim
    effects = find_effects(*made, None, confidence, asked({"claims": [base]}))
    return judge(made[0], effects, {"claims": [base]})[0]


def test_a_condition_says_where_a_claim_holds(made):
    assert judged(made)["verdict"] == "depends"
    assert "depends on epochs (1 up, 2 down)" in judged(made)["text"]
    assert judged(made, where={"epochs": [1]})["verdict"] == "confirmed"
    assert judged(made, where={"epochs": [2]})["verdict"] == "refuted"
    assert judged(made, where={"epochs": [7]})["verdict"] == "not decided"
    assert len(judged(made)["evidence"]) == 2


def test_listed_values_are_the_claims_order(made):
    down = judged(made, direction="lower", where={"learning_rate": [0.01, 0.001], "epochs": [1]})
    assert down["verdict"] == "confirmed"
    assert (down["evidence"][0]["from"], down["evidence"][0]["to"]) == ("0.01-1", "0.001-1")


def test_a_claim_about_each_of_several_factors_needs_each(made):
    both = ["learning_rate", "epochs"]
    assert judged(made, direction="different", factor=both)["verdict"] == "confirmed"
    assert judged(made, direction="different", factor=[*both, "device"])["verdict"] == "not decided"


def test_times_are_described_and_never_judged(made):
    for direction in ("higher", "lower", "different", "largest"):
        claim = judged(made, measure="train_seconds", direction=direction, factor=["epochs"])
        assert claim["verdict"] == "not decided"
        assert "nothing is decided from them" in claim["text"] and "× the time of" in claim["text"]
        assert all(row["low"] is None and row["agrees"] is None for row in claim["evidence"])


def test_losses_of_different_functions_are_not_compared(tmp_path):
    settings = make_cells(tmp_path, {"a": ({}, 4.0), "b": ({"loss": "mse"}, 4.0)})
    cells = read_cells({cell["name"]: tmp_path / "cells" / cell["name"] for cell in settings}, settings)
    claim = judged((cells, score_cells(cells, 0.95)[0]), measure="train_loss", factor=["loss"], direction="different")
    assert claim["verdict"] == "not decided" and claim["evidence"][0]["difference"] is None


def test_single_runs_decide_no_claim(tmp_path):
    settings = make_cells(tmp_path, seeds=(1,), images=2000)
    cells = read_cells({cell["name"]: tmp_path / "cells" / cell["name"] for cell in settings}, settings)
    claim = judged((cells, score_cells(cells, 0.95)[0]), factor=["normalize"])
    assert claim["verdict"] == "not decided" and "single run" in claim["text"]
    assert not np.isnan(claim["evidence"][0]["difference"])
