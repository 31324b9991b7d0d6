"""The compare stage as a whole, on simulated cells."""

import json
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from compare import compare
from project import ROOT
from simulated_cells import COMPARED, GRID, compare_outputs, make_cells, plan_of, settings_of
from tables import strict_json

from experiment_grid.analysis.cell_results import read_cells
from experiment_grid.config.reference import load
from experiment_grid.runtime.errors import UserError


def run(results, cells, **settings):
    settings = settings_of(cells, **settings)
    folders = {c["name"]: results / "cells" / c["name"] for c in cells if (results / "cells" / c["name"]).exists()}
    outputs = compare_outputs(results)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compare(settings, folders, outputs, plan_of(results, "compare", settings), [])
    return outputs


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    results = tmp_path_factory.mktemp("results")
    cells = make_cells(results, diverged=("mse",), missing=("batch-128",))
    return results, cells, run(results, cells, reference=load(ROOT / "config/original-report.yaml"))


def test_the_rule_writes_these_files():
    rule = (ROOT / "workflow/rules/compare.smk").read_text("utf-8")
    written = re.findall(r'(\w+)=(?:report\(\s*)?"<results>/([^"{]+)"', rule[rule.index("output:") :])
    assert dict(written) == COMPARED


def test_every_column_is_documented(made):
    text = (ROOT / "docs/files.md").read_text("utf-8")
    documented = set(re.findall(r"\w+", text[text.index("## Side by side") : text.index("## errors/")]))
    for name in ("comparison", "effects", "reference", "curves", "seeds", "classes"):
        for column in pd.read_csv(made[2][name]).columns:
            assert column in documented or column.removeprefix("last_") in documented, f"{name}: {column}"


def test_json_has_no_nan_and_the_documented_keys(made):
    def read(name):
        return strict_json(made[2][name])

    finding = read("findings")
    assert set(finding) == {
        "confidence",
        "epoch",
        "baseline",
        "final",
        "findings",
        "factors",
        "calibration",
        "chosen",
        "model",
        "best",
        "pairs",
        "open",
        "no_better_than_chance",
        "caveats",
    }
    keys = {"id", "kind", "text", "decided", "factor", "cells", "figures", "evidence"}
    assert all(set(item) == keys for item in finding["findings"])
    assert all(
        set(item) == {"factor", "name", "pairs", "distinct", "decided", "tendency", "largest", "time", "text"}
        for item in finding["factors"]
    )
    assert [cell["status"] for cell in read("cells")["cells"]].count("ok") == 6
    assert read("claims")["claims"] and read("rows")["rows"]
    assert read("record")["stage"] == "compare"


def test_failed_and_diverged_cells_are_reported(made):
    table = pd.read_csv(made[2]["comparison"])
    assert table["cell"].tolist() == list(GRID)
    findings = json.loads(made[2]["findings"].read_text("utf-8"))["findings"]
    failed = {item["id"]: item["cells"] for item in findings if item["kind"] == "failed"}
    assert failed == {"failed-diverged": ["mse"], "failed-failed": ["batch-128"]}


def test_arrays_are_those_of_the_representative_seeds(made):
    results = made[0]
    with np.load(made[2]["predictions"]) as file:
        assert file["cells"].tolist() == [name for name in GRID if name != "batch-128"]
        place = file["cells"].tolist().index("normalization")
        seed, predicted, labels = file["seeds"][place], file["predicted"][place], file["labels"]
    seeds = pd.read_csv(made[2]["seeds"])
    row = seeds[(seeds["cell"] == "normalization") & seeds["representative"]].iloc[0]
    assert (row["seed"], row["n_correct"]) == (seed, (predicted == labels).sum())
    with np.load(made[2]["confusion"]) as file, np.load(results / "cells/normalization/confusion.npz") as source:
        assert (file["counts/normalization"] == source["counts"][source["seeds"].tolist().index(seed)]).all()


def test_curves_add_up_the_seconds(made):
    curves = pd.read_csv(made[2]["curves"])
    one = curves[(curves["cell"] == "normalization") & (curves["seed"] == 1)]
    assert one["epoch"].tolist() == [1, 2, 3]
    assert one["elapsed_seconds"].iloc[-1] == pytest.approx(one["seconds"].sum())


def test_the_same_results_give_the_same_bytes(made, tmp_path):
    before = {name: path.read_bytes() for name, path in made[2].items() if name != "record"}
    after = run(made[0], made[1], reference=load(ROOT / "config/original-report.yaml"))
    assert {name: path.read_bytes() for name, path in after.items() if name != "record"} == before


def test_single_runs_say_so(tmp_path):
    outputs = run(tmp_path, make_cells(tmp_path, seeds=(5,)))
    findings = json.loads(outputs["findings"].read_text("utf-8"))
    assert not any(finding["decided"] for finding in findings["findings"])
    assert any("trained once" in finding["text"] for finding in findings["findings"])
    assert any("single runs" in caveat for caveat in findings["caveats"])
    assert set(pd.read_csv(outputs["comparison"])["interval"]) == {"wilson"}


@pytest.mark.parametrize(
    "made_of",
    [
        {"grid": {"only": ({}, 4.0)}},
        {"grid": {"only": ({}, 4.0)}, "missing": ("only",)},
        {"grid": {"a": ({}, 4.0), "b": ({"epochs": 2}, 4.0)}, "diverged": ("a", "b")},
        {"grid": {"a": ({}, 4.0), "b": ({"hidden": []}, 0.0)}, "classes": 2, "seeds": (0, 9)},
        {"grid": {"a": ({}, 4.0), "b": ({"momentum": 0.0}, 4.0)}, "labels": np.full(50, 3, np.uint8)},
        {"grid": {"a": ({}, 4.0), "b": ({"device": "cuda"}, 4.0)}, "images": 1, "epochs": 1},
    ],
)
def test_odd_results_give_complete_files(tmp_path, made_of):
    outputs = run(tmp_path, make_cells(tmp_path, **made_of))
    assert all(path.stat().st_size for path in outputs.values())
    assert len(pd.read_csv(outputs["comparison"])) == len(made_of["grid"])


def test_cells_of_another_test_set_are_refused(tmp_path):
    cells = make_cells(tmp_path, {"a": ({}, 4.0)}, images=50) + make_cells(tmp_path, {"b": ({}, 4.0)}, images=60)
    with pytest.raises(UserError, match=r"cells/b/predictions.npz: was made on other test images than those of cell a"):
        run(tmp_path, cells)


@pytest.mark.parametrize(
    "content",
    [
        {"log_probabilities": np.zeros((1, 2, 10)), "labels": np.zeros(2, np.uint8)},  # no seeds
        {"seeds": np.array([{"code": "to be unpickled"}], dtype=object)},
        {"seeds": np.array([77]), "chosen_epochs": np.array([1]), "labels": np.zeros(2, np.uint8)}
        | {"log_probabilities": np.zeros((1, 2, 10))},
        None,
    ],
)
def test_files_of_other_programs_are_refused_with_their_folder(tmp_path, content):
    cell = make_cells(tmp_path)[0]
    folder = tmp_path / "cells" / cell["name"]
    if content:
        np.savez(folder / "predictions.npz", **content)
    else:
        (folder / "predictions.npz").write_bytes(b"PK\x03\x04 but no archive")
    with pytest.raises(UserError, match=rf"cells/{cell['name']}: holds files that are not results of this program"):
        read_cells({cell["name"]: folder}, [cell])
