"""A training that was killed: the next run resumes it and ends with the same bits as an uninterrupted training."""

import contextlib
import itertools
import json
import multiprocessing
import os
import re
import shutil
import signal
from pathlib import Path

import pytest
from safetensors import safe_open
from tables import rows
from trained_cell import OneCell

from experiment_grid.training.stopping import chosen_epoch

KILL = -signal.SIGKILL
# Children come from a process that has imported torch but not used it: forking this one could hang its threads.
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["torch", "safetensors.torch", "psutil", "numpy"])


def train_until(cell, renames, before):
    """Train in this process and kill it at that rename of a finished file, just before or just after it. Ends with code
    0 if there are fewer renames."""
    replace, count = Path.replace, itertools.count(1)

    def deadly(self, target):
        last = next(count) == renames
        if last and before:
            os.kill(os.getpid(), signal.SIGKILL)
        replace(self, target)
        if last:
            os.kill(os.getpid(), signal.SIGKILL)

    Path.replace = deadly
    with contextlib.redirect_stdout(None):
        cell.train()


def run_until(cell, renames, before):
    process = SERVER.Process(target=train_until, args=(cell, renames, before))
    process.start()
    process.join()
    return process.exitcode


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_killed_anywhere_ends_like_an_undisturbed_run(tmp_path, undisturbed, before, capsys):
    """Each epoch, the final files and the record get their names by a rename: kill at every one of them."""
    for renames in itertools.count(1):
        cell = OneCell(tmp_path / str(renames), epochs=2)
        ended = run_until(cell, renames, before)
        if ended == 0:
            break
        assert ended == KILL
        kept = len(list(cell.partial.glob("seed*")))
        assert kept == min(renames - before, 4)
        cell.train()
        log = capsys.readouterr().out
        assert log.count("resuming after epoch") == (kept + 1) // 2
        assert cell.outcome() == undisturbed.outcome()
        assert not cell.partial.exists()
    assert renames == 1 + 4 + 3  # epochs; checkpoints, history, run


ODD = [
    {"model": "odd_components.Noisy", "optimizer": "rmsprop"},
    {"model": "odd_components.Warming", "loss": "odd_components.MovingLoss"},
    {"optimizer": {"_target_": "torch.optim.LBFGS", "max_iter": 3}, "dropout": 0.2, "batch_norm": True},
    {"schedule": {"_target_": "torch.optim.lr_scheduler.CosineAnnealingLR", "warmup": 0.5, "interval": "step"}},
]


@pytest.mark.parametrize("changes", ODD, ids=["random layers", "state of its own", "LBFGS", "schedule"])
def test_killed_anywhere_with_other_components(tmp_path, changes):
    wanted = OneCell(tmp_path / "undisturbed", epochs=3, seeds=[1], learning_rate=0.01, **changes)
    wanted.train()
    for renames in (1, 2, 4):  # the first two epochs, the checkpoints
        cell = OneCell(tmp_path / str(renames), epochs=3, seeds=[1], learning_rate=0.01, **changes)
        assert run_until(cell, renames, before=False) == KILL
        cell.train()
        assert cell.outcome() == wanted.outcome()


def test_killed_again_and_again_ends_at_last(tmp_path, undisturbed):
    cell = OneCell(tmp_path, epochs=2)
    ends = [run_until(cell, renames=2, before=True) for _ in range(6)]
    assert ends == [KILL] * 6
    assert run_until(cell, renames=99, before=True) == 0
    assert cell.outcome() == undisturbed.outcome()


ALL = {
    "model": "cnn",
    "init": "orthogonal",
    "dropout": 0.2,
    "batch_norm": True,
    "loss": {"_target_": "torch.nn.CrossEntropyLoss", "label_smoothing": 0.1},
    "schedule": {"_target_": "torch.optim.lr_scheduler.CosineAnnealingLR", "warmup": 0.5, "interval": "step"},
    "gradient_clip": 0.5,
    "l1": 1e-4,
    "patience": 1,
}


def test_killed_anywhere_with_every_option_of_training(tmp_path, capsys):
    wanted = OneCell(tmp_path / "undisturbed", epochs=9, **ALL)
    wanted.train()
    log = capsys.readouterr().out
    epochs = [int(row["epoch"]) for row in wanted.rows()]
    assert len(epochs) < 18 and log.count("stops after epoch") >= 1
    for renames in range(1, len(epochs) + 2):
        cell = OneCell(tmp_path / str(renames), epochs=9, **ALL)
        assert run_until(cell, renames, before=False) == KILL
        cell.train()
        assert cell.outcome() == wanted.outcome()


@pytest.fixture
def interrupted(tmp_path):
    """A cell whose training was killed when three epochs of four were done."""
    cell = OneCell(tmp_path, epochs=2)
    assert run_until(cell, renames=3, before=False) == KILL
    return cell


def test_seconds_add_up_over_runs(interrupted):
    with safe_open(interrupted.partial / "seed1.epoch1.safetensors", "numpy") as file:
        first = json.loads(file.metadata()["results"])["row"]["seconds"]
    interrupted.train()
    assert float(rows(interrupted.history)[0]["seconds"]) == first


def corrupt(path, how):
    if how == "folder":
        path.unlink()
        (path / "mine").mkdir(parents=True)
        return
    content = bytearray(path.read_bytes())
    if how == "flipped":
        content[-5] ^= 1
    path.write_bytes(content[: len(content) // 2] if how == "truncated" else b"" if how == "empty" else content)


@pytest.mark.parametrize("how", ["truncated", "flipped", "empty", "folder"])
def test_a_damaged_partial_state_is_removed(interrupted, undisturbed, how, capsys):
    corrupt(interrupted.partial / "seed1.epoch2.safetensors", how)
    interrupted.train()
    log = capsys.readouterr().out
    assert re.search(r"seed1\.epoch2\.safetensors: damaged .*; removed", log)
    assert interrupted.outcome() == undisturbed.outcome()


@pytest.mark.parametrize(
    ("optimizer", "why"),
    [
        ("Unkept", "its state holds a set"),
        ("Looped", "maximum recursion depth"),
        ("Sparse", "its state holds a Tensor"),
    ],
)
def test_an_optimizer_whose_state_cannot_be_kept_trains_all_the_same(tmp_path, capsys, optimizer, why):
    cell = OneCell(tmp_path, epochs=2, seeds=[1], optimizer=f"odd_components.{optimizer}")
    assert cell.train()["status"] == "ok"
    log = capsys.readouterr().out
    assert f"epoch 2 cannot be resumed from, a killed training would start again: {why}" in log


def test_an_epoch_that_cannot_be_resumed_from_is_trained_again(tmp_path, capsys):
    changes = {"epochs": 3, "seeds": [1], "optimizer": "odd_components.Unkept"}
    wanted = OneCell(tmp_path / "undisturbed", **changes)
    wanted.train()
    for renames, again in ((1, True), (2, True), (3, False), (4, False)):
        cell = OneCell(tmp_path / str(renames), **changes)
        assert run_until(cell, renames, before=False) == KILL
        capsys.readouterr()
        cell.train()
        assert ("resuming" not in capsys.readouterr().out) == again
        assert cell.outcome() == wanted.outcome()


@pytest.mark.parametrize("rule", ["last", "validation"])
def test_of_epochs_that_are_not_chosen_only_the_row_is_kept(tmp_path, rule):
    """During training too: only the weights of the last epoch and of the best one before it are on the disk."""
    changes = {"epochs": 6, "epoch": rule, "patience": 3, "learning_rate": 0.02}
    whole, some = OneCell(tmp_path / "all", **changes), OneCell(tmp_path / "chosen", keep="chosen", **changes)
    whole.train()
    some.train()
    assert whole.rows() == some.rows()
    with safe_open(whole.checkpoints, "numpy") as file, safe_open(some.checkpoints, "numpy") as beside:
        for seed in ("1", "2"):
            accuracy = [float(row["validation_accuracy"]) for row in some.rows() if row["seed"] == seed]
            name = f"seed{seed}/epoch{chosen_epoch(accuracy, rule)}/"
            held = [key for key in beside.keys() if key.startswith(f"seed{seed}/")]  # noqa: SIM118
            assert held and all(key.startswith(name) for key in held)
            assert all((file.get_tensor(key) == beside.get_tensor(key)).all() for key in held)
    for renames in itertools.count(1):
        cell = OneCell(tmp_path / str(renames), keep="chosen", **changes)
        if run_until(cell, renames, before=True) == 0:
            break
        full = [path for path in cell.partial.glob("seed1.*") if path.stat().st_size > 5000]
        assert len(full) <= 3
        cell.train()
        assert cell.outcome() == some.outcome()


def test_a_damaged_epoch_among_rows_trains_again_what_it_must(tmp_path):
    changes = {"epochs": 4, "epoch": "validation", "seeds": [1], "keep": "chosen"}
    wanted = OneCell(tmp_path / "undisturbed", **changes)
    wanted.train()
    for damaged in (1, 2, 3, 4):
        cell = OneCell(tmp_path / str(damaged), **changes)
        while len([*cell.partial.glob("seed1.*")]) < 4:
            assert run_until(cell, renames=1, before=False) == KILL
        corrupt(cell.partial / f"seed1.epoch{damaged}.safetensors", "flipped")
        cell.train()
        assert cell.outcome() == wanted.outcome()


def test_a_partial_state_of_another_recipe_is_ignored(interrupted, tmp_path, capsys):
    other = OneCell(tmp_path, epochs=2, learning_rate=0.01)
    other.train()
    assert "of another recipe, data set or device; not used" in capsys.readouterr().out
    fresh = OneCell(tmp_path / "fresh", epochs=2, learning_rate=0.01)
    shutil.copytree(other.prepared.parent, fresh.prepared.parent, dirs_exist_ok=True)
    fresh.train()
    assert other.outcome() == fresh.outcome()
