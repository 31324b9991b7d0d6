"""Whatever a record holds, its job is decided: without a valid record of this format it runs."""

import json
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from planned import make, running

from experiment_grid.planning.explain import explain
from experiment_grid.runtime.files import digest
from experiment_grid.runtime.records import FORMAT, now


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 0, "stage": "train"}', '{"format": 1, "stage": "train"}'])
def test_a_file_that_is_no_record_makes_its_job_run(results, recipes, text):
    (results / "cells/a/run.json").write_text(text)
    assert running(results, recipes) == [
        "train a",
        "evaluate a",
        "timing",
        "compare",
        "figures",
        "errors",
        "report",
        "record",
    ]


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


def change(results, **values):
    path = results / "cells/a/run.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | values), "utf-8")


def test_a_record_without_outputs_makes_its_job_run(results, recipes):
    change(results, outputs={})
    assert "train a" in running(results, recipes)


def test_a_record_without_inputs_makes_its_job_run(results, recipes):
    """Otherwise a training on any data would count as one on the present data."""
    change(results, inputs={})
    assert "train a" in running(results, recipes)


@pytest.mark.parametrize(
    "reads", [[1], {"/etc/passwd": "0"}, {"../x": "0"}, {"a\0b": "0"}, {"x" * 5000: "0"}, {"x": 0}]
)
def test_read_files_that_no_job_can_have_recorded_make_it_run(results, recipes, reads, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    change(results, reads=reads)
    assert "train a" in running(results, recipes)
    explain(make(results, recipes))


def test_a_file_that_was_read_counts_whatever_its_name_is(results, recipes, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = "a\nb " + "é" * 120
    (tmp_path / name).write_text("1", "utf-8")
    change(results, reads={name: digest(tmp_path / name)})
    assert "train a" not in running(results, recipes)
    (tmp_path / name).write_text("2", "utf-8")
    assert "train a" in running(results, recipes)
