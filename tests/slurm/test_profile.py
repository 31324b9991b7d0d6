"""What holds the Slurm profile to the rest of the project; needs no cluster."""

import re
import tomllib

import pytest
import yaml
from project import ROOT

from terminal import lines


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


def test_a_lost_submission_is_told_in_slurms_own_words(tmp_path):
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
