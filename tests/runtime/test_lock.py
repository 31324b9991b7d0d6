"""One run in a folder and one process on a job at a time; a killed process leaves no lock."""

import os
import subprocess
import sys
import threading

import pytest

from experiment_grid.runtime import lock
from experiment_grid.runtime.errors import UserError

HOLD = """
import sys, time
sys.path.insert(0, sys.argv[2])
from experiment_grid.runtime import lock
run = lock.hold(sys.argv[1])
with lock.job(sys.argv[1], "train", "narrow"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def other(tmp_path, request):
    """A process that holds the locks of the folder and of the job `train narrow`."""
    command = [sys.executable, "-c", HOLD, tmp_path / "results", request.config.rootpath / "workflow/scripts"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_lock_of_a_living_process_is_refused_and_that_of_a_killed_one_is_not(other, tmp_path):
    with pytest.raises(UserError, match=rf"another run \(process {other.pid}\) is working in this folder"):
        lock.hold(tmp_path / "results")
    other.kill()
    other.wait()
    lock.hold(tmp_path / "results").release()


def test_a_job_waits_until_the_process_that_runs_it_ends(other, tmp_path, capsys):
    with lock.job(tmp_path / "results", "train", "wide") as waited:
        assert not waited
    threading.Timer(0.3, other.kill).start()
    with lock.job(tmp_path / "results", "train", "narrow") as waited:
        assert waited and other.wait() != 0
    assert f"train narrow: process {other.pid} of an earlier run is still running; waiting" in capsys.readouterr().err


def test_a_file_in_place_of_the_folder_is_reported(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="file: is a file, a folder is needed; move it away"):
        lock.hold(tmp_path / "file")


@pytest.mark.parametrize("make", [lambda path: path.symlink_to(path.parent / "mine"), os.mkfifo, os.mkdir])
@pytest.mark.parametrize("name", [".lock", ".locks/train/narrow"])
def test_what_is_no_lock_file_is_refused_and_left_alone(tmp_path, make, name):
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    (path.parent / "mine").write_text("precious")
    make(path)
    with pytest.raises(UserError, match=f"{name}: is not an ordinary file, as a lock must be; remove it"):  # noqa: SIM117
        with lock.hold(tmp_path) if name == ".lock" else lock.job(tmp_path, "train", "narrow"):
            pass
    assert (path.parent / "mine").read_text() == "precious"


def test_results_of_a_running_job_are_not_unused(other, tmp_path):
    results = tmp_path / "results"
    message = rf"process {other.pid} is still running train narrow; nothing removed"
    for cells in (None, ["narrow"]):
        with pytest.raises(UserError, match=message), lock.unused(results, cells):
            pass
    with lock.unused(results, ["wide"]):
        pass
    other.kill()
    other.wait()
    with lock.unused(results), lock.job(results, "train", "wide") as waited:
        assert not waited


def test_file_systems_without_locks_get_a_warning(tmp_path, capsys, monkeypatch):
    def refuse(*_):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("fcntl.flock", refuse)
    lock.hold(tmp_path).release()
    assert "no locks on this file system" in capsys.readouterr().err
