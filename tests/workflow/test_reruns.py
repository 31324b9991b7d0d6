"""The table of cases: what a change makes run, exactly, from a finished run by dry run."""

import ast
import gzip
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest
from project import CELLS, planned_jobs, snakemake

SCRIPTS = "workflow/scripts"
PAGE = ["record", "report"]  # what is made from everything
TABLE = ["compare", "errors", "figures", *PAGE]  # what is made from all cells
TIMED = sorted([*TABLE, "timing"])  # and where the cells are others, or train


def cell(*names: str) -> list[str]:
    """The jobs of a run that trains these cells."""
    return sorted([*(f"{stage} {name}" for stage in ("train", "evaluate") for name in names), *TIMED])


def evaluated(*names: str) -> list[str]:
    return sorted([*(f"evaluate {name}" for name in names), *TABLE])


ALL = cell(*CELLS)


# What is done to the finished project.


def config(*replacements: tuple[str, str]) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "config/small.yaml"
        text = path.read_text("utf-8")
        for before, after in replacements:
            assert before in text, before
            text = text.replace(before, after)
        path.write_text(text, "utf-8")

    return change


def edit(name: str) -> Callable[[Path], None]:
    """A real edit: one more statement."""

    def change(folder: Path) -> None:
        with (folder / SCRIPTS / name).open("a", encoding="utf-8") as file:
            file.write("\nEDITED = 1\n" if name.endswith(".py") else "\n/* edited */\n")

    return change


def comment(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / SCRIPTS / name
        path.write_text("# A comment.\n" + path.read_text("utf-8") + "\n# Another.\n", "utf-8")

    return change


def docstring(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / SCRIPTS / name
        text = path.read_text("utf-8")
        assert text.count('"""') > 2
        path.write_text(
            text.replace('    """', '    """Well now: ', 1).replace('"""', '"""Said otherwise. ', 1), "utf-8"
        )

    return change


def reformat(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / SCRIPTS / name
        path.write_text(ast.unparse(ast.parse(path.read_text("utf-8"))), "utf-8")

    return change


def add(name: str, content: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, "utf-8")

    return change


def touch_sources(folder: Path) -> None:
    for part in ("Snakefile", "workflow", "config", "profiles"):
        for path in [folder / part, *(folder / part).rglob("*")]:
            os.utime(path)


def touch_results(folder: Path) -> None:
    for path in sorted((folder / "results").rglob("*")):
        os.utime(path)


def one_time(seconds: float) -> Callable[[Path], None]:
    """As an archive unpacks that keeps one time for all files."""

    def change(folder: Path) -> None:
        for path in sorted((folder / "results").rglob("*")):
            os.utime(path, (seconds, seconds))
        forget(folder)

    return change


def forget(folder: Path) -> None:
    """A folder that Snakemake has never seen: with checksums from an earlier run it would not look at times alone."""
    shutil.rmtree(folder / ".snakemake")


def old_benchmark(folder: Path) -> None:
    os.utime(folder / "results/benchmarks/prepare.tsv", (1672531200, 1672531200))
    forget(folder)


def no_benchmarks(folder: Path) -> None:
    shutil.rmtree(folder / "results/benchmarks")
    forget(folder)


def zipped(folder: Path) -> None:
    """A zip archive keeps local times, in steps of two seconds."""
    shutil.make_archive(str(folder / "copy"), "zip", folder / "results")
    shutil.rmtree(folder / "results")
    with ZipFile(folder / "copy.zip") as archive:
        for entry in archive.infolist():
            path = archive.extract(entry, folder / "results")
            written = time.mktime((*entry.date_time, 0, 0, -1))
            os.utime(path, (written, written))
    forget(folder)


def fresh_clone(folder: Path) -> None:
    """The results copied in by a program that keeps no times, into a clone that Snakemake has never seen."""
    results = folder / "results"
    shutil.copytree(results, folder / "copy", copy_function=shutil.copyfile)
    shutil.rmtree(results)
    (folder / "copy").rename(results)
    forget(folder)


def other_branch(folder: Path) -> None:
    """Another branch was checked out and planned in between, then this one again."""
    before = (folder / "config/small.yaml").read_text("utf-8")
    config(("learning_rate: 0.01", "learning_rate: 0.5"))(folder)
    edit("experiment_grid/training/loop.py")(folder)
    assert planned_jobs(folder) == ALL
    (folder / "config/small.yaml").write_text(before, "utf-8")
    loop = folder / SCRIPTS / "experiment_grid/training/loop.py"
    loop.write_text(loop.read_text("utf-8").removesuffix("\nEDITED = 1\n"), "utf-8")


def delete(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / "results" / name).unlink()


def corrupt(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "results" / name
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)

    return change


def fetch_again(folder: Path) -> None:
    path = folder / "results/data/digits/t10k-labels-idx1-ubyte.gz"
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)


def delete_data_and_add_a_cell(folder: Path) -> None:
    shutil.rmtree(folder / "results/data")
    config(("  - name: grid", "  - name: new\n    epochs: 1\n  - name: grid"))(folder)


def own_dataset(folder: Path) -> None:
    """The same digits as a dataset of one's own, under another name."""
    shutil.copytree(
        folder / "results/data/digits", folder / "mine", ignore=shutil.ignore_patterns("*.json", "*.safetensors")
    )
    config(("dataset: digits", "dataset: {name: mine, path: mine}"))(folder)


def nothing(folder: Path) -> None:
    pass


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
    "an edit in what evaluation calls": (edit("experiment_grid/evaluation/scores.py"), evaluated(*CELLS)),
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


def test_other_content_of_a_dataset_of_ones_own(project):
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


# The same for a cell whose model is a file of the user's, and whose loss is in a package that the config lists.

MODEL = """\
from blocks import layers
from torch import nn


class Tiny(nn.Module):
    def __init__(self, input_shape, classes, width: int = 8):
        super().__init__()
        self.layers = layers(input_shape, classes, width)

    def forward(self, images):
        return self.layers(images)
"""
HELPER = """\
import math

from torch import nn


def layers(input_shape, classes, width):
    pixels = math.prod(input_shape)
    return nn.Sequential(nn.Flatten(), nn.Linear(pixels, width), nn.PReLU(), nn.Linear(width, classes))
"""
LOSS = "from torch.nn.functional import cross_entropy\n\n\ndef smooth(logits, labels, by: float = 0.1):\n"
LOSS += "    return cross_entropy(logits, labels, label_smoothing=by)\n"
OWN = "  - {name: own, model: models/tiny.py:Tiny, loss: zoo.smooth}\n"
METADATA = "Metadata-Version: 2.1\nName: zoo\nVersion: {}\n"


def on_path(folder: Path) -> dict[str, str]:
    """The environment in which the package is installed."""
    return {"PYTHONPATH": str(folder / "site")}


def upgrade(folder: Path) -> None:
    add("site/zoo-1.dist-info/METADATA", METADATA.format("1.3"))(folder)


def append(name: str, text: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(text)

    return change


@pytest.fixture(scope="module")
def finished_with_own(finished, tmp_path_factory) -> Path:
    """The finished project and a cell of the user's own, run too."""
    folder = tmp_path_factory.mktemp("own") / "project"
    shutil.copytree(finished, folder)
    add("models/tiny.py", MODEL)(folder)
    add("models/blocks.py", HELPER)(folder)
    add("site/zoo/__init__.py", LOSS)(folder)
    add("site/zoo-1.dist-info/METADATA", METADATA.format("1.2"))(folder)
    config(("cells:\n", "packages: [zoo]\ncells:\n" + OWN))(folder)
    assert planned_jobs(folder, **on_path(folder)) == cell("own")
    done = snakemake(folder, **on_path(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


OWN_CASES = {
    "nothing": (nothing, []),
    "a model file added": (add("models/other.py", MODEL.replace("Tiny", "Other")), []),
    "a model file edited": (append("models/tiny.py", "EDITED = 1\n"), cell("own")),
    "a comment in a model file": (append("models/tiny.py", "# A comment.\n"), []),
    "a helper edited": (append("models/blocks.py", "EDITED = 1\n"), cell("own")),
    "a helper added that none imports": (add("models/more.py", "x = 1\n"), []),
    "a package of a target upgraded": (upgrade, cell("own")),
    "another package listed": (config(("[zoo]", "[zoo, yaml]")), []),
    "an edit in the built-in model": (edit("experiment_grid/training/models/mlp.py"), ALL),
    "an edit in the built-in loss": (edit("experiment_grid/training/losses/nll.py"), ALL),
    "an edit in the optimizer": (edit("experiment_grid/training/optimizers/sgd.py"), cell("own", *CELLS)),
    "an edit in the trainer": (edit("experiment_grid/training/loop.py"), cell("own", *CELLS)),
    "an option added with its default": (
        config(("models/tiny.py:Tiny", "{_target_: models/tiny.py:Tiny, width: 8}")),
        [],
    ),
    "an option of another value": (
        config(("models/tiny.py:Tiny", "{_target_: models/tiny.py:Tiny, width: 9}")),
        cell("own"),
    ),
    "another option of the loss": (config(("zoo.smooth", "{_target_: zoo.smooth, by: 0.2}")), cell("own")),
}


@pytest.mark.parametrize("case", OWN_CASES)
def test_exactly_the_cells_that_use_it_rerun(finished_with_own, tmp_path, case):
    change, jobs = OWN_CASES[case]
    folder = tmp_path / "project"
    shutil.copytree(finished_with_own, folder)
    change(folder)
    assert planned_jobs(folder, **on_path(folder)) == jobs
