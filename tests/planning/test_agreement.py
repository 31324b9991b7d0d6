"""The plan, `snakemake -n` and a run have the same jobs, whatever happened to the files in between."""

import os
import random
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from project import copy_project, names_of_jobs, snakemake
from repeated_draws import some_in_ci
from snakemake.utils import update_config

from experiment_grid.config import settings as configured
from experiment_grid.data.source import source
from experiment_grid.planning import queries
from experiment_grid.planning.explain import explain
from experiment_grid.planning.plan import Plan
from experiment_grid.planning.recipes import Recipes

TWO_CELLS = """\
dataset: digits
reference: null
baseline: wide
final: narrow
defaults: {hidden: [8], epochs: 1, batch_size: 128, learning_rate: 0.01, seeds: [1], device: cpu}
cells:
  - {name: wide, hidden: [16]}
  - {name: narrow, learning_rate: 0.02, seeds: [1, 2], split_seeds: true}
"""
YEAR = 365 * 24 * 3600  # seconds
STARTED = re.compile(r"^\d\d:\d\d:\d\d  start  (\w+)(?: +([\w./-]+))?(?:  \(.*)?$", re.M)

Chance = random.Random


@pytest.fixture(scope="module")
def two_cells(tmp_path_factory) -> Path:
    """A project after a whole run, the fastest possible."""
    folder = copy_project(tmp_path_factory.mktemp("two") / "project")
    (folder / "config/small.yaml").write_text(TWO_CELLS, "utf-8")
    done = snakemake(folder)
    assert done.returncode == 0, done.stderr
    return folder


# Events that may happen to results


def files(project: Path, part: str = "") -> list[Path]:
    return sorted(path for path in (project / "results" / part).rglob("*") if path.is_file())


def shuffle(project: Path, chance: Chance) -> None:
    """Give each file another time, some of them in the future."""
    for path in files(project):
        moment = time.time() + chance.uniform(-20, 1) * YEAR
        os.utime(path, (moment, moment))


def one_time(project: Path, chance: Chance) -> None:
    moment = time.time() + chance.choice([-20 * YEAR, -1, 0, 60, YEAR])
    for path in files(project):
        os.utime(path, (moment, moment))


def touch_some(project: Path, chance: Chance) -> None:
    for path in chance.sample(files(project), 5):
        path.touch()


def of_the_future(project: Path, chance: Chance) -> None:
    part = chance.choice(["plan", "benchmarks", "logs", "data", "comparison", "cells"])
    for path in files(project, part):
        os.utime(path, (time.time() + YEAR,) * 2)


def copy(project: Path, chance: Chance) -> None:
    """Copy the results by a program that keeps no times, into a folder that Snakemake has never seen."""
    results = project / "results"
    shutil.copytree(results, project / "copy", copy_function=shutil.copyfile)
    shutil.rmtree(results)
    (project / "copy").rename(results)
    shutil.rmtree(project / ".snakemake", ignore_errors=True)


def delete_one(project: Path, chance: Chance) -> None:
    chance.choice([path for path in files(project) if "data" not in path.parts]).unlink(missing_ok=True)


def delete_data(project: Path, chance: Chance) -> None:
    """Delete a single file of the data."""
    for path in chance.sample(files(project, "data"), min(1, len(files(project, "data")))):
        path.unlink()


def interrupt_training(project: Path, chance: Chance) -> None:
    """Leave what a killed training leaves: an epoch, perhaps with some outputs missing."""
    cell = chance.choice(["wide", "narrow"])
    part = project / f"results/partial/{cell}/seed1.epoch1.safetensors"
    part.parent.mkdir(parents=True, exist_ok=True)
    part.write_bytes(b"an epoch")
    for path in files(project, f"cells/{cell}"):
        if chance.random() < 0.5:
            path.unlink()


def delete_a_folder(project: Path, chance: Chance) -> None:
    name = chance.choice(
        ["data", "benchmarks", "logs", "plan", "errors", "cells/narrow", "figures", "data/digits", "seeds/narrow/1"]
    )
    shutil.rmtree(project / "results" / name, ignore_errors=True)


def forget(project: Path, chance: Chance) -> None:
    shutil.rmtree(project / ".snakemake", ignore_errors=True)


def damage(project: Path, chance: Chance) -> None:
    path = chance.choice([path for path in files(project, "cells") if path.suffix in (".csv", ".npz")])
    moment = path.stat().st_mtime_ns
    path.write_bytes(path.read_bytes()[:-1] + b"#")
    if chance.random() < 0.5:
        os.utime(path, ns=(moment, moment))


def change_a_cell(project: Path, chance: Chance) -> None:
    config = project / "config/small.yaml"
    text = re.sub(r"learning_rate: 0\.02\d*", f"learning_rate: 0.02{chance.randrange(1, 9)}", config.read_text("utf-8"))
    config.write_text(text, "utf-8")


EVENTS: list[Callable[[Path, Chance], None]] = [
    *(shuffle, one_time, touch_some, of_the_future, copy),
    *(delete_one, delete_data, delete_a_folder, interrupt_training, forget, damage, change_a_cell),
]


def disturb(project: Path, seed: int) -> list[str]:
    """Let some of these events happen; returns their names."""
    chance = random.Random(seed)
    events = chance.choices(EVENTS, k=chance.randrange(1, 5))
    for event in events:
        event(project, chance)
    return [event.__name__ for event in events]


# The jobs by plan, dry run and run


def by_plan(project: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The jobs that the plan would run, as "stage" or "stage cell"; `make why` must name the same ones."""
    monkeypatch.chdir(project)
    given = [Path("config/config.yaml"), Path("config/small.yaml")]
    config: dict = {}
    for path in given:
        update_config(config, yaml.safe_load(path.read_text("utf-8")))
    settings = configured.load(config, given[::-1])
    recipes = Recipes(settings, source(settings.dataset), None)
    split = queries.seeds_apart(settings.cells)
    plan = Plan("results", settings.dataset.name, list(settings.cells), recipes, split=split)
    jobs = sorted(f"{stage} {cell}" if cell else stage for (stage, cell), why in plan.reasons.items() if why)
    assert named(explain(plan)) == jobs
    return jobs


def named(text: str) -> list[str]:
    """The jobs that `make why` names."""
    of_cells = re.findall(r"^  (\w+) {2,}(\w.*?): ", text, re.M)
    of_all = re.findall(r"^  (\w+(?:, \w+)*): ", text, re.M)
    jobs = [f"{stage} {cell}" for stage, cells in of_cells for cell in cells.split(", ")]
    return sorted([*jobs, *(stage for stages in of_all for stage in stages.split(", "))])


def by_dry_run(project: Path) -> list[str]:
    done = snakemake(project, "--dry-run")
    assert done.returncode == 0, done.stdout + done.stderr
    return names_of_jobs(done.stdout + done.stderr)


def by_run(project: Path) -> tuple[list[str], str]:
    """The jobs that start, and the output of the run if it fails."""
    done = snakemake(project, PROGRESS="lines")
    started = sorted(" ".join(filter(None, job)) for job in STARTED.findall(done.stderr))
    return started, done.stdout + done.stderr if done.returncode else ""


@pytest.mark.parametrize("seed", range(8))
def test_plan_and_dry_run_agree(finished, tmp_path, monkeypatch, seed):
    agree(finished, tmp_path / "project", monkeypatch, seed)


@pytest.mark.slow
@pytest.mark.parametrize("tens", some_in_ci(range(20)))
def test_plan_and_dry_run_agree_two_hundred_times(two_cells, tmp_path, monkeypatch, tens):
    for seed in range(100 + 10 * tens, 110 + 10 * tens):
        agree(two_cells, tmp_path / str(seed), monkeypatch, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", some_in_ci(range(1000, 1020)))
def test_plan_dry_run_and_run_agree(two_cells, tmp_path, monkeypatch, seed):
    jobs = agree(two_cells, tmp_path / "project", monkeypatch, seed)
    started, failed = by_run(tmp_path / "project")
    if failed:  # damage that keeps a file's time is found when a job reads the file
        assert "changed since it was written, by its record; run the same command again" in failed
        assert {*started} < {*jobs}
        jobs = agree_as_it_is(tmp_path / "project", monkeypatch)
        started, failed = by_run(tmp_path / "project")
    assert (started, failed) == (jobs, "")
    assert agree_as_it_is(tmp_path / "project", monkeypatch) == []


def agree(template: Path, project: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> list[str]:
    shutil.copytree(template, project)
    events = disturb(project, seed)
    try:
        return agree_as_it_is(project, monkeypatch)
    except AssertionError as error:
        raise AssertionError(f"after {events}: {error}") from None


def agree_as_it_is(project: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    jobs = by_plan(project, monkeypatch)
    assert by_dry_run(project) == jobs
    return jobs
