"""Verdicts on claims: all pairs of a factor decide that meet the claim's condition."""

import numpy as np
import pytest
from simulated_cells import make_cells, make_timing

from experiment_grid.analysis.cell_results import CellResults, read_cells
from experiment_grid.analysis.claims import asked, judge
from experiment_grid.analysis.effects import find_effects
from experiment_grid.analysis.factor_pairs import Pair
from experiment_grid.analysis.scores import score_cells
from experiment_grid.analysis.times import read_timing
from experiment_grid.analysis.verdicts import depends_on, evidence, tendency, verdict

RATES = (0.001, 0.01, 0.1)


def found(differences, values=None, **parameters):
    """Evidence on pairs of learning rates from differences; 0 is not decided."""
    made = []
    for place, difference in enumerate(differences):
        first, second = (values or [RATES[:2]] * len(differences))[place]
        given = {key: options[place] for key, options in parameters.items()}
        cells = [CellResults(f"{rate}-{place}", given | {"learning_rate": rate}) for rate in (first, second)]
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
        ([], "not tested", "not tested", "not tested"),
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
    assert several == "on either batch size (32 up, 64 down) or epochs (3 up, 9 down); these pairs cannot separate them"
    assert depends_on(found([1, -1])) == "on something that these pairs do not show"


def test_a_single_setting_that_separates_pairs_is_not_called_the_cause():
    """Batch size alone separates the three, but they differ in epochs too."""
    three = depends_on(found([1, 1, -1], batch_size=[32, 32, 64], epochs=[3, 9, 9]))
    assert three.startswith("on batch size (32 up, 64 down)")
    assert "of single factors only this one separates the pairs, which differ in epochs too" in three


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
    assert judged(made, where={"epochs": [7]})["verdict"] == "not tested"
    assert len(judged(made)["evidence"]) == 2


def test_listed_values_are_the_claims_order(made):
    down = judged(made, direction="lower", where={"learning_rate": [0.01, 0.001], "epochs": [1]})
    assert down["verdict"] == "confirmed"
    assert (down["evidence"][0]["from"], down["evidence"][0]["to"]) == ("0.01-1", "0.001-1")


def test_a_claim_about_each_of_several_factors_needs_each(made):
    both = ["learning_rate", "epochs"]
    assert judged(made, direction="different", factor=both)["verdict"] == "confirmed"
    assert judged(made, direction="different", factor=[*both, "device"])["verdict"] == "not decided"
    assert judged(made, direction="different", factor=["device"])["verdict"] == "not tested"
    text = judged(made, direction="different", factor=[*both, "device"])["text"]
    assert "Not tested: device." in text and "up" not in text.partition("Not tested")[2]


def test_a_verdict_that_rests_on_one_pair_says_under_which_condition(made):
    alone = judged(made, where={"epochs": [1]})
    assert alone["scope"] == "one pair" and "Tested with epochs 1 only." in alone["text"]
    assert judged(made)["scope"] is None and "Tested with" not in judged(made)["text"]


TIMED = {
    "deep": ({"hidden": [256, 128, 64], "epochs": 2}, 4.0),
    "shallow": ({"hidden": [128, 64], "epochs": 2}, 4.0),
    "plain": ({"hidden": [256, 128, 64], "epochs": 2, "normalize": False}, 4.0),
    "long": ({"hidden": [256, 128, 64], "epochs": 3}, 4.0),
    "wide-batch": ({"hidden": [256, 128, 64], "epochs": 2, "batch_size": 128}, 4.0),
}
STEPS = {"deep": 3e-4, "shallow": 2e-4, "plain": 3e-4, "long": 3e-4, "wide-batch": 4e-4}


@pytest.fixture(scope="module")
def timed(tmp_path_factory):
    """A function that judges a claim on time: by the timing of the CPU, and of a GPU and a DataLoader where given."""
    results = tmp_path_factory.mktemp("timed")
    settings = make_cells(results, TIMED)
    cells = read_cells({cell["name"]: results / "cells" / cell["name"] for cell in settings}, settings)
    seeds = score_cells(cells, 0.95)[0]

    def judge_claim(more=None, **claim):
        seconds = {(name, "cpu", "trainer"): step for name, step in STEPS.items()} | (more or {})
        timing = read_timing(*make_timing(results, settings, seconds, shared={"long": "deep"}))
        base = {"claim": "c", "says": "So.", "source": "figures", "quote": None, "measure": "train_seconds"}
        base |= {"direction": "higher", "where": {}, "where_ours_differs": None} | claim
        effects = judge_claim.effects = find_effects(cells, seeds, None, 0.95, asked({"claims": [base]}), timing)
        return judge(cells, effects, {"claims": [base]})[0]

    return judge_claim


def test_claims_on_time_are_decided_by_steps_measured_alone(timed):
    depth = timed(factor=["depth"])
    assert depth["verdict"] == "confirmed"
    (row,) = depth["evidence"]
    assert (row["from"], row["to"], row["agrees"]) == ("shallow", "deep", True)
    assert 1.4 < row["ratio_low"] < row["ratio"] < row["ratio_high"] < 1.6 and row["difference"] is None
    assert timed(factor=["depth"], direction="lower")["verdict"] == "refuted"


def test_equal_times_are_not_decided(timed):
    claim = timed(factor=["normalize"])
    assert claim["verdict"] == "not decided" and "Time of all steps from plain to deep: ×\u202f1" in claim["text"]
    assert claim["evidence"][0]["ratio_low"] < 1 < claim["evidence"][0]["ratio_high"]


def test_more_of_the_same_steps_is_arithmetic(timed):
    """`long` shares the measurement of `deep`, so their ratio is exact."""
    claim = timed(factor=["epochs"])
    assert claim["verdict"] == "confirmed" and claim["text"].startswith("One pair, the ratio computed.")
    row = claim["evidence"][0]
    assert row["ratio_low"] == row["ratio"] == row["ratio_high"] == pytest.approx(1.5)
    assert row["decided"] and row["p_adjusted"] is None and row["basis"] == "same step"
    same = timed(factor=["epochs"], measure="seconds_per_epoch", direction="different")
    assert same["verdict"] == "not decided" and same["evidence"][0]["ratio"] == 1


def test_the_table_has_the_ratio_that_the_conclusion_has(timed):
    """The time of all steps and its interval are the same in effects.csv and in the claim."""
    for factor in ("depth", "epochs"):
        claim, effects = timed(factor=[factor], direction="different"), timed.effects
        row = effects.table[effects.table["factor"] == factor].iloc[0]
        ratio = claim["evidence"][0]["ratio"]
        turned = claim["evidence"][0]["from"] != row["from"]
        assert row["time_ratio"] == pytest.approx(1 / ratio if turned else ratio)
        ends = sorted((row["time_low"], row["time_high"]))
        known = [claim["evidence"][0][f"ratio_{end}"] for end in ("low", "high")]
        assert ends == pytest.approx(sorted(1 / one for one in known) if turned else known)
    unasked = effects.table[effects.table["factor"] == "normalize"].iloc[0]
    assert unasked["time_ratio"] == pytest.approx(1, abs=0.1) and np.isnan(unasked["time_low"])


def test_a_training_has_as_many_steps_as_its_batches(timed):
    """A step of twice as many images takes a third longer, so an epoch a third less."""
    claim = timed(factor=["batch_size"], direction="lower")
    assert claim["verdict"] == "confirmed"
    assert claim["evidence"][0]["ratio"] == pytest.approx(4 / 3 * 375 / 750, rel=0.05)


def test_a_claim_on_the_loader_is_judged_by_its_own_times(timed):
    claim = {"measure": "loader_seconds", "factor": ["normalize"]}
    assert timed(**claim)["text"] == "Not measured here: torchvision has no such data set."
    assert timed(**claim)["verdict"] == "not tested"
    more = {("deep", "cpu", "loader"): 6e-3, ("deep", "cpu", "loader, normalized"): 9e-3}
    judged = timed(more, **claim)
    assert judged["verdict"] == "confirmed"
    assert judged["evidence"][0]["to"] == "DataLoader, ToTensor, Normalize, CPU"
    assert "Without results" not in judged["text"]


def test_cpu_against_gpu(timed):
    claim = {"factor": ["device"], "direction": "largest"}
    alone = timed(**claim)
    assert alone["verdict"] == "not tested" and alone["text"].startswith("Not measured here: there was no GPU")
    fast = {(name, "cuda", "trainer"): step / 20 for name, step in STEPS.items() if name != "long"}
    judged = timed(fast, **claim)
    assert judged["verdict"] == "confirmed" and "The largest effect of another factor" in judged["text"]
    assert {row["from"] for row in judged["evidence"]} >= {"deep, CPU"} and len(judged["evidence"]) == 4
    alike = {(name, "cuda", "trainer"): step for name, step in STEPS.items() if name != "long"}
    assert timed(alike, **claim)["verdict"] == "refuted"
    assert timed(fast, factor=["device"], direction="lower")["verdict"] == "confirmed"


def test_times_are_in_the_one_family(timed, tmp_path):
    """Each comparison of times counts as one comparison of the page."""
    settings = make_cells(tmp_path, TIMED)
    cells = read_cells({cell["name"]: tmp_path / "cells" / cell["name"] for cell in settings}, settings)
    seeds, timing = score_cells(cells, 0.95)[0], read_timing(*make_timing(tmp_path, settings))
    without = find_effects(cells, seeds, None, 0.95).tests
    assert find_effects(cells, seeds, None, 0.95, [("train_seconds", "depth")], timing).tests == without + 1


def test_losses_of_different_functions_are_not_compared(tmp_path):
    settings = make_cells(tmp_path, {"a": ({}, 4.0), "b": ({"loss": "mse"}, 4.0)})
    cells = read_cells({cell["name"]: tmp_path / "cells" / cell["name"] for cell in settings}, settings)
    claim = judged((cells, score_cells(cells, 0.95)[0]), measure="train_loss", factor=["loss"], direction="different")
    assert claim["verdict"] == "not tested" and claim["evidence"][0]["difference"] is None
    assert "different loss functions" in claim["text"]


def test_single_runs_decide_no_claim(tmp_path):
    settings = make_cells(tmp_path, seeds=(1,), images=2000)
    cells = read_cells({cell["name"]: tmp_path / "cells" / cell["name"] for cell in settings}, settings)
    claim = judged((cells, score_cells(cells, 0.95)[0]), factor=["normalize"])
    assert claim["verdict"] == "not decided" and "single run" in claim["text"]
    assert not np.isnan(claim["evidence"][0]["difference"])
