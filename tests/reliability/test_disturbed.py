"""Every stage, killed before its writes and on full disks: `disturbed.py` on the scripts as Snakemake ran them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from faults import ONE_THREAD, skip_without_mounts

DISTURBED = Path(__file__).with_name("disturbed.py")

# Of the stages that take longer, only every n-th write is tried.
STRIDES = {"download": 9, "prepare": 0, "train": 0, "evaluate": 0, "timing": 9, "compare": 26, "errors": 10}
STRIDES |= {"figures": 44, "report": 3, "record": 3}
SMALL_DISK = "mount -t tmpfs -o size=16m tmpfs results && cp -a full/. results/ && exec "


def disturbed(project: Path, *arguments: str, mount: str = "") -> dict[str, int]:
    command = [sys.executable, str(DISTURBED), *arguments]
    if mount:
        command = ["unshare", "-rm", "sh", "-c", mount + " ".join(command)]
    environment = os.environ | ONE_THREAD
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("stage", STRIDES)
def test_a_killed_stage_leaves_no_part_of_a_file_and_its_next_run_the_same(project, stage):
    counts = disturbed(project, "kill", f"faults/{stage}.py", str(STRIDES[stage]))
    assert counts["kills"] >= 2


def test_the_test_above_sees_a_record_with_a_wrong_checksum(project):
    script = project / "faults/prepare.py"
    begin = "from experiment_grid.runtime.records import"
    wrong = 'records.describe = lambda path: {"sha256": "0", "bytes": 1, "mtime_ns": 1}'
    wrong = f"import experiment_grid.runtime.records as records\n{wrong}\n"
    script.write_text(script.read_text().replace(begin, wrong + begin, 1))
    with pytest.raises(AssertionError, match=r"prepare\.json does not describe the files that exist"):
        disturbed(project, "kill", "faults/prepare.py")


def test_a_limit_on_file_sizes_is_reported_in_a_line(project):
    assert disturbed(project, "limit", "faults/train.py") == {"limited files": 2}


@pytest.mark.parametrize("stage", STRIDES)
def test_a_full_disk_is_reported_in_a_line(project, stage):
    skip_without_mounts()
    shutil.move(project / "results", project / "full")
    (project / "results").mkdir()
    assert disturbed(project, "full", f"faults/{stage}.py", mount=SMALL_DISK)["full disks"] >= 3
