"""The audit of the original report: its figures and rows, other settings that reproduce them, its claims."""

import numpy as np
import pandas as pd
import pytest
from simulated_cells import make_cells

from experiment_grid.analysis.audit import audit
from experiment_grid.analysis.cell_results import CellResults, read_cells
from experiment_grid.analysis.claims import asked, judge
from experiment_grid.analysis.effects import find_effects
from experiment_grid.analysis.expectations import expectations, total_train_loss
from experiment_grid.analysis.scores import score_cells
from experiment_grid.config.reference import load


def row_of(seeds, trained, stated, **changes):
    """A row of a report whose author trained the cell `trained`: the figures of its middle seed."""
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
    return cells, seeds


TRIED = "Of the 40 settings that were tried to fit it,"


def audited(made, rows, times=(), search=None):
    cells, seeds = made
    return audit(cells, seeds, {"rows": rows, "times": list(times), "claims": [], "search": search}, 0.95)


def searched(*fitting):
    """A search that found settings with all figures of `a-row`."""
    nearest = [{"normalize": value, "epoch": epoch, "fits": 3, "of": 3} for value, epoch in fitting]
    row = {"row": "a-row", "tried": 40, "fitting": len(fitting), "nearest": nearest}
    return {"tried": 40, "values": {"normalize": ["false", "true"], "epoch": ["9", "10"]}, "rows": [row]}


def test_the_originals_unit_of_loss():
    """Its 0.0039 is about the mean loss 0.25 over 64."""
    assert total_train_loss(0.25, 64, 48000) == pytest.approx(0.25 / 64)
    assert total_train_loss(0.25, 64, 42000) == pytest.approx(0.25 * 657 / 42000)


def test_a_row_that_is_reproduced_as_stated(made):
    result = audited(made, [row_of(made[1], "normalization", {"learning_rate": 0.001})])
    assert result.rows[0]["verdict"] == "as stated"
    judged = result.table[result.table["figure"] != "minutes"]
    assert set(judged["verdict"]) == {"consistent"}
    assert judged["nearest_cell"].isna().all()


def test_a_row_that_another_cell_reproduces(made):
    row = row_of(made[1], "no-normalization", {"learning_rate": 0.005}, cell="three-hidden-layers")
    result = audited(made, [row])
    summary = result.rows[0]
    assert summary["verdict"] == "reproduced by other settings"
    assert summary["reproduced_by"][0]["cell"] == "no-normalization"
    assert summary["reproduced_by"][0]["differs"]["normalize"] == [True, False]
    assert summary["misfit"] > summary["reproduced_by"][0]["misfit"]
    assert "It is reproduced by no-normalization" in summary["text"]
    assert "selected on these same figures" in summary["text"]
    line = result.table.set_index("figure").loc["test_correct"]
    assert (line["verdict"], line["nearest_cell"], line["nearest_verdict"]) == (
        "differs",
        "no-normalization",
        "consistent",
    )


@pytest.mark.parametrize(("times", "verdict"), [(1.5, "nearly as stated"), (6.0, "not reproduced")])
def test_a_row_with_one_figure_outside(made, times, verdict):
    """`times` half the width of its interval away from the middle: up to twice is nearly as stated."""
    alone = "four-hidden-layers"
    row = row_of(made[1], alone, {})
    result = audited(made, [row])
    assert result.rows[0]["verdict"] == "as stated"
    loss = result.table.set_index("figure").loc["train_loss"]
    middle, half = (loss["low"] + loss["high"]) / 2, (loss["high"] - loss["low"]) / 2
    row["figures"]["train_loss"] = middle + times * half
    row["figures"]["train_images"] = 48001  # no other cell trained on as many
    summary = audited(made, [row]).rows[0]
    assert (summary["verdict"], summary["consistent"]) == (verdict, 2)


def test_a_row_that_only_the_search_reproduces_is_not_called_not_reproduced(made):
    row = row_of(made[1], "four-hidden-layers", {})
    row["figures"] |= {"train_loss": 7.0, "train_images": 48001}  # no other cell trained on as many
    assert audited(made, [row]).rows[0]["verdict"] == "not reproduced"
    summary = audited(made, [row], search=searched(("false", "9"))).rows[0]
    assert summary["verdict"] == "reproduced outside this grid"
    assert f"{TRIED} 1 gives all its figures: normalized no, epoch 9." in summary["text"]


def test_settings_of_the_search_are_listed_beside_a_row_that_a_cell_reproduces(made):
    row = row_of(made[1], "no-normalization", {"learning_rate": 0.005}, cell="three-hidden-layers")
    text = audited(made, [row], search=searched(("false", "10"), ("true", "9"))).rows[0]["text"]
    assert f"{TRIED} 2 give all its figures: normalized no, epoch 10; normalized yes, epoch 9." in text
    assert "The figures cannot tell them apart." in text


def test_cells_with_another_number_of_training_images_reproduce_nothing(made):
    row = row_of(made[1], "split-60-40", {}, cell="no-normalization")
    names = [fit["cell"] for fit in audited(made, [row]).rows[0]["reproduced_by"]]
    assert "split-60-40" not in names
    row["figures"]["train_images"] = 36000
    names = [fit["cell"] for fit in audited(made, [row]).rows[0]["reproduced_by"]]
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
    assert result.rows[0]["verdict"] == "no data"
    assert set(result.table["verdict"]) == {"no data"}


def test_single_runs_judge_no_row(tmp_path):
    settings = make_cells(tmp_path, seeds=(1,), images=500)
    cells = read_cells({cell["name"]: tmp_path / "cells" / cell["name"] for cell in settings}, settings)
    seeds, _ = score_cells(cells, 0.95)
    row = row_of(seeds.loc[seeds.index.repeat(3)], "normalization", {})
    result = audit(cells, seeds, {"rows": [row], "times": [], "claims": []}, 0.95)
    assert result.rows[0]["verdict"] == "no data" and "trained once" in result.rows[0]["text"]
    assert result.table.set_index("figure").loc["test_correct", "verdict"] == "not judged"


def test_the_interval_holds_95_percent_of_new_runs():
    """Cells of equal spread, three seeds each, on the same test images: 95 % of new runs are inside, hardly more."""
    generator = np.random.default_rng(4)
    inside, repeats = 0, 400
    cells = {str(k): CellResults(str(k), {"batch_size": 64}) for k in range(8)}
    for _ in range(repeats):
        runs = 0.95 + 0.002 * generator.normal(size=(8, 4))
        seeds = {str(k): pd.DataFrame({"accuracy": runs[k, :3]}) for k in range(8)}
        expected = expectations(cells, seeds, "test_accuracy", 0.95)
        inside += sum(expected[str(k)].low <= runs[k, 3] <= expected[str(k)].high for k in range(8))
    assert 0.945 < inside / (8 * repeats) < 0.98


def test_without_a_reference_there_is_a_header(made):
    cells, seeds = made
    assert len(audit(cells, seeds, None, 0.95).table) == 0
    assert judge(cells, find_effects(cells, seeds, None, 0.95), None) == []


def test_the_kept_report_is_audited_completely(made):
    """Every row, figure, time and claim of config/original-report.yaml has an entry, whatever the cells are."""
    cells, seeds = made
    reference = load("config/original-report.yaml")
    result = audit(cells, seeds, reference, 0.95)
    assert [row["row"] for row in result.rows] == [row["row"] for row in reference["rows"]]
    assert (result.table["row"] == "times").sum() == len(reference["times"])
    judged = judge(cells, find_effects(cells, seeds, None, 0.95, asked(reference)), reference)
    assert [item["id"] for item in judged] == [item["claim"] for item in reference["claims"]]
    assert all(item["text"] for item in judged)
