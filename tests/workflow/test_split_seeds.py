"""Seeds in jobs of their own: the bits of one job; one more seed trains alone; the way of training reruns nothing."""

import shutil
from pathlib import Path

import pytest
from project import copy_project, planned_jobs, snakemake

CONFIG = """\
dataset: digits
reference: null
baseline: wide
final: wide
pathvars: {{results: {results}}}
defaults: {{hidden: [16], epochs: 3, batch_size: 64, learning_rate: 0.01, device: cpu, keep: chosen}}
cells:
  - {{name: wide, seeds: {seeds}, split_seeds: {split}, threads: 1, dropout: 0.2}}
  - {{name: other, seeds: [1], epochs: 1}}
"""


def configure(folder: Path, seeds: list[int], split: bool, results: str = "results") -> list[str]:
    """Write the config; returns the arguments that ask for the cell's training."""
    text = CONFIG.format(results=results, seeds=seeds, split=str(split).lower())
    (folder / "config/small.yaml").write_text(text, "utf-8")
    return ["-p", f"{results}/cells/wide/run.json"]


def run(folder: Path, *arguments: str) -> str:
    done = snakemake(folder, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    """A project whose cell was trained in one job (`joined`), and in a job of each seed (`results`)."""
    folder = copy_project(tmp_path_factory.mktemp("split") / "project")
    run(folder, *configure(folder, [1, 2], False, "joined"))
    run(folder, *configure(folder, [1, 2], True))
    return folder


@pytest.fixture
def split(trained, tmp_path) -> Path:
    """A copy of that project, which a test may change."""
    return shutil.copytree(trained, tmp_path / "project", symlinks=True)


def files(folder: Path, results: str) -> tuple[bytes, list[str]]:
    """The checkpoints, and the history without seconds."""
    cell = folder / results / "cells/wide"
    rows = [line.rpartition(",")[0] for line in (cell / "history.csv").read_text("utf-8").splitlines()]
    return (cell / "checkpoints.safetensors").read_bytes(), rows


def test_the_bits_are_those_of_one_job(split):
    assert files(split, "results") == files(split, "joined")
    assert not (split / "results/partial/wide").exists()


def test_the_way_of_training_reruns_nothing(split):
    for seeds, apart, results in (([1, 2], True, "results"), ([1, 2], False, "results"), ([1, 2], True, "joined")):
        assert planned_jobs(split, *configure(split, seeds, apart, results)) == []


def test_one_more_seed_trains_alone(split):
    assert planned_jobs(split, *configure(split, [1, 2, 7], True)) == ["train wide", "train_seed wide/7"]
    log = run(split, *configure(split, [1, 2, 7], True))
    assert "wide/7" in log and "wide/1" not in log
    run(split, *configure(split, [1, 2, 7], False, "three"))
    assert files(split, "results") == files(split, "three")


def test_a_whole_run_evaluates_it_and_makes_the_page(split):
    configure(split, [1, 2, 7], True)
    run(split)
    assert (split / "results/report.html").is_file()
    assert planned_jobs(split) == []
    shutil.move(split / "results/seeds", split / "elsewhere")
    assert planned_jobs(split) == []
    assert "not kept" in (split / "results/report.html").read_text("utf-8")
