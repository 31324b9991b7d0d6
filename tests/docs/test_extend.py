"""docs/extend to the letter: all documents followed in one copy of the project, with as few runs as possible."""

import json
import shutil
import subprocess
import sys
from itertools import combinations, product

import pytest
import tables
from follow import Reader
from project import ROOT, copy_project

DOCUMENTS = (
    "cell.md",
    "dataset.md",
    "model.md",
    "option.md",
    "loss.md",
    "optimizer.md",
    "schedule.md",
    "augmentation.md",
    "initialization.md",
    "figure.md",
    "section.md",
)


@pytest.fixture(scope="module")
def reader(tmp_path_factory) -> Reader:
    """A reader who has followed all documents but the last, run their commands once, and then followed the last."""
    reader = Reader(copy_project(tmp_path_factory.mktemp("extend") / "project"), {})
    for document in DOCUMENTS[:-1]:
        reader.follow(f"extend/{document}", run=False)
    reader.run("make run CONFIG=config/mine.yaml")
    reader.follow(f"extend/{DOCUMENTS[-1]}")
    return reader


def rows(reader: Reader, name: str) -> list[dict[str, str]]:
    return tables.rows(reader.folder / "results/mine" / name)


def test_every_document_is_followed():
    documents = {path.name for path in (ROOT / "docs/extend").glob("*.md")} - {"README.md"}
    assert documents == set(DOCUMENTS)
    overview = (ROOT / "docs/extend/README.md").read_text("utf-8")
    assert all(f"]({name})" in overview for name in DOCUMENTS)


def test_cells(reader):
    names = ["plain", "noam", "cutout", "sparse", "signsgd", "step-lr-0.01", "step-lr-0.1", "tanh", "wide"]
    names += ["residual", "residual-scale-0.25", "residual-scale-0.5", "focal-gamma-1", "focal-gamma-2"]
    assert sorted(row["cell"] for row in rows(reader, "comparison.csv")) == sorted(names)


def test_dataset(reader):
    (accuracy,) = (float(row["test_accuracy"]) for row in rows(reader, "comparison.csv") if row["cell"] == "plain")
    assert accuracy > 0.7  # odd or even; guessing gives a half
    errors = json.loads((reader.folder / "results/mine/errors/errors.json").read_text("utf-8"))
    assert len(errors["classes"]) == 2


def test_an_option_has_its_name_in_words(reader):
    findings = json.loads((reader.folder / "results/mine/comparison/findings.json").read_text("utf-8"))
    names = {factor["factor"]: factor["name"] for factor in findings["factors"]}
    assert names["model.scale"] == "scale (model)"
    assert "Scale (model)" in (reader.folder / "results/mine/report.html").read_text("utf-8")


def test_model_option_and_loss_are_factors(reader):
    effects = rows(reader, "effects.csv")
    pairs = {factor: {frozenset((row["from"], row["to"])) for row in effects if row["factor"] == factor} for factor in
             ("model", "model.scale", "loss", "loss.gamma")}  # fmt: skip
    residual = ("residual", "residual-scale-0.25", "residual-scale-0.5")
    focal = ("focal-gamma-1", "focal-gamma-2")
    models = ("plain", "wide", "tanh"), residual, ("sparse",)
    assert pairs["model"] == {
        frozenset(pair) for some, others in combinations(models, 2) for pair in product(some, others)
    }
    assert pairs["model.scale"] == {frozenset(pair) for pair in combinations(residual, 2)}
    assert pairs["loss"] == {frozenset(("plain", cell)) for cell in focal}
    assert pairs["loss.gamma"] == {frozenset(focal)}


def test_the_tests_of_config_and_docs_pass_afterwards(reader):
    """No test lists what the project has, so that an addition would need an edit there."""
    (reader.folder / "config/small.yaml").unlink()  # of the tests themselves
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        if not (reader.folder / name).exists():
            (reader.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, reader.folder / name)
    tests = ("config", "docs/test_documents.py")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *(f"tests/{name}" for name in tests)]
    done = subprocess.run(command, cwd=reader.folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr


def test_augmentation(reader):
    effects = [row for row in rows(reader, "effects.csv") if row["factor"] == "augment"]
    assert {frozenset((row["from"], row["to"])) for row in effects} == {frozenset(("plain", "cutout"))}
    errors = json.loads((reader.folder / "results/mine/errors/errors.json").read_text("utf-8"))
    assert errors["augmented"]["cells"] == {"cutout": 0}
    page = (reader.folder / "results/mine/report.html").read_text("utf-8")
    assert page.count('aria-label="Augmented training image"') == 12


def test_optimizer(reader):
    history = rows(reader, "cells/signsgd/history.csv")
    assert float(history[-1]["train_loss"]) < float(history[0]["train_loss"])


def test_figure(reader):
    assert (reader.folder / "results/mine/figures/seeds.pdf").read_bytes().startswith(b"%PDF")
    assert "Test accuracy of every seed" in (reader.folder / "results/mine/report.html").read_text("utf-8")


def test_section_makes_the_page_alone(reader):
    why = reader.ran["make why CONFIG=config/mine.yaml"]
    assert "0 to train, 14 kept" in why
    page = (reader.folder / "results/mine/report.html").read_text("utf-8")
    seeds = [int(float(row["seeds"])) for row in rows(reader, "comparison.csv")]
    assert f"{sum(seeds)} trainings of {len(seeds)} cells" in page
    assert "2 jobs: 1 report, 1 record" in reader.ran["make run CONFIG=config/mine.yaml"]
