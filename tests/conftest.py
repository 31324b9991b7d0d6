"""One finished run of the small grid, shared by all tests and all workers of pytest-xdist."""

import os
import shutil
import sys
from functools import cache
from pathlib import Path

import pytest
from faults import Faults
from filelock import FileLock
from hypothesis import settings
from project import copy_project, snakemake

# `make test` runs the tests inside make; the makes that they start must look like a user's.
for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
    os.environ.pop(name, None)

# Machines may be busy, so no property-based test has a deadline.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

SLOW = ("tests/slurm", "tests/reliability", "tests/docs/test_extend.py")


def pytest_collection_modifyitems(items):
    """Mark what takes minutes, which `make test` leaves to `make test-slow`. Skip what needs a GPU without one."""
    for item in items:
        if item.nodeid.startswith(SLOW):
            item.add_marker(pytest.mark.slow)
        if item.get_closest_marker("gpu") and not gpus():
            item.add_marker(pytest.mark.skip(reason="needs a GPU"))


@cache
def gpus() -> int:
    """How many GPUs PyTorch can use."""
    import torch

    return torch.cuda.device_count()


@pytest.fixture(autouse=True)
def denormal_numbers():
    """Training flushes denormal numbers to zero in its process; the next test may need them."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """A project folder after a whole run. Tests copy it (`project`) and never change it.

    `faults/` holds the scripts as Snakemake ran them.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # the workers' folders are inside the session's
        shared = shared.parent
    folder = shared / "finished"
    with FileLock(shared / "finished.lock"):
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            copy_project(folder)
            done = snakemake(folder, **Faults(folder / "faults").environment)
            assert done.returncode == 0, done.stdout + done.stderr
            (folder / "done").touch()
    return folder


@pytest.fixture
def project(finished, tmp_path) -> Path:
    """A copy of the finished project, including file times, which a test may change."""
    folder = tmp_path / "project"
    shutil.copytree(finished, folder)
    return folder
