"""The table of cases: exactly the jobs that a change of a finished run makes run, by dry run."""

import gzip
import shutil

import pytest
from changes import (
    ALL,
    PAGE,
    TIMED,
    add,
    both,
    cell,
    comment,
    config,
    corrupt,
    delete,
    delete_data_and_add_a_cell,
    docstring,
    edit,
    evaluated,
    fetch_again,
    fresh_clone,
    no_benchmarks,
    nothing,
    old_benchmark,
    one_time,
    other_branch,
    own_dataset,
    reformat,
    touch_results,
    touch_sources,
    zipped,
)
from project import CELLS, planned_jobs, snakemake

CASES = {
    "nothing": (nothing, []),
    # Parameters by value
    "one parameter of one cell": (config(("learning_rate: 0.02", "learning_rate: 0.03")), cell("narrow")),
    "a default that one cell overrides": (
        config(("learning_rate: 0.01", "learning_rate: 0.05")),
        cell("wide", "grid-batch-32", "grid-batch-128"),
    ),
    "another spelling of a number": (config(("learning_rate: 0.01", "learning_rate: 1.0e-2")), []),
    "an integer as a float": (config(("hidden: [16]", "hidden: [16]\n  weight_decay: 0")), []),
    "order of keys": (config(("  epochs: 2\n  batch_size: 64\n", "  batch_size: 64\n  epochs: 2\n")), []),
    "quotes and flow style": (
        config(("- name: narrow\n    learning_rate: 0.02", "- {'name': \"narrow\", learning_rate: 0.02}")),
        [],
    ),
    "a default written out": (config(("    hidden: [32]", "    hidden: [32]\n    epochs: 2\n    normalize: true")), []),
    "a component by its full name": (config(("  epochs: 2", "  epochs: 2\n  optimizer: torch.optim.sgd.SGD")), []),
    "an option added with its default": (config(("  epochs: 2", "  epochs: 2\n  optimizer: {nesterov: false}")), []),
    "an option of one component": (
        config(("    hidden: [32]", "    hidden: [32]\n    optimizer: {nesterov: true}")),
        cell("wide"),
    ),
    "a list in another layout": (config(("hidden: [32]", "hidden:\n      - 32")), []),
    "an anchor": (
        config(
            ("  batch_size: 64", "  batch_size: &size 64"),
            ("    hidden: [32]", "    hidden: [32]\n    batch_size: *size"),
        ),
        [],
    ),
    "seeds": (config(("seeds: [1, 2]", "seeds: [1, 2, 3]")), ALL),
    # Cells
    "a new cell": (config(("  - name: grid", "  - name: new\n    epochs: 1\n  - name: grid")), cell("new")),
    "a removed cell": (config(("  - name: narrow\n    learning_rate: 0.02\n", "")), TIMED),
    "a renamed cell": (config(("name: narrow", "name: slim")), cell("slim")),
    "a grid axis with one value more": (config(("[32, 128]", "[32, 128, 256]")), cell("grid-batch-256")),
    "order of cells": (
        config(
            ("  - name: narrow\n    learning_rate: 0.02\n", ""),
            ("cells:\n", "cells:\n  - name: narrow\n    learning_rate: 0.02\n"),
        ),
        TIMED,
    ),
    # What only the page shows
    "title": (config(("title: Small", "title: Smaller")), PAGE),
    "note of the run": (config(("title: Small", "title: Small\nnote: Mind the gap.")), PAGE),
    "note of a cell": (config(("  - name: narrow", "  - name: narrow\n    note: As narrow as it gets.")), PAGE),
    "the epoch that counts": (config(("title: Small", "title: Small\nepoch: validation")), evaluated(*CELLS)),
    # Code
    "a comment in the trainer": (comment("experiment_grid/training/loop.py"), []),
    "a docstring in the trainer": (docstring("experiment_grid/training/loop.py"), []),
    "the trainer reformatted": (reformat("experiment_grid/training/loop.py"), []),
    "a comment in the script": (comment("train.py"), []),
    "an edit in the trainer": (edit("experiment_grid/training/loop.py"), ALL),
    "an edit in the script": (edit("train.py"), ALL),
    "an edit in the model": (edit("experiment_grid/training/models/mlp.py"), ALL),
    "an edit in a model of no cell": (edit("experiment_grid/training/models/cnn.py"), []),
    "an edit in the loss": (edit("experiment_grid/training/losses/nll.py"), ALL),
    "an edit in a loss of no cell": (edit("experiment_grid/training/losses/mse.py"), []),
    "an edit in the optimizer": (edit("experiment_grid/training/optimizers/sgd.py"), ALL),
    "an edit in an optimizer of no cell": (edit("experiment_grid/training/optimizers/adam.py"), []),
    "a built-in loss added": (add("workflow/scripts/experiment_grid/training/losses/new.py", "def new(): ...\n"), []),
    "a short name added": (edit("experiment_grid/config/shortnames.py"), []),
    "an edit in the configuration": (edit("experiment_grid/config/components.py"), []),
    "an edit in evaluation": (edit("evaluate.py"), evaluated(*CELLS)),
    "an edit in what evaluation calls": (edit("experiment_grid/evaluation/saved_model.py"), evaluated(*CELLS)),
    "an edit in the timing": (edit("experiment_grid/timing/rounds.py"), ["compare", "figures", *PAGE, "timing"]),
    "an edit in a statistics function": (edit("experiment_grid/analysis/effects.py"), ["compare", "figures", *PAGE]),
    "an edit in a figure": (edit("experiment_grid/report/figures/curves.py"), ["figures", *PAGE]),
    "an edit in the template": (edit("experiment_grid/report/templates/page.html.j2"), PAGE),
    "an edit in the style": (edit("experiment_grid/report/style/1-base.css"), PAGE),
    "touch on every source file": (touch_sources, []),
    # Files
    "touch on every result": (touch_results, []),
    "a fresh clone with the results copied in": (fresh_clone, []),
    "a benchmark older than all else": (old_benchmark, []),
    "no benchmarks": (no_benchmarks, []),
    "one old time for all files": (one_time(315619200), []),
    "one time in the future for all files": (one_time(4102444800), []),
    "results that went through a zip archive": (zipped, []),
    "another branch in between": (other_branch, []),
    "a deleted output of a cell": (delete("cells/narrow/history.csv"), cell("narrow")),
    "a corrupted output of a cell": (corrupt("cells/narrow/checkpoints.safetensors"), cell("narrow")),
    "a corrupted evaluation": (corrupt("cells/narrow/predictions.npz"), evaluated("narrow")),
    "a deleted page": (delete("report.html"), PAGE),
    "a deleted figure": (delete("figures/time.pdf"), ["figures", "record"]),
    "a deleted record": (delete("cells/narrow/run.json"), cell("narrow")),
    # Data
    "a data file fetched again": (fetch_again, []),
    "one deleted data file": (delete("data/digits/train-images-idx3-ubyte.gz"), []),
    "deleted data": (lambda folder: shutil.rmtree(folder / "results/data"), []),
    "a deleted record of the data, all copied": (both(delete("data/digits/prepare.json"), one_time(0)), []),
    "a deleted record of the data and a changed cell": (
        both(delete("data/digits/prepare.json"), config(("learning_rate: 0.02", "learning_rate: 0.03"))),
        sorted([*cell("narrow"), "prepare"]),
    ),
    "deleted data and a new cell": (delete_data_and_add_a_cell, sorted([*cell("new"), "download", "prepare"])),
    "another dataset": (own_dataset, sorted([*ALL, "download", "prepare"])),
}


@pytest.mark.parametrize("case", CASES)
def test_exactly_what_changed_reruns(project, case):
    change, jobs = CASES[case]
    change(project)
    assert planned_jobs(project) == jobs


def test_other_cores_and_working_directory(project, tmp_path):
    assert planned_jobs(project, "--cores", "1") == []
    project.rename(tmp_path / "moved")
    assert planned_jobs(tmp_path / "moved") == []


def test_other_content_of_a_data_set_of_the_users(project):
    own_dataset(project)
    done = snakemake(project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert planned_jobs(project) == []
    labels = project / "mine/t10k-labels-idx1-ubyte.gz"
    content = bytearray(gzip.decompress(labels.read_bytes()))
    content[-1] = (content[-1] + 1) % 10
    labels.write_bytes(gzip.compress(content))
    assert planned_jobs(project) == sorted([*ALL, "download", "prepare"])


def test_a_changed_reference_figure(project):
    """The audit is made again, and the page; nothing trains."""
    config(("reference: null", "reference: config/original-report.yaml"))(project)
    assert planned_jobs(project) == ["compare", "figures", *PAGE]
    done = snakemake(project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert planned_jobs(project) == []
    report = project / "config/original-report.yaml"
    text = report.read_text("utf-8")
    assert "44548" in text
    report.write_text(text.replace("44548", "44549"), "utf-8")
    assert planned_jobs(project) == ["compare", "figures", *PAGE]


def test_a_cell_alone(project):
    config(("learning_rate: 0.02", "learning_rate: 0.03"), ("hidden: [32]", "hidden: [33]"))(project)
    assert planned_jobs(project, "results/cells/narrow/evaluation.csv") == ["evaluate narrow", "train narrow"]
