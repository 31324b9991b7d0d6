"""A cluster and a project folder for each test; skipped where Slurm is not installed."""

from pathlib import Path

import cluster as slurm
import pytest
from project import copy_project


@pytest.fixture
def cluster(tmp_path, request):
    """A running one-node cluster, stopped with all its jobs when the test ends. Its parameter: options of `Cluster`."""
    reason = slurm.missing()
    if reason:
        pytest.skip(reason)
    with slurm.Cluster(tmp_path / "slurm", **getattr(request, "param", {})) as running:
        yield running


@pytest.fixture
def project(tmp_path) -> Path:
    """The project's sources, without results."""
    return copy_project(tmp_path / "project")
