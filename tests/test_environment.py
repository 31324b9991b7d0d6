"""Versions are pinned in pyproject.toml; conda's files and the lock files agree with it."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from project import ROOT

from experiment_grid.planning.recipes import USED
from experiment_grid.planning.stages import STAGES
from experiment_grid.source_code.fingerprint import SCRIPTS, fingerprint, source

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
GROUPS = {"run": PYPROJECT["project"]["dependencies"], **PYPROJECT["dependency-groups"]}
GROUPS["export"] += [pin for pins in PYPROJECT["project"]["optional-dependencies"].values() for pin in pins]
LOCKS = {"run": "requirements.txt", "dev": "requirements-dev.txt", "bench": "requirements-bench.txt"}
LOCKS["export"] = "requirements-export.txt"


ENVIRONMENTS = sorted((ROOT / "workflow/envs").glob("*.yml"))
PACKAGES = {
    "sklearn": "scikit-learn",
    "PIL": "pillow",
    "markupsafe": "jinja2",
    "annotated_types": "annotated-types",
}  # by what they are imported as


def conda(file: Path) -> set[str]:
    """What pip installs in one of conda's environments."""
    dependencies = yaml.safe_load(file.read_text("utf-8"))["dependencies"]
    return {pin for item in dependencies if isinstance(item, dict) for pin in item["pip"]}


@pytest.mark.parametrize("file", ENVIRONMENTS, ids=lambda file: file.stem)
def test_conda_has_the_pins_of_a_run(file):
    assert conda(file) <= {*GROUPS["run"]}
    assert not any(pin.startswith("snakemake==") for pin in conda(file))


class WithoutTypes(ast.NodeTransformer):
    """A module as it runs: without what only a type checker imports."""

    def visit_If(self, node: ast.If) -> ast.AST | None:
        return None if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING" else node


@pytest.mark.parametrize("stage", STAGES)
def test_a_stages_environment_has_what_it_imports(stage):
    rule = (ROOT / f"workflow/rules/{stage}.smk").read_text("utf-8")
    (name,) = re.findall(r'"\.\./envs/(\w+\.yml)"', rule)
    has = {pin.partition("==")[0] for pin in conda(ROOT / "workflow/envs" / name)}
    files = {source(module) for module in fingerprint(stage)}
    if stage in USED:  # any component of a cell
        files |= {*(SCRIPTS / "experiment_grid/training").rglob("*.py")}
    nodes = [node for file in files for node in ast.walk(WithoutTypes().visit(ast.parse(file.read_text("utf-8"))))]
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    others = {name.partition(".")[0] for name in imported} - {"experiment_grid", *sys.stdlib_module_names}
    others = {name for name in others if source(name) is None}
    assert {PACKAGES.get(name, name) for name in others} | {"psutil", "filelock"} <= has


def test_the_oldest_snakemake_is_the_same_everywhere():
    (floor,) = re.findall(r'^min_version\("(.+)"\)$', (ROOT / "Snakefile").read_text("utf-8"), re.MULTILINE)
    (newest,) = (pin.partition("==")[2] for pin in GROUPS["run"] if pin.startswith("snakemake=="))
    for document in ("README.md", "docs/decisions/progress.md", ".snakemake-workflow-catalog.yml"):
        assert f"Snakemake {floor} to {newest}" in (ROOT / document).read_text("utf-8").replace("\n", " "), document


def test_the_catalogue_says_how_the_workflow_is_used():
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text("utf-8"))["usage"]
    assert usage["report"] is True and usage["software-stack-deployment"]["conda"] is True
    assert (ROOT / "config/README.md").is_file()


def test_the_package_is_built_by_what_a_run_has():
    """Then `make setup` builds it without a network."""
    (backend,) = PYPROJECT["build-system"]["requires"]
    name, version = backend.split("==")
    assert locked(LOCKS["run"])[name] == {version}


def locked(lock: str) -> dict[str, set[str]]:
    """Package → versions; there are several where Python versions need different ones."""
    versions: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE):
        versions.setdefault(name, set()).add(version)
    return versions


@pytest.mark.parametrize(("group", "lock"), LOCKS.items())
def test_locks_have_the_pins(group, lock):
    pins = dict(pin.split("==") for pin in GROUPS[group])
    assert {name: locked(lock)[name] for name in pins} == {name: {version} for name, version in pins.items()}


@pytest.mark.parametrize("lock", [LOCKS["dev"], LOCKS["bench"], LOCKS["export"]])
def test_locks_agree_with_that_of_a_run(lock):
    other, workflow = locked(lock), locked(LOCKS["run"])
    assert {name: other[name] for name in other.keys() & workflow} == {
        name: workflow[name] for name in other.keys() & workflow
    }


def test_locks_name_packages_not_addresses():
    for name in [
        *LOCKS.values(),
        "environment.yml",
        *(f"workflow/envs/{file.name}" for file in ENVIRONMENTS),
        "pyproject.toml",
    ]:
        assert "://" not in (ROOT / name).read_text(), name


def test_condas_recipe_takes_the_locked_packages():
    *_, packages = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    assert packages == {"pip": ["-r requirements.txt", "-e ."]}


@pytest.mark.parametrize("torch", ["", "cpu"])
def test_set_up_can_go_without_cuda(torch, tmp_path):
    """It says what is downloaded before it downloads anything."""
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    command = ["make", "-n", "setup", f"TORCH={torch}"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    takes, packages = said.index("Setting up .venv, once: "), said.index("-r -")
    assert takes < said.index("-m venv") < packages
    assert ("make setup TORCH=cpu" in said) == (not torch) and ("--torch-backend 'cpu' -r -" in said) == bool(torch)
    (listing,) = re.findall(r"^(.*) \| .venv/bin/uv pip install .*-r -$", said, re.MULTILINE)
    listed = subprocess.run(["bash", "-c", listing], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    left_out = locked(LOCKS["run"]).keys() - {*re.findall(r"^([a-z0-9-]+)==", listed, re.MULTILINE)}
    assert all(name.startswith(("nvidia-", "cuda-", "triton")) for name in left_out) and bool(left_out) == bool(torch)
