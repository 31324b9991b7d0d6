"""The audit of the original report: figures, rows, explanations, claims."""

import pytest
from simulated_cells import make_cells

from experiment_grid.analysis.audit import audit, total_train_loss
from experiment_grid.analysis.cells import read_cells
from experiment_grid.analysis.claims import _sentence, judge
from experiment_grid.analysis.effects import find_effects
from experiment_grid.analysis.scores import score_cells
from experiment_grid.config.reference import load


def row_of(seeds, trained, stated, **changes):
    """A row of a report whose author had trained the cell `trained`: the figures of its middle seed."""
    own = seeds[seeds["cell"] == trained].sort_values("accuracy").iloc[1]
    figures = {
        "train_loss": round(total_train_loss(own["train_loss"], 64, 48000), 4),
        "train_correct": round(own["train_accuracy"] * 48000),
        "train_images": 48000,
        "minutes": 3.0,
        "test_correct": round(own["accuracy"] * 10000),
        "test_images": 10000,
        "test_f1": own["f1_weighted"],
        "test_accuracy": own["accuracy"],
    }
    row = {"row": "a-row", "heading": "A row", "cell": trained, "stated": stated, "figures": figures, "notes": {}}
    return row | changes


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    results = tmp_path_factory.mktemp("results")
    settings = make_cells(results, images=3000, diverged=("mse",), missing=("batch-128",))
    folders = {cell["name"]: results / "cells" / cell["name"] for cell in settings if cell["name"] != "batch-128"}
    cells = read_cells(folders, settings)
    seeds, _ = score_cells(cells, 0.95)
    return cells, seeds, find_effects(cells, seeds, "three-hidden-layers", 0.95).table


def audited(made, rows, times=()):
    cells, seeds, _ = made
    return audit(cells, seeds, {"rows": rows, "times": list(times), "claims": []}, 0.95)


def test_the_originals_unit_of_loss():
    """Its 0.0039 is about the mean loss 0.25 over 64."""
    assert total_train_loss(0.25, 64, 48000) == pytest.approx(0.25 / 64)
    assert total_train_loss(0.25, 64, 42000) == pytest.approx(0.25 * 657 / 42000)


def test_a_row_that_comes_out_as_stated(made):
    result = audited(made, [row_of(made[1], "normalization", {"learning_rate": 0.001})])
    assert result.rows[0]["sure"] == "as stated"
    judged = result.table[result.table["figure"] != "minutes"]
    assert set(judged["verdict"]) == {"consistent"}
    assert judged["nearest_cell"].isna().all()


def test_a_row_that_another_cell_explains(made):
    row = row_of(made[1], "no-normalization", {"learning_rate": 0.005}, cell="three-hidden-layers")
    result = audited(made, [row])
    summary = result.rows[0]
    assert summary["sure"] == "explained"
    assert summary["explained_by"][0]["cell"] == "no-normalization"
    assert summary["explained_by"][0]["differs"]["normalize"] == [True, False]
    assert summary["misfit"] > summary["explained_by"][0]["misfit"]
    assert "no-normalization" in summary["text"]
    line = result.table.set_index("figure").loc["test_correct"]
    assert (line["verdict"], line["nearest_cell"], line["nearest_verdict"]) == (
        "differs",
        "no-normalization",
        "consistent",
    )


@pytest.mark.parametrize(("times", "sure"), [(1.5, "nearly as stated"), (6.0, "unexplained")])
def test_a_row_with_one_figure_outside(made, times, sure):
    """`times` half the width of its interval away from the middle: up to twice is nearly as stated."""
    alone = "four-hidden-layers"
    row = row_of(made[1], alone, {})
    result = audited(made, [row])
    assert result.rows[0]["sure"] == "as stated"
    loss = result.table.set_index("figure").loc["train_loss"]
    middle, half = (loss["low"] + loss["high"]) / 2, (loss["high"] - loss["low"]) / 2
    only = [cell for cell in made[0] if cell.name == alone]
    row["figures"]["train_loss"] = middle + times * half
    summary = audited((only, made[1][made[1]["cell"] == alone], None), [row]).rows[0]
    assert (summary["sure"], summary["consistent"]) == (sure, 2)
    assert "About one of 7 rows of 3 figures" in summary["text"]


def test_cells_with_another_number_of_training_images_explain_nothing(made):
    row = row_of(made[1], "split-60-40", {}, cell="no-normalization")
    names = [fit["cell"] for fit in audited(made, [row]).rows[0]["explained_by"]]
    assert "split-60-40" not in names
    row["figures"]["train_images"] = 36000
    names = [fit["cell"] for fit in audited(made, [row]).rows[0]["explained_by"]]
    assert names == ["split-60-40"]


def test_times_are_ratios_and_never_judged(made):
    row = row_of(made[1], "normalization", {})
    time = {"cell": "normalization", "stated": {}, "minutes": 6.0, "note": None}
    table = audited(made, [row], [time]).table
    minutes = table[table["figure"] == "minutes"]
    assert set(minutes["verdict"]) == {"not judged"}
    ratios = minutes.set_index("row")["ratio"]
    assert ratios["a-row"] == pytest.approx(2 * ratios["times"])


@pytest.mark.parametrize(
    ("cell", "stated"), [("mse", {}), ("batch-128", {}), ("nowhere", {}), ("normalization", {"learning_rate": 7})]
)
def test_without_a_cell_at_the_stated_settings_there_is_no_data(made, cell, stated):
    result = audited(made, [row_of(made[1], "normalization", stated, cell=cell)])
    assert result.rows[0]["sure"] == "no data"
    assert set(result.table["verdict"]) == {"no data"}


def test_without_a_reference_there_is_a_header(made):
    cells, seeds, effects = made
    assert len(audit(cells, seeds, None, 0.95).table) == 0
    assert judge(cells, seeds, effects, None, 0.95) == []


def claim(direction, *pairs, measure="test_accuracy", **more):
    cells = [{"factor": "normalize", "from": first, "to": second} for first, second in pairs]
    base = {
        "claim": "c",
        "says": "It is so.",
        "source": "words",
        "measure": measure,
        "direction": direction,
        "pairs": cells,
    }
    return base | {"factor": None, "where_ours_differs": None} | more


def verdict(made, *claims):
    cells, seeds, effects = made
    return [item["verdict"] for item in judge(cells, seeds, effects, {"claims": list(claims)}, 0.95)]


BETTER = ("no-normalization", "normalization")
WORSE = ("normalization", "no-normalization")
ABSENT = ("three-hidden-layers", "batch-128")


def test_claims_are_decided_by_intervals(made):
    claims = [
        claim("higher", BETTER),
        claim("higher", WORSE),
        claim("lower", BETTER),
        claim("different", BETTER),
        claim("higher", ABSENT),
        claim("higher", BETTER, ABSENT),
        claim("lower", BETTER, ABSENT),
        claim("higher"),
    ]
    expected = ["confirmed", "refuted", "refuted", "confirmed", *["not decided"] * 2, "refuted", "not decided"]
    assert verdict(made, *claims) == expected


def test_a_claim_about_time_needs_a_difference_in_time(made):
    slower, same = ("no-normalization", "four-hidden-layers"), BETTER
    assert verdict(made, claim("higher", slower, measure="train_seconds")) == ["confirmed"]
    assert verdict(made, claim("higher", same, measure="train_seconds")) == ["not decided"]


def test_an_interval_without_zero_that_decides_nothing_says_why():
    """Holm's adjustment may leave a pair open whose own interval lies on one side of zero."""
    pair = {"from": "a", "to": "b", "difference": 0.01, "high": 0.02, "p_adjusted": 0.12, "seeds": 3, "decided": False}
    reason = "(not decided: adjusted p = 0.120; the interval is for this pair alone)."
    assert _sentence("test_accuracy", pair | {"low": 0.001}).endswith(reason)
    assert _sentence("test_accuracy", pair | {"low": -0.001}).endswith("(not decided).")


def test_the_largest_effect_needs_cells_that_differ_in_it(made):
    pairs = [BETTER, ("three-hidden-layers", "four-hidden-layers")]
    device = claim("largest", *pairs, measure="train_seconds", factor="device")
    depth = claim("largest", BETTER, measure="train_seconds", factor="depth")
    split = claim("largest", *pairs, measure="train_seconds", factor="train_fraction")
    assert verdict(made, device, depth, split) == ["not decided", "confirmed", "refuted"]


def test_single_runs_decide_no_claim(tmp_path):
    settings = make_cells(tmp_path, seeds=(1,), images=2000)
    cells = read_cells({cell["name"]: tmp_path / "cells" / cell["name"] for cell in settings}, settings)
    seeds, _ = score_cells(cells, 0.95)
    effects = find_effects(cells, seeds, "three-hidden-layers", 0.95).table
    judged = judge(cells, seeds, effects, {"claims": [claim("higher", BETTER)]}, 0.95)
    assert judged[0]["verdict"] == "not decided"
    assert "single run" in judged[0]["text"]


def test_the_kept_report_is_audited_whole(made):
    """Every row, figure, time and claim of config/original-report.yaml has an entry, whatever cells there are."""
    cells, seeds, effects = made
    reference = load("config/original-report.yaml")
    result = audit(cells, seeds, reference, 0.95)
    assert [row["row"] for row in result.rows] == [row["row"] for row in reference["rows"]]
    assert (result.table["row"] == "times").sum() == len(reference["times"])
    judged = judge(cells, seeds, effects, reference, 0.95)
    assert [item["id"] for item in judged] == [item["claim"] for item in reference["claims"]]
    assert all(item["text"] for item in judged)
