"""What several tests of fault tolerance begin with."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def unfinished(project) -> Path:
    """The finished project without the cell `narrow`, and without what a training would be found again by."""
    for path in (project / "results/cells/narrow").iterdir():
        path.unlink()
    shutil.rmtree(project / "results/trained")
    return project
