"""Commands that only look change no file, and need neither rights nor the lock of the results."""

import os
import subprocess
from pathlib import Path

import pytest
from faults import Faults, Run, skip_without_mounts
from project import command_of, copy_project, environment_of, snakemake

WHY = ("--quiet", "all", "--", "why")
LOOKS = {
    "-n": ["--dry-run"],
    "-n of a target": ["--dry-run", "--", "results/cells/narrow/evaluation.csv"],
    "-n forced": ["--dry-run", "--forceall"],
    "--summary": ["--summary"],
    "--detailed-summary": ["--detailed-summary"],
    "--dag": ["--dag"],
    "--rulegraph": ["--rulegraph"],
    "--filegraph": ["--filegraph"],
    "--list-rules": ["--list-rules"],
    "--list-untracked": ["--list-untracked"],
    "--list-params-changes": ["--list-params-changes"],
    "--lint": ["--lint"],
    "make why": WHY,
    "make stale": ["--quiet", "all", "--", "stale"],
    "make open": ["--quiet", "all", "--", "open"],
}
DURING_A_RUN = ("-n", "--summary", "--dag", "--rulegraph", "--list-rules", "--lint", "make why", "make open")
READ_ONLY = 'mount --bind results results && mount -o remount,bind,ro results && exec "$@"'


def tree(project: Path) -> dict[str, tuple[int, ...]]:
    """Mode, size and times of every file, except Snakemake's own notes."""
    paths = [path for path in project.rglob("*") if ".snakemake" not in path.parts]
    stats = {path: path.lstat() for path in paths}
    return {str(path): (stat.st_mode, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns) for path, stat in stats.items()}


@pytest.fixture
def tempting(project) -> Path:
    """A project in which a run would have much to repair."""
    config = project / "config/small.yaml"
    config.write_text(config.read_text("utf-8").replace("learning_rate: 0.02", "learning_rate: 0.03"), "utf-8")
    results = project / "results"
    for name in ("cells/wide/history.csv", "benchmarks/prepare.tsv", "comparison.csv", "data/digits/prepare.json"):
        os.utime(results / name, (1672531200, 1672531200))
    (results / "cells/wide/evaluation.csv").touch()
    (results / "plan/train/wide.json").unlink()
    (results / "plan/train/.wide.json.x.part.json").touch()
    (results / "partial/wide").mkdir(parents=True, exist_ok=True)
    (results / "partial/wide/seed1.epoch1.safetensors").touch()
    (results / "logs/evaluate/wide.log").unlink()
    (results / "logs/evaluate/wide.log").symlink_to(project / "Snakefile")
    (results / "logs/why.log").unlink(missing_ok=True)
    return project


def test_looking_leaves_everything_as_it_is(tempting):
    before = tree(tempting)
    for look, arguments in LOOKS.items():
        done = snakemake(tempting, *arguments, BROWSER="true")
        assert done.returncode == 0, look + done.stdout + done.stderr
        assert tree(tempting) == before, look


def test_looking_creates_nothing_in_a_new_project(tmp_path):
    project = copy_project(tmp_path / "project")
    before = tree(project)
    for look in ("-n", "--summary", "--dag", "make why"):
        done = snakemake(project, *LOOKS[look])
        assert done.returncode == 0, look + done.stdout + done.stderr
        assert tree(project) == before, look


@pytest.mark.slow
def test_looking_needs_no_rights_in_the_results(tempting):
    """With something to do, -n reports what a run would: that outputs are write-protected."""
    skip_without_mounts()

    def look(name: str) -> subprocess.CompletedProcess:
        command = ["unshare", "-rm", "sh", "-c", READ_ONLY, "sh", *command_of(*LOOKS[name])]
        return subprocess.run(command, cwd=tempting, env=environment_of(), capture_output=True, text=True)

    assert "Write-protected output files" in look("-n").stdout
    for name in ("--summary", "--dag", "--rulegraph", "--list-rules", "--lint", "make why"):
        done = look(name)
        assert done.returncode == 0, name + done.stdout + done.stderr
    assert "narrow: learning_rate 0.02 → 0.03" in done.stdout
    config = tempting / "config/small.yaml"
    config.write_text(config.read_text("utf-8").replace("learning_rate: 0.03", "learning_rate: 0.02"), "utf-8")
    done = look("-n")
    assert done.returncode == 0 and "Nothing to be done" in done.stdout, done.stdout + done.stderr


@pytest.mark.slow
def test_looking_works_during_a_run(tempting, tmp_path):
    faults = Faults(tmp_path / "faults", ("hold", "partial/narrow/seed1.epoch2", 1))
    with Run(tempting, **faults.environment) as run:
        run.wait_for("the second epoch", lambda: faults.held(0))
        before = tree(tempting)
        for look in DURING_A_RUN:
            done = snakemake(tempting, *LOOKS[look], BROWSER="true")
            assert done.returncode == 0, look + done.stdout + done.stderr
            assert tree(tempting) == before, look
        assert run.process.poll() is None
        faults.release(0)
        assert run.finish() == 0, run.said
