"""Flags mean what Snakemake documents; one that cannot is refused with a line. docs/flags.md has the table."""

import json
import shutil
from pathlib import Path

import pytest
from project import CELLS, ROOT, SMALL, copy_project, names_of_jobs, planned_jobs, snakemake

NARROW = ["evaluate narrow", "train narrow"]
PAGE = ["compare", "errors", "figures", "record", "report", "timing"]
EVERY = sorted([*(f"{stage} {cell}" for stage in ("train", "evaluate") for cell in CELLS), *PAGE])

# Arguments, and the jobs of a run with them after one cell has got another learning rate.
JOBS = {
    "--forcerun": (["--forcerun", "figures"], sorted([*NARROW, *PAGE])),
    "-R": (["-R", "evaluate"], sorted({*NARROW, *(f"evaluate {cell}" for cell in CELLS), *PAGE})),
    "--forceall": (["--forceall"], sorted([*EVERY, "download", "prepare"])),
    "--until": (["--until", "train"], ["train narrow"]),
    "--omit-from": (["--omit-from", "compare"], sorted(["errors", *NARROW, "timing"])),
    "a target": (["--", "results/cells/narrow/history.csv"], ["train narrow"]),
    "--force": (["--force", "--", "results/cells/wide/evaluation.csv"], ["evaluate wide"]),
    "--allowed-rules": (["--allowed-rules", "train", "--", "results/cells/narrow/history.csv"], ["train narrow"]),
    "--config": (["--config", 'defaults={"learning_rate": 0.05, "weight_decay": 1e-3}', "partial=false"], EVERY),
    "--rerun-triggers": (["--rerun-triggers", "mtime", "code", "params", "input"], sorted([*NARROW, *PAGE])),
    "--rerun-incomplete": (["--rerun-incomplete"], sorted([*NARROW, *PAGE])),
    "--consider-ancient": (["--consider-ancient", "compare=run"], sorted([*NARROW, *PAGE])),
}
# Arguments that are refused, and the beginning of the message.
REFUSED = {
    "--touch": (["--touch"], "--touch: nothing touched: whether a result is up to date depends on its content"),
    "--cores 0": (["--cores", "0"], "--cores: no job could run; given: 0; allowed: a number from 1, or all"),
}


@pytest.fixture(scope="module")
def changed(finished, tmp_path_factory) -> Path:
    """The finished project with another learning rate of one cell."""
    folder = tmp_path_factory.mktemp("changed") / "project"
    shutil.copytree(finished, folder)
    config = folder / "config/small.yaml"
    config.write_text(config.read_text("utf-8").replace("learning_rate: 0.02", "learning_rate: 0.03"), "utf-8")
    return folder


@pytest.mark.parametrize("flag", JOBS)
def test_a_flag_runs_the_jobs_that_it_asks_for(changed, flag):
    arguments, jobs = JOBS[flag]
    done = snakemake(changed, "--dry-run", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    assert names_of_jobs(done.stdout + done.stderr) == jobs


@pytest.mark.parametrize("flag", REFUSED)
def test_a_flag_without_a_meaning_is_refused_in_a_line(changed, flag):
    arguments, said = REFUSED[flag]
    done = snakemake(changed, *arguments)
    assert done.returncode == 1
    assert sum(line.startswith(said) for line in done.stderr.splitlines()) == 1, done.stderr
    assert "Traceback" not in done.stderr


def test_what_was_forced_says_so_in_its_record(project):
    done = snakemake(project, "--forcerun", "figures")
    assert done.returncode == 0, done.stderr
    assert "start  figures  (forced)" in done.stderr
    assert json.loads((project / "results/figures/figures.json").read_text("utf-8"))["why"] == ["forced"]
    assert planned_jobs(project) == []


def test_the_project_from_another_folder(changed, tmp_path):
    """--directory is the project's folder; without it, -s alone finds no configuration, and says so."""
    config = str(changed / "config/small.yaml")
    command = ["-s", str(changed / "Snakefile"), "--dry-run"]
    done = snakemake(tmp_path, *command, config=config)
    assert done.returncode == 1
    (line,) = [line for line in done.stderr.splitlines() if not line.startswith("Using")]
    assert line.startswith(f"config/config.yaml: no such file in {tmp_path}; ") and "--directory" in line
    done = snakemake(tmp_path, *command, "--directory", str(changed), config=config)
    assert names_of_jobs(done.stdout + done.stderr) == sorted([*NARROW, *PAGE])


def test_a_configuration_in_place_of_the_projects(tmp_path):
    """A key that is missing in it is not reported for config/config.yaml, which is ignored."""
    project = copy_project(tmp_path / "project")
    own = project / "config/own.yaml"
    arguments = ("--replace-workflow-config", "--dry-run")
    own.write_text(SMALL, "utf-8")
    said = snakemake(project, *arguments, config="config/own.yaml").stderr
    assert "config/own.yaml:8: defaults.loss: is missing" in said and "config/config.yaml" not in said
    defaults = "  loss: nll\n  optimizer: sgd\n  normalize: true\n  train_fraction: 0.8\n"
    own.write_text(SMALL.replace("  epochs: 2\n", f"  epochs: 2\n{defaults}"), "utf-8")
    done = snakemake(project, *arguments, config="config/own.yaml")
    assert names_of_jobs(done.stdout + done.stderr) == sorted([*EVERY, "download", "prepare"])


def test_all_output_is_deleted_unless_a_run_is_working(project):
    from experiment_grid.runtime import lock

    with lock.hold(project / "results"):
        done = snakemake(project, "--delete-all-output")
        assert done.returncode == 1 and "is working in this folder" in done.stderr
    assert (project / "results/report.html").is_file()
    (project / "results/.lock").unlink()
    done = snakemake(project, "-np", "--delete-all-output")
    assert done.returncode == 0 and not (project / "results/.lock").exists(), done.stderr
    done = snakemake(project, "--delete-all-output")
    assert done.returncode == 0 and (project / "results/.lock").exists(), done.stderr
    left = {path.relative_to(project / "results").parts[0] for path in (project / "results").rglob("*.*")}
    assert left <= {"plan", "logs", "benchmarks", "partial", "trained", ".locks", ".lock"}
    done = snakemake(project, "--dry-run")
    assert names_of_jobs(done.stdout + done.stderr) == sorted([*EVERY, "download", "prepare"])


@pytest.mark.parametrize("flag", [*JOBS, *REFUSED, "-s", "--directory", "--replace-workflow-config", "--archive"])
def test_the_document_has_every_flag(flag):
    text = (ROOT / "docs/flags.md").read_text("utf-8")
    assert (f"`{flag}" if flag.startswith("-") else flag) in text
