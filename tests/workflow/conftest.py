"""One finished run of the small grid, shared by all tests and by pytest-xdist's workers."""

import shutil
from pathlib import Path

import pytest
from filelock import FileLock
from project import copy_project, snakemake


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """A project folder after a whole run. Tests copy it (`project`), nobody changes it."""
    shared = tmp_path_factory.getbasetemp().parent
    folder = shared / "finished"
    with FileLock(shared / "finished.lock"):
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            copy_project(folder)
            done = snakemake(folder)
            assert done.returncode == 0, done.stdout + done.stderr
            (folder / "done").touch()
    return folder


@pytest.fixture
def project(finished, tmp_path) -> Path:
    """A copy of the finished project, file times included, to do anything with."""
    folder = tmp_path / "project"
    shutil.copytree(finished, folder)
    return folder
