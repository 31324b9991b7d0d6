"""The plan: which jobs run, and why, from recipes and records in a results folder."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from planned import OUTPUTS, finish, make, running

from experiment_grid.planning.explain import explain
from experiment_grid.planning.reasons import differences


def test_everything_is_new_in_an_empty_folder(tmp_path, recipes):
    plan = make(tmp_path, recipes)
    assert plan.decision("train", "a").why == ["new"]
    assert plan.decision("download").absent


def test_nothing_runs_after_a_run(results, recipes):
    assert running(results, recipes) == []
    assert "2 cells are kept" in explain(make(results, recipes))


def test_plan_files_are_new_exactly_where_a_job_runs(results, recipes):
    recipes.rates["a"] = 0.02
    plan = make(results, recipes)
    assert plan.file("train", "b") and not plan.decision("train", "b").runs
    assert Path(plan.file("train", "a")).stat().st_mtime > (results / OUTPUTS["train"].format(cell="a")).stat().st_mtime
    assert json.loads(Path(plan.file("train", "a")).read_text())["why"] == ["learning_rate 0.01 → 0.02"]


def test_the_plan_of_the_report_has_the_trained_and_the_kept_cells(results, recipes):
    recipes.rates["a"] = 0.02
    run = json.loads(Path(make(results, recipes).file("report")).read_text())["run"]
    assert (run["trained"], run["kept"]) == (["a"], ["b"])


def test_a_changed_cell_runs_alone_with_what_is_made_from_it(results, recipes):
    recipes.rates["a"] = 0.02
    assert running(results, recipes) == [
        *("train a", "evaluate a", "timing", "compare", "figures", "errors", "report", "record")
    ]


def test_changed_and_changed_back_is_kept(results, recipes):
    recipes.rates["a"] = 0.02
    make(results, recipes).file("train", "a")
    recipes.rates["a"] = 0.01
    assert running(results, recipes) == []
    kept = json.loads(Path(make(results, recipes).file("train", "a")).read_text())
    assert kept["recipe"] == recipes.recipe("train", "a")


def test_a_note_only_changes_the_page(results, recipes):
    recipes.note = "another"
    assert running(results, recipes) == ["report", "record"]


def test_code_of_a_stage(results, recipes):
    recipes.code["evaluate"] = {"evaluate": "2"}
    assert running(results, recipes) == ["evaluate a", "evaluate b", "compare", "figures", "errors", "report", "record"]
    assert make(results, recipes).decision("evaluate", "a").why == ["code of evaluate changed (evaluate)"]


def test_missing_and_changed_outputs(results, recipes):
    (results / "cells/a/evaluation.csv").unlink()
    (results / "cells/b/history.csv").write_text("changed!")
    plan = make(results, recipes)
    assert plan.decision("evaluate", "a").why == ["output missing: evaluation.csv"]
    assert plan.decision("train", "b").why == ["output changed since it was written: history.csv"]
    assert not plan.decision("train", "a").runs


def test_touched_and_copied_files_are_kept_and_their_times_restored(results, recipes, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(results, copy, copy_function=shutil.copyfile)
    assert running(copy, recipes) == []
    make(copy, recipes).file("train", "a")
    for stage, output in OUTPUTS.items():
        name = output.format(cell="a")
        assert (copy / name).stat().st_mtime_ns == (results / name).stat().st_mtime_ns, stage


def test_a_cell_from_another_machine_is_compared_again(results, recipes, tmp_path):
    """Its results are kept, but they are no longer those that the table was made from."""
    record = results / "cells/a/run.json"
    content = json.loads(record.read_text())
    (results / "cells/a/history.csv").write_text("elsewhere")
    content["outputs"]["cells/a/history.csv"] = {
        "sha256": hashlib.sha256(b"elsewhere").hexdigest(),
        "bytes": 9,
        "mtime_ns": (results / "cells/a/history.csv").stat().st_mtime_ns,
    }
    record.write_text(json.dumps(content))
    assert running(results, recipes) == ["evaluate a", "compare", "figures", "errors", "report", "record"]


def test_deleted_data_is_not_downloaded_while_its_results_are_kept(results, recipes):
    shutil.rmtree(results / "data")
    assert running(results, recipes) == []


def test_a_job_of_another_data_set_gets_a_plan_of_its_own(results, recipes):
    """A folder has one plan file per stage: a job of this data set must not run with the recipe of another one."""
    path = Path(make(results, recipes).file("prepare"))
    planned = json.loads(path.read_text())
    path.write_text(json.dumps(planned | {"recipe": {"settings": {"dataset": "mnist"}, "code": {}}}))
    make(results, recipes).file("prepare")
    assert json.loads(path.read_text())["recipe"] == recipes.recipe("prepare")


def test_cells_no_longer_configured(results, recipes):
    del recipes.rates["b"]
    plan = make(results, recipes)
    assert plan.stale() == ["b"]
    assert plan.decision("compare").why == ["cells without b"]
    assert "make prune" in explain(plan)


def test_explanation_fits_a_screen(tmp_path, recipes):
    recipes.rates = {f"cell-{i}": i for i in range(500)}
    finish(tmp_path, make(tmp_path, recipes))
    recipes.rates = {name: rate + 1 for name, rate in recipes.rates.items()}
    lines = explain(make(tmp_path, recipes)).splitlines()
    assert len(lines) <= 40
    assert lines[0] == "500 cells: 500 to train, 0 kept."


@pytest.mark.parametrize(
    ("before", "after", "sentences"),
    [
        ({"parameters": {"rate": 1}}, {"parameters": {"rate": 2}}, ["rate 1 → 2"]),
        ({"a": 1}, {"a": 1, "b": 2}, ["b nothing → 2"]),
        ({"cells": [{"name": "x"}]}, {"cells": [{"name": "x"}, {"name": "y"}]}, ["cells with y"]),
        (
            {"cells": [{"name": "x"}, {"name": "y"}]},
            {"cells": [{"name": "y"}, {"name": "x"}]},
            ["cells in another order"],
        ),
        ({"cells": [{"name": "x", "note": "a"}]}, {"cells": [{"name": "x", "note": "b"}]}, ["x: note a → b"]),
        ({"seeds": [1, 2]}, {"seeds": [1, 2, 3]}, ["seeds 1, 2 → 1, 2, 3"]),
        ({"rate": 1}, {"rate": 1.0}, []),
        ({"seeds": ["one", 2]}, {"seeds": [1]}, ["seeds one, 2 → 1"]),
        ({"hidden": [128]}, {"hidden": []}, ["hidden 128 → none"]),
        ({"note": "\x1b[31m"}, {"note": "a"}, ["note \\x1b[31m → a"]),
        (
            {"missing": ["x", "y"], "logs": {"x": ["error"]}, "cells": [{"name": "z"}]},
            {"cells": [{"name": "x"}, {"name": "y"}, {"name": "z"}]},
            ["now with x, y", "cells with x", "cells with y"],
        ),
        ({}, {"missing": ["x"], "logs": {}}, ["without x, not finished"]),
        (
            {"missing": ["x"], "logs": {}},
            {"missing": ["x"], "logs": {"x": ["error"]}},
            ["log of a missing cell changed: x"],
        ),
    ],
)
def test_differences_in_words(before, after, sentences):
    assert differences({"settings": before}, {"settings": after, "code": {}}, "train") == sentences


def test_modules_are_named_without_the_package_that_all_are_in():
    before = {"settings": {}, "code": {"training.loop": "1", "train": "1"}}
    after = {"settings": {}, "code": {"experiment_grid.training.loop": "2", "train": "1"}}
    assert differences(before, after, "train") == ["code of train changed (training.loop)"]
