"""A whole run as users start it: its results, a second run, a wrong configuration, another folder, the real MNIST."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from faults import trained
from project import CELLS, MNIST, copy_project, snakemake
from tables import rows

from experiment_grid.runtime.files import digest

COLUMNS = {
    "cells/wide/history.csv": "seed,epoch,train_loss,train_accuracy,validation_loss,validation_accuracy,seconds",
    "cells/wide/evaluation.csv": "seed,epoch,test_loss,test_accuracy",
}
COMPARISON = [
    "cell",
    "seeds",
    "parameters",
    "device",
    "status",
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
    "test_loss",
    "test_accuracy",
    "test_accuracy_low",
    "test_accuracy_high",
    "test_precision_macro",
    "test_recall_macro",
    "test_f1_macro",
    "chosen_epoch",
    "train_seconds",
    "seconds_per_epoch",
    "learning_rate",
    "batch_size",
]


def snapshot(folder: Path) -> dict[str, str]:
    """The contents of all files except the plan, which has its time, and the lock, which has its process."""
    return {
        path.relative_to(folder).as_posix(): digest(path)
        for path in folder.rglob("*")
        if path.is_file() and not {"plan", ".snakemake", ".lock"} & {*path.parts}
    }


def test_a_run_leaves_the_files_that_others_rely_on(finished):
    results = finished / "results"
    for name, header in COLUMNS.items():
        assert (results / name).read_text().splitlines()[0] == header
    comparison = rows(results / "comparison.csv")
    assert [row["cell"] for row in comparison] == list(CELLS)
    assert set(COMPARISON) <= comparison[0].keys()
    assert all(0.2 < float(row["test_accuracy"]) <= 1 for row in comparison)  # after two epochs
    assert rows(results / "effects.csv")
    header = (results / "reference.csv").read_text().split("\n")[0].split(",")
    assert {"cell", "figure", "original", "here", "verdict", "nearest_cell"} <= {*header}
    for cell in CELLS:
        run = json.loads((results / f"cells/{cell}/run.json").read_text())
        assert (run["cell"], run["status"], run["why"]) == (cell, "ok", ["new"])
        assert len(rows(results / f"cells/{cell}/history.csv")) == 2 * 2
        assert (results / f"cells/{cell}/checkpoints.safetensors").stat().st_size > 0
        assert cell in (results / f"logs/train/{cell}.log").read_text()
        assert (results / f"benchmarks/train/{cell}.tsv").is_file()
    page = (results / "report.html").read_text("utf-8")
    assert all(cell in page for cell in CELLS)


def test_a_second_run_does_nothing(project):
    before = snapshot(project / "results")
    done = snakemake(project)
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout + done.stderr
    assert snapshot(project / "results") == before


def test_a_changed_cell_trains_alone_and_the_page_says_why(project):
    config = project / "config/small.yaml"
    config.write_text(config.read_text().replace("learning_rate: 0.02", "learning_rate: 0.03"))
    before = snapshot(project / "results/cells")
    why = snakemake(project, "--quiet", "all", "--", "why")
    assert "train     narrow: learning_rate 0.02 → 0.03" in why.stdout
    done = snakemake(project)
    assert done.returncode == 0, done.stderr
    after = snapshot(project / "results/cells")
    assert {Path(name).parts[0] for name in after if after[name] != before.get(name)} == {"narrow"}
    assert "learning_rate 0.02 → 0.03" in (project / "results/report.html").read_text("utf-8")
    why = snakemake(project, "--quiet", "all", "--", "why")
    assert "Nothing to do: all 4 cells are kept" in why.stdout


def test_cores_order_and_neighbours_change_no_number_and_the_longest_starts_first(project, finished):
    for folder in ("cells", "trained"):
        shutil.rmtree(project / "results" / folder)
    evaluated = [f"results/cells/{cell}/evaluation.csv" for cell in CELLS]
    neighbour = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        done = snakemake(project, "--cores", "1", "--", *evaluated)
    finally:
        neighbour.kill()
        neighbour.wait()
    assert done.returncode == 0, done.stdout + done.stderr
    for cell in CELLS:
        assert trained(project / "results", cell) == trained(finished / "results", cell)
    started = {}
    for cell in CELLS:
        for record in ("run", "evaluation"):
            content = json.loads((project / f"results/cells/{cell}/{record}.json").read_text())
            started[content["started"]] = f"{record} {cell}"
    order = [started[time] for time in sorted(started)]
    longest_first = ("grid-batch-32", "wide", "narrow", "grid-batch-128")
    wanted = [f"{record} {cell}" for cell in longest_first for record in ("run", "evaluation")]
    assert order == wanted


def test_a_wrong_configuration_starts_nothing_and_loses_nothing(project):
    config = project / "config/small.yaml"
    config.write_text(config.read_text().replace("hidden: [32]", "hiden: [32]"))
    before = snapshot(project)
    done = snakemake(project)
    assert done.returncode != 0
    assert "Traceback" not in done.stdout + done.stderr
    problems = [line for line in done.stderr.splitlines() if line.startswith("config/small.yaml:")]
    assert len(problems) == 1 and "cells[0].hiden" in problems[0]
    assert snapshot(project) == before


def test_outputs_go_where_pathvars_says(tmp_path):
    copy_project(tmp_path / "project")
    config = tmp_path / "project/config/small.yaml"
    text = config.read_text().replace("results: results", "results: elsewhere/of it")
    config.write_text(text[: text.index("  - name: narrow")].replace("epochs: 2", "epochs: 1"))
    done = snakemake(tmp_path / "project")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "project/elsewhere/of it/report.html").is_file()
    assert not (tmp_path / "project/results").exists()


@pytest.mark.skipif(not MNIST.is_dir(), reason="needs the real MNIST beside the project, as ../shared/mnist")
def test_mnist_gives_the_accuracy_of_the_original_report(tmp_path):
    copy_project(tmp_path / "project")
    overlay = tmp_path / "project/config/one.yaml"
    overlay.write_text(
        "baseline: no-normalization\nfinal: no-normalization\nreference: null\n"
        "cells: [{name: no-normalization, normalize: false, seeds: [1], device: cpu}]\n"
    )
    done = snakemake(tmp_path / "project", config="config/one.yaml", MNIST_MIRROR=MNIST.as_uri())
    assert done.returncode == 0, done.stdout + done.stderr
    (row,) = rows(tmp_path / "project/results/comparison.csv")
    assert 0.92 < float(row["test_accuracy"]) < 0.95  # the report: 0.9375
    assert 0.92 < float(row["train_accuracy"]) < 0.95  # the report: 44548/48000
    shutil.rmtree(tmp_path / "project/results/data")
    assert "Nothing to be done" in (second := snakemake(tmp_path / "project", config="config/one.yaml")).stderr, second
