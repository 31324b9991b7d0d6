"""The package as users install it, as a wheel or editable: every file of it, and nothing else."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from project import ROOT

from experiment_grid.runtime.errors import UserError
from experiment_grid.runtime.package import HERE, check_place

SCRIPTS = ROOT / "workflow/scripts"
# As pip calls the backend, and without a network, as in `make setup`.
BUILD = "import sys; from setuptools import build_meta; getattr(build_meta, sys.argv[1])(sys.argv[2])"
# In a Python that sees only its own library and what is installed in a folder.
LOOK = """
import json, site, sys
from importlib import resources, util
site.addsitedir(sys.argv[1])
found = [name for name in json.loads(sys.argv[2]) if util.find_spec(name)]
from experiment_grid.runtime import errors
schema = resources.files("experiment_grid.config") / "schemas/config.schema.json"
print(json.dumps([found, errors.__file__, schema.is_file()]))
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    """A clone with what building needs."""
    folder = tmp_path_factory.mktemp("source")
    shutil.copytree(SCRIPTS, folder / "workflow/scripts", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    return folder


def installed(source: Path, how: str, folder: Path) -> Path:
    """Install the package by the hook `how` into an empty folder."""
    (folder / "wheel").mkdir()
    subprocess.run(
        [sys.executable, "-c", BUILD, how, folder / "wheel"], cwd=source, check=True, capture_output=True, timeout=100
    )
    (wheel,) = (folder / "wheel").glob("*.whl")
    ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


@pytest.mark.parametrize("how", ["build_wheel", "build_editable"])
def test_the_package_and_nothing_else_can_be_imported(source, how, tmp_path):
    site = installed(source, how, tmp_path)
    beside = sorted({path.stem for path in SCRIPTS.iterdir()} - {"__pycache__"})
    assert {"errors", "open", "report", "experiment_grid"} <= {*beside}
    command = [sys.executable, "-I", "-S", "-c", LOOK, site, json.dumps(beside)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    found, file, has_schema = json.loads(done.stdout)
    assert found == ["experiment_grid"]
    assert Path(file).is_relative_to(site if how == "build_wheel" else source / "workflow/scripts")
    assert has_schema


def test_a_wheel_has_every_file_of_the_package(source, tmp_path):
    files = {path.relative_to(SCRIPTS) for path in HERE.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    site = installed(source, "build_wheel", tmp_path)
    assert {path.relative_to(site) for path in (site / "experiment_grid").rglob("*") if path.is_file()} == files


def test_a_copy_outside_of_the_workflow_is_refused(tmp_path):
    """Jobs would import the copy of the environment, while the plan looks at that of the workflow."""
    check_place(SCRIPTS)
    with pytest.raises(UserError, match="pip uninstall experiment-grid"):
        check_place(tmp_path)
