"""A copy of the project in a temporary folder, and Snakemake run on it as a user would."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from snakemake_forks import forks

from experiment_grid.config import locate
from experiment_grid.config.columns import flat
from experiment_grid.config.parameters import Parameters
from experiment_grid.config.resolution import CellValues, Resolution
from experiment_grid.source_code import definitions, fingerprint, signatures

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "workflow/scripts"
MNIST = ROOT.parent / "shared/mnist"  # the real one, where it is at hand
PARTS = ("Snakefile", "config", "models", "profiles", "workflow")

# Four cells that a run finishes in seconds; `narrow` has its own learning rate, the others have the default.
SMALL = """\
title: Small
dataset: digits
reference: null
baseline: wide
final: wide
pathvars: {results: results}
defaults:
  hidden: [16]
  epochs: 2
  batch_size: 64
  learning_rate: 0.01
  seeds: [1, 2]
  device: cpu
cells:
  - name: wide
    hidden: [32]
  - name: narrow
    learning_rate: 0.02
  - name: grid
    grid: {batch_size: [32, 128]}
"""
# Prefixes of variables that Python and its packages read at start: a test that changes one gets its own process.
EARLY = ("HOME", "LANG", "LC_", "PYTHON", "SNAKEMAKE", "XDG_")
CELLS = ("wide", "narrow", "grid-batch-32", "grid-batch-128")


def parameters(**changes: Any) -> dict[str, Any]:
    """A cell's canonical parameters: the defaults of config.yaml with these changes, as a cell gives them."""
    return parameters_of(**changes).as_dict()


def flat_parameters(**changes: Any) -> dict[str, Any]:
    """The same parameters as columns, as compare and report see them."""
    return flat({"cell": parameters_of(**changes)})["cell"]


def parameters_of(**changes: Any) -> Parameters:
    """The same parameters as the configuration's object."""
    defaults = yaml.safe_load((ROOT / "config/config.yaml").read_text("utf-8"))["defaults"]
    return Resolution(defaults, []).parameters(CellValues("cell", changes))


def forget_packages() -> None:
    """Forget which packages are installed, which is looked up once per process: for tests that install one."""
    for known in (fingerprint.version, locate.in_package, definitions.places, signatures.cached):
        known.cache_clear()


def copy_project(folder: Path) -> Path:
    """The project's sources in `folder`, without results, with the small grid as `config/small.yaml`."""
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / part)
    (folder / "config/small.yaml").write_text(SMALL, "utf-8")
    return folder


def command_of(*arguments: str, config: str | None = "config/small.yaml") -> list[str]:
    """Snakemake as a user would call it, with the project's default profile."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--resources", "gpu=1"]
    return [*command, *(["--configfile", config] if config else []), *arguments]


def environment_of(**changes: str) -> dict[str, str]:
    """The environment that a run gets."""
    return {name: value for name, value in os.environ.items() if name != "MNIST_MIRROR"} | changes


def snakemake(
    folder: Path,
    *arguments: str,
    config: str | None = "config/small.yaml",
    timeout: float = 300,
    **environment: str,
) -> subprocess.CompletedProcess:
    """Run Snakemake in `folder`; both streams are captured as text."""
    command = command_of(*arguments, config=config)
    given = environment_of(**environment)
    if any(name.startswith(EARLY) for name, _ in given.items() ^ forks().environment.items()):
        return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=given, timeout=timeout)
    return forks().snakemake(folder, command[3:], given, timeout)


def planned_jobs(folder: Path, *arguments: str, **options) -> list[str]:
    """The jobs that Snakemake would run now, as "rule", "rule cell" or "rule cell/seed", without `all`, sorted."""
    done = snakemake(folder, "--dry-run", *arguments, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return names_of_jobs(done.stdout + done.stderr)


def names_of_jobs(said: str) -> list[str]:
    """The same jobs, from the output of a dry run."""
    jobs = re.findall(r"^(?:local)?rule (\w+):\n((?:    .*\n)*)", said, re.MULTILINE)
    assert jobs or "Nothing to be done" in said, said
    names = []
    for rule, block in jobs:
        wildcards = re.search(r"^    wildcards: cell=(\S+?)(?:, seed=(\S+))?$", block, re.MULTILINE)
        job = "/".join(filter(None, wildcards.groups())) if wildcards else ""
        names.append(f"{rule} {job}".strip())
    return sorted(name for name in names if name != "all")
