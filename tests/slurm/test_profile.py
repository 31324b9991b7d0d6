"""The Slurm profile agrees with the rest of the project; needs no cluster."""

import os
import re
import subprocess
import sys
import tomllib
from types import SimpleNamespace

import pytest
import yaml
from project import ROOT
from runs import trainers
from snakemake_executor_plugin_slurm.validation import validate_slurm_extra

from experiment_grid.progress import lines


def profile(name: str) -> dict:
    return yaml.safe_load((ROOT / f"profiles/{name}/config.yaml").read_text("utf-8"))


@pytest.mark.parametrize("key", profile("default"))
def test_slurm_keeps_the_default_profile(key):
    assert profile("slurm")[key] == profile("default")[key]


def test_documented_plugin_is_the_pinned_one():
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    pin = next(pin for pin in groups["dev"] if pin.startswith("snakemake-executor-plugin-slurm"))
    documented = re.findall(r"snakemake-executor-plugin-slurm==[\d.]+", (ROOT / "docs/slurm.md").read_text("utf-8"))
    assert set(documented) == {pin}


def test_documented_slurm_extra_passes_the_plugins_check():
    files = (ROOT / "docs/slurm.md", ROOT / "profiles/slurm/config.yaml")
    documented = [extra for file in files for extra in re.findall(r"slurm_extra: \"'(.*?)'\"", file.read_text("utf-8"))]
    assert documented
    for extra in documented:
        validate_slurm_extra(SimpleNamespace(resources=SimpleNamespace(slurm_extra=extra)))


def test_another_tests_cluster_is_not_watched(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "other").mkdir()
    script = tmp_path / "job.train.py"
    script.write_text("print(flush=True)\ninput()\n")
    command = ["sh", "-c", f"{sys.executable} {script}; exit", "train:cell=c"]
    options = {"cwd": tmp_path / "other", "env": os.environ | {"SLURM_JOB_ID": "7"}, "text": True}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options) as job:
        job.stdout.readline()
        assert [trainer.cell for trainer in trainers(tmp_path / "other")] == ["c"]
        assert trainers(tmp_path / "own") == []
        job.communicate("\n")


def test_a_lost_submission_is_reported_in_slurms_own_words(tmp_path):
    log = tmp_path / "7.log"
    log.write_text(
        "srun: cluster configuration lacks support for cpu binding\n"
        "Error in rule train:\n"
        "slurmstepd-node1: error: *** JOB 7 ON node1 CANCELLED AT 2026-01-02T03:04:05 DUE TO TIME LIMIT ***\n"
    )
    assert lines.lost(log).splitlines() == [
        f"submission, {log}:",
        "    slurmstepd-node1: error: *** JOB 7 ON node1 CANCELLED AT 2026-01-02T03:04:05 DUE TO TIME LIMIT ***",
    ]
