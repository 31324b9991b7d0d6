"""What a query leaves in the temporary folder: nothing, or only until the next query."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from experiment_grid.planning import dry_run_files

MAKE = (
    "import os, sys; from pathlib import Path; from experiment_grid.planning import dry_run_files; "
    "print(dry_run_files.make([Path('plan/train/a.json')], 5), flush=True); "
)


def folder_of(end: str, tmp_path: Path) -> Path:
    """The folder of a process that ends in this way."""
    environment = os.environ | {"TMPDIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", MAKE + end], env=environment, capture_output=True, text=True)
    return Path(done.stdout.strip())


@pytest.fixture
def temporary(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_they_are_removed_with_their_process(temporary):
    assert not folder_of("", temporary).exists()


def test_those_of_a_killed_process_are_removed_by_the_next(temporary):
    killed = folder_of("os.kill(os.getpid(), 9)", temporary)
    assert (killed / "plan/train/a.json").stat().st_mtime_ns == 5
    others = [temporary / name for name in ("experiment-grid-mine", "experiment-grid-12-a.b", "experiment-grid")]
    own = temporary / f"experiment-grid-{os.getpid()}-abc"
    for folder in (*others, own):
        folder.mkdir()
    (temporary / "experiment-grid-999999999-link").symlink_to(others[0])
    dry_run_files.remove_left()
    assert not killed.exists()
    assert all(folder.is_dir() for folder in (*others, own, temporary / "experiment-grid-999999999-link"))
