"""A GPU for each job: leases, tested without a GPU, whose holders are killed."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from experiment_grid.runtime.errors import UserError
from experiment_grid.runtime.leases import lease

SPAWN = multiprocessing.get_context("fork")


def hold(names, folder, taken, release):
    """Take a lease in a process of its own, report which, keep it until asked to end."""
    with lease(names, folder) as index:
        taken.put(index)
        release.wait()


class Holder:
    def __init__(self, names, folder: Path):
        self.taken, self.release = SPAWN.Queue(), SPAWN.Event()
        self.process = SPAWN.Process(target=hold, args=(names, folder, self.taken, self.release), daemon=True)
        self.process.start()

    def index(self, timeout=30):
        return self.taken.get(timeout=timeout)

    def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.join()


@pytest.fixture
def holders():
    running = []
    yield running
    for holder in running:
        if holder.process.is_alive():
            holder.kill()


def test_every_process_gets_a_device_of_its_own(tmp_path, holders):
    names = ["GPU-a", "GPU-b", "GPU-c"]
    holders += [Holder(names, tmp_path) for _ in names]
    assert sorted(holder.index() for holder in holders) == [0, 1, 2]


def test_a_killed_process_gives_its_device_back(tmp_path, holders):
    names = ["GPU-a", "GPU-b"]
    for _ in range(3):
        holders[:] = [Holder(names, tmp_path) for _ in names]
        taken = [holder.index() for holder in holders]
        assert sorted(taken) == [0, 1]
        holders[0].kill()
        with lease(names, tmp_path) as index:
            assert index == taken[0]
        holders[1].kill()


def test_a_process_without_a_device_waits_until_one_is_free(tmp_path, holders, capfd):
    holders += [Holder(["GPU-a"], tmp_path)]
    holders[0].index()
    holders += [Holder(["GPU-a"], tmp_path)]
    assert "all of 1 devices are in use" in _waited_for(capfd)
    assert holders[1].taken.empty()
    holders[0].kill()
    assert holders[1].index() == 0


def _waited_for(capfd, looks=300):
    for _ in range(looks):
        if out := capfd.readouterr().out:
            return out
        time.sleep(0.05)
    return ""


def test_a_folder_of_another_user_is_refused(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(UserError, match="belongs to another user"), lease(["GPU-a"], tmp_path / "link"):
        pass


def test_a_lease_ends_with_its_block(tmp_path):
    for _ in range(2):
        with lease(["GPU-a"], tmp_path) as index:
            assert index == 0
