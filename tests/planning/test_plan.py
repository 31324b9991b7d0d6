"""The plan: which jobs run, and why, from recipes and records in a results folder."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frame.errors import cannot_write
from frame.records import FORMAT, now, write_record
from planning.differences import differences
from planning.explain import explain
from planning.plan import KEPT_TIME, STAGES, Plan

CELLS = ["a", "b"]
OUTPUTS = {
    "download": "data/digits/images.gz",
    "prepare": "data/digits/prepared.safetensors",
    "train": "cells/{cell}/history.csv",
    "evaluate": "cells/{cell}/evaluation.csv",
    "compare": "comparison.csv",
    "figures": "figures/time.svg",
    "errors": "errors/atlas.png",
    "report": "report.html",
    "record": "ro-crate-metadata.json",
}


class Recipes:
    """Recipes as the configuration would give them, easy to change."""

    def __init__(self):
        self.rates = dict.fromkeys(CELLS, 0.01)
        self.code = {stage: {stage: "1"} for stage in STAGES}
        self.note = "a note"

    def recipe(self, stage, cell=None):
        settings = {
            "train": {"parameters": {"learning_rate": self.rates.get(cell)}},
            "evaluate": {"parameters": {"learning_rate": self.rates.get(cell)}},
            "compare": {"cells": [{"name": name, "rate": rate} for name, rate in self.rates.items()]},
            "report": {"note": self.note},
        }
        return {"settings": settings.get(stage, {}), "code": self.code[stage]}


def make(results: Path, recipes: Recipes) -> Plan:
    return Plan(results, "digits", list(recipes.rates), recipes)


def finish(results: Path, plan: Plan) -> None:
    """Run the plan: leave outputs and records as the stages would."""
    made: dict[tuple, list[Path]] = {}
    for stage, cell in plan.jobs():
        inputs = [path for job in plan.upstream(stage, cell) for path in made[job]]
        output = results / OUTPUTS[stage].format(cell=cell)
        record = results / STAGES[stage].record.format(dataset="digits", cell=cell)
        made[stage, cell] = [output]
        if plan.decision(stage, cell).runs or not output.exists():
            output.parent.mkdir(parents=True, exist_ok=True)
            output.write_text(f"{stage} {cell}")
            write_record(record, plan.file(stage, cell), [output], inputs=inputs, started=now())


@pytest.fixture
def recipes():
    return Recipes()


@pytest.fixture
def results(tmp_path, recipes):
    finish(tmp_path / "results", make(tmp_path / "results", recipes))
    return tmp_path / "results"


def running(results, recipes) -> list[str]:
    plan = make(results, recipes)
    return [f"{stage} {cell}" if cell else stage for stage, cell in plan.jobs() if plan.decision(stage, cell).runs]


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
    assert Path(plan.file("train", "b")).stat().st_mtime == KEPT_TIME
    assert Path(plan.file("train", "a")).stat().st_mtime > (results / OUTPUTS["train"].format(cell="a")).stat().st_mtime
    assert json.loads(Path(plan.file("train", "a")).read_text())["why"] == ["learning_rate 0.01 → 0.02"]


def test_report_plan_tells_trained_and_kept(results, recipes):
    recipes.rates["a"] = 0.02
    run = json.loads(Path(make(results, recipes).file("report")).read_text())["run"]
    assert (run["trained"], run["kept"]) == (["a"], ["b"])


def test_a_changed_cell_runs_alone_with_what_is_made_from_it(results, recipes):
    recipes.rates["a"] = 0.02
    assert running(results, recipes) == ["train a", "evaluate a", "compare", "figures", "errors", "report", "record"]


def test_changed_and_changed_back_is_kept(results, recipes):
    recipes.rates["a"] = 0.02
    make(results, recipes).file("train", "a")
    recipes.rates["a"] = 0.01
    assert running(results, recipes) == []
    assert Path(make(results, recipes).file("train", "a")).stat().st_mtime == KEPT_TIME


def test_a_note_redraws_the_page_only(results, recipes):
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


def test_touched_and_copied_files_are_kept_and_get_their_times_back(results, recipes, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(results, copy, copy_function=shutil.copyfile)
    assert running(copy, recipes) == []
    for stage, output in OUTPUTS.items():
        name = output.format(cell="a")
        assert (copy / name).stat().st_mtime_ns == (results / name).stat().st_mtime_ns, stage


def test_a_cell_from_elsewhere_is_compared_again(results, recipes, tmp_path):
    """Results of one cell brought from another machine: kept themselves, but no longer what the table was made from."""
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


def test_deleted_data_is_not_fetched_while_what_was_made_from_it_is_kept(results, recipes):
    shutil.rmtree(results / "data")
    assert running(results, recipes) == []


def test_a_job_of_another_data_set_gets_a_plan_of_its_own(results, recipes):
    """One folder, one plan file per stage: what is kept of this data set must not run from the recipe of another."""
    path = Path(make(results, recipes).file("prepare"))
    planned = json.loads(path.read_text())
    path.write_text(json.dumps(planned | {"recipe": {"settings": {"dataset": "mnist"}, "code": {}}}))
    make(results, recipes).file("prepare")
    assert json.loads(path.read_text())["recipe"] == recipes.recipe("prepare")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 0, "stage": "train"}', '{"format": 1, "stage": "train"}'])
def test_a_record_that_is_none_makes_its_job_run(results, recipes, text):
    (results / "cells/a/run.json").write_text(text)
    assert running(results, recipes) == ["train a", "evaluate a", "compare", "figures", "errors", "report", "record"]


def replaced(place: tuple[str, ...], value) -> str:
    """The record of a training as JSON, with another value at a place in it."""
    record = {
        "format": FORMAT,
        "stage": "train",
        "cell": "a",
        "recipe": {"settings": {"parameters": {"learning_rate": 0.01}}, "code": {"train": "1"}},
        "why": ["new"],
        "finished": now(),
        "inputs": {"data/digits/prepared.safetensors": "0" * 64},
        "outputs": {"cells/a/history.csv": {"sha256": "0" * 64, "bytes": 7, "mtime_ns": 1}},
    }
    inner = record
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return json.dumps(record)


DESCRIPTION = {"sha256": "0" * 64, "bytes": 7, "mtime_ns": 1}
FILE = ("outputs", "cells/a/history.csv")
OTHER_SHAPES = [
    (("outputs",), ["cells/a/history.csv"]),
    (FILE, "text"),
    ((*FILE, "mtime_ns"), "1"),
    ((*FILE, "mtime_ns"), 2**63),
    ((*FILE, "bytes"), 7.0),
    ((*FILE, "sha256"), None),
    (("outputs", "../../elsewhere"), DESCRIPTION),
    (("outputs", "/elsewhere"), DESCRIPTION),
    (("outputs", "a\0b"), DESCRIPTION),
    (("outputs", "\ud800"), DESCRIPTION),
    (("outputs", ""), DESCRIPTION),
    pytest.param(("outputs", "x" * 5000), DESCRIPTION, id="long name"),
    (("inputs",), ["data"]),
    (("recipe",), "text"),
    (("recipe", "settings"), None),
    (("recipe", "code"), None),
    (("why",), 5),
    (("finished",), "yesterday"),
    (("finished",), None),
    (("finished",), "9999-12-31T00:00:00+00:00"),
]


@pytest.mark.parametrize(("place", "value"), OTHER_SHAPES)
def test_a_record_of_another_shape_makes_its_job_run(results, recipes, place, value):
    (results / "cells/a/run.json").write_text(replaced(place, value))
    assert make(results, recipes).decision("train", "a").why == ["run.json is of another format"]


def test_a_record_that_cannot_be_read_makes_its_job_run(results, recipes):
    for text in ("[" * 100_000, '{"format": ' + "9" * 5000 + "}"):
        (results / "cells/a/run.json").write_text(text)
        assert make(results, recipes).decision("train", "a").why == ["run.json cannot be read"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.just("name"), inner, max_size=3)
    ),
    max_leaves=8,
)
PLACES = st.sampled_from(
    [
        *((key,) for key in ("format", "stage", "recipe", "why", "finished", "inputs", "outputs")),
        *(("recipe", key) for key in ("settings", "code")),
        ("recipe", "settings", "parameters"),
        ("recipe", "code", "train"),
        ("inputs", "data/digits/prepared.safetensors"),
        FILE,
        *((*FILE, key) for key in DESCRIPTION),
    ]
)


@settings(max_examples=int(os.environ.get("EXAMPLES", "200")), suppress_health_check=list(HealthCheck), deadline=None)
@given(text=st.builds(json.dumps, VALUES) | st.builds(replaced, PLACES, VALUES))
def test_deciding_never_fails_whatever_a_record_holds(results, recipes, text):
    (results / "cells/a/run.json").write_text(text)
    decided = make(results, recipes)
    explain(decided)
    assert decided.decision("train", "a").runs


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
        ({"seeds": [1, 2]}, {"seeds": [1, 2, 3]}, ["seeds [1, 2] → [1, 2, 3]"]),
        ({"rate": 1}, {"rate": 1.0}, []),
        ({"seeds": ["one", 2]}, {"seeds": [1]}, ["seeds ['one', 2] → [1]"]),
        ({"note": "\x1b[31m"}, {"note": "a"}, ["note \\x1b[31m → a"]),
        (
            {"missing": ["x", "y"], "logs": {"x": ["error"]}, "cells": [{"name": "z"}]},
            {"cells": [{"name": "x"}, {"name": "y"}, {"name": "z"}]},
            ["no longer without x, y", "cells with x", "cells with y"],
        ),
        ({}, {"missing": ["x"], "logs": {}}, ["without x, not finished"]),
        ({"missing": ["x"], "logs": {}}, {"missing": ["x"], "logs": {"x": ["error"]}}, ["news of what is missing: x"]),
    ],
)
def test_differences_in_words(before, after, sentences):
    assert differences({"settings": before}, {"settings": after, "code": {}}, "train") == sentences


def test_what_killed_processes_left_goes(tmp_path):
    recipes = Recipes()
    finish(tmp_path, make(tmp_path, recipes))
    left = [tmp_path / "plan/train/.wide.json.abc.part.json", tmp_path / f"partial/{CELLS[0]}/seed1.epoch1.safetensors"]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    make(tmp_path, recipes).file("train", CELLS[0])
    assert not any(path.exists() for path in [*left, left[1].parent])


@pytest.mark.parametrize("name", ["partial/a", ".locks/train/a", "benchmarks/train/a.tsv", "logs/train/a.log"])
def test_links_where_jobs_write_in_place_go_and_what_they_lead_to_stays(tmp_path, recipes, name):
    results, mine = tmp_path / "results", tmp_path / "mine"
    mine.mkdir()
    (results / name).parent.mkdir(parents=True)
    (results / name).symlink_to(mine)
    make(results, recipes).file("train", "a")
    assert not (results / name).is_symlink()
    assert mine.is_dir()


@pytest.mark.parametrize(
    "name",
    ["cells", "cells/a", "plan/train", "partial/a", "logs/evaluate", "benchmarks/train", "comparison", "figures"],
)
def test_a_file_in_a_folders_place_is_told(tmp_path, recipes, name):
    results = tmp_path / "results"
    (results / name).parent.mkdir(parents=True)
    (results / name).write_text("mine")
    with pytest.raises(NotADirectoryError) as error:
        make(results, recipes).file("download")
    told = str(cannot_write(error.value.filename, error.value))
    assert told == f"{results / name}: is a file, a folder is needed; move it away, and the same command goes on"
    assert (results / name).read_text() == "mine"
