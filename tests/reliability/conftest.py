"""The project with which several tests of fault tolerance begin."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def unfinished(project) -> Path:
    """The finished project without the cell `narrow`, and without old trainings in which it would be found."""
    for path in (project / "results/cells/narrow").iterdir():
        path.unlink()
    shutil.rmtree(project / "results/trained")
    return project
