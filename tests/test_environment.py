"""One place for versions: pyproject.toml; conda's file and the lock files say the same."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
GROUPS = {"run": PYPROJECT["project"]["dependencies"], **PYPROJECT["dependency-groups"]}
LOCKS = {"run": "requirements.txt", "dev": "requirements-dev.txt", "bench": "requirements-bench.txt"}


def test_conda_has_the_pins_of_a_run():
    dependencies = yaml.safe_load((ROOT / "workflow/envs/jobs.yml").read_text())["dependencies"]
    assert dependencies[-1]["pip"] == GROUPS["run"]


def test_the_package_is_built_by_what_a_run_has():
    """So that `make setup` builds it without a network."""
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


@pytest.mark.parametrize("lock", [LOCKS["dev"], LOCKS["bench"]])
def test_locks_agree_with_that_of_a_run(lock):
    other, workflow = locked(lock), locked(LOCKS["run"])
    assert {name: other[name] for name in other.keys() & workflow} == {
        name: workflow[name] for name in other.keys() & workflow
    }


def test_locks_name_packages_not_addresses():
    for name in [*LOCKS.values(), "environment.yml", "workflow/envs/jobs.yml", "pyproject.toml"]:
        assert "://" not in (ROOT / name).read_text(), name
