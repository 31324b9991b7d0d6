"""The whole stage: its files, what it resumes after a kill, what it does when numbers stop being numbers."""

import contextlib
import csv
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
from trained_cell import OneCell

from experiment_grid.runtime.errors import UserError
from experiment_grid.runtime.records import trained_with
from experiment_grid.training.stopping import chosen_epoch, stops

KILL = -signal.SIGKILL
# Children come from a process that has imported torch but not used it: forking this one could hang its threads.
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["torch", "safetensors.torch", "psutil", "numpy"])


def rows_of(cell, drop=("seconds",)):
    with cell.history.open(newline="", encoding="utf-8") as file:
        return [{key: value for key, value in row.items() if key not in drop} for row in csv.DictReader(file)]


def outcome(cell):
    """All that a disturbed run must leave as an undisturbed one."""
    return rows_of(cell), cell.checkpoints.read_bytes()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    cell = OneCell(tmp_path_factory.mktemp("undisturbed"), epochs=2)
    cell.train()
    return cell


def test_history_has_a_row_per_seed_and_epoch(undisturbed):
    rows = rows_of(undisturbed, drop=())
    assert list(rows[0]) == [
        "seed",
        "epoch",
        "train_loss",
        "train_accuracy",
        "validation_loss",
        "validation_accuracy",
        "seconds",
    ]
    assert [(row["seed"], row["epoch"]) for row in rows] == [("1", "1"), ("1", "2"), ("2", "1"), ("2", "2")]
    assert all(0 <= float(row["train_accuracy"]) <= 1 and float(row["seconds"]) > 0 for row in rows)


def test_checkpoints_have_the_weights_of_every_epoch(undisturbed):
    with safe_open(undisturbed.checkpoints, "numpy") as file:
        assert file.metadata() == {"cell": "cell", "format": "2"}
        shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
    assert len(shapes) == 2 * 2 * 6
    assert shapes["seed1/epoch1/layers.0.weight"] == [16, 30]
    assert shapes["seed2/epoch2/layers.4.bias"] == [4]


def test_run_tells_what_trained_where_and_how_long(undisturbed):
    run = json.loads(undisturbed.run.read_text("utf-8"))
    assert run["status"] == "ok"
    assert trained_with(run) == undisturbed.parameters
    assert run["device"]["type"] == "cpu" and run["device"]["threads"] == 1 and run["device"]["name"]
    assert run["parameters_count"] == 31 * 16 + 17 * 8 + 9 * 4
    assert (run["training_images"], run["validation_images"]) == (240, 60)
    assert run["seconds"].keys() == {"import", "read", "train", "validate", "save", "total"}
    assert run["seconds"]["total"] >= sum(value for part, value in run["seconds"].items() if part != "total") - 0.1
    assert {seed: figures["status"] for seed, figures in run["seeds"].items()} == {"1": "ok", "2": "ok"}
    seconds = sum(float(row["seconds"]) for row in rows_of(undisturbed, drop=()) if row["seed"] == "1")
    assert run["seeds"]["1"]["train_seconds"] == pytest.approx(seconds)
    assert not undisturbed.partial.exists()


def test_progress_can_be_followed(tmp_path, capsys):
    OneCell(tmp_path, seeds=[5], epochs=1).train()
    assert capsys.readouterr().out.startswith("cell  seed 5 (1/1)  epoch 1/1  training loss ")


def test_seeds_do_not_depend_on_each_other(tmp_path, undisturbed):
    alone = OneCell(tmp_path, epochs=2, seeds=[2])
    alone.train()
    assert rows_of(alone) == [row for row in rows_of(undisturbed) if row["seed"] == "2"]
    with safe_open(alone.checkpoints, "numpy") as found, safe_open(undisturbed.checkpoints, "numpy") as beside:
        for name in found.keys():  # noqa: SIM118
            assert found.get_tensor(name).tobytes() == beside.get_tensor(name).tobytes()


def train_until(cell, renames, before):
    """Train in this process; kill it at the given rename of a finished file, just before or just after. Ends with
    code 0 if there are not so many."""
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
        assert log.count("going on after epoch") == (kept + 1) // 2
        assert outcome(cell) == outcome(undisturbed)
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
        assert outcome(cell) == outcome(wanted)


def test_killed_again_and_again_gets_there(tmp_path, undisturbed):
    cell = OneCell(tmp_path, epochs=2)
    ends = [run_until(cell, renames=2, before=True) for _ in range(6)]
    assert ends == [KILL] * 6
    assert run_until(cell, renames=99, before=True) == 0
    assert outcome(cell) == outcome(undisturbed)


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


def test_killed_anywhere_with_all_tricks_of_the_trade(tmp_path, capsys):
    wanted = OneCell(tmp_path / "undisturbed", epochs=9, **ALL)
    wanted.train()
    log = capsys.readouterr().out
    epochs = [int(row["epoch"]) for row in rows_of(wanted)]
    assert len(epochs) < 18 and log.count("stops after epoch") >= 1
    for renames in range(1, len(epochs) + 2):
        cell = OneCell(tmp_path / str(renames), epochs=9, **ALL)
        assert run_until(cell, renames, before=False) == KILL
        cell.train()
        assert outcome(cell) == outcome(wanted)


@pytest.mark.parametrize(
    ("accuracy", "patience", "ends"),
    [
        ([0.1, 0.2, 0.2], None, False),
        ([], 1, False),
        ([0.1], 1, False),
        ([0.1, 0.2, 0.2], 1, True),
        ([0.1, 0.2, 0.2], 2, False),
        ([0.3, 0.2, 0.3], 2, True),  # as good as before is not better
    ],
)
def test_patience_is_counted_from_the_first_best_epoch(accuracy, patience, ends):
    assert stops(accuracy, patience) is ends


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
    assert float(rows_of(interrupted, drop=())[0]["seconds"]) == first


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
    assert outcome(interrupted) == outcome(undisturbed)


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


def test_one_that_is_no_place_to_go_on_from_starts_again(tmp_path, capsys):
    changes = {"epochs": 3, "seeds": [1], "optimizer": "odd_components.Unkept"}
    wanted = OneCell(tmp_path / "undisturbed", **changes)
    wanted.train()
    for renames, again in ((1, True), (2, True), (3, False), (4, False)):
        cell = OneCell(tmp_path / str(renames), **changes)
        assert run_until(cell, renames, before=False) == KILL
        capsys.readouterr()
        cell.train()
        assert ("going on" not in capsys.readouterr().out) == again
        assert outcome(cell) == outcome(wanted)


@pytest.mark.parametrize("rule", ["last", "validation"])
def test_of_what_is_not_chosen_a_row_stays(tmp_path, rule):
    """While it trains too: the weights of the last epoch and of the best one before it are on the disk."""
    changes = {"epochs": 6, "epoch": rule, "patience": 3, "learning_rate": 0.02}
    whole, some = OneCell(tmp_path / "all", **changes), OneCell(tmp_path / "chosen", keep="chosen", **changes)
    whole.train()
    some.train()
    assert rows_of(whole) == rows_of(some)
    with safe_open(whole.checkpoints, "numpy") as file, safe_open(some.checkpoints, "numpy") as beside:
        for seed in ("1", "2"):
            accuracy = [float(row["validation_accuracy"]) for row in rows_of(some) if row["seed"] == seed]
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
        assert outcome(cell) == outcome(some)


def test_a_damaged_epoch_among_rows_trains_again_what_it_must(tmp_path):
    changes = {"epochs": 4, "epoch": "validation", "seeds": [1], "keep": "chosen"}
    wanted = OneCell(tmp_path / "undisturbed", **changes)
    wanted.train()
    for damaged in (1, 2, 3, 4):
        cell = OneCell(tmp_path / str(damaged), **changes)
        renames = 1
        while len([*cell.partial.glob("seed1.*")]) < 4:
            assert run_until(cell, renames, before=False) == KILL
            renames = 1
        corrupt(cell.partial / f"seed1.epoch{damaged}.safetensors", "flipped")
        cell.train()
        assert outcome(cell) == outcome(wanted)


def test_a_loss_with_a_state_leaves_it_in_the_checkpoints(tmp_path):
    cell = OneCell(tmp_path, epochs=1, seeds=[1], loss="odd_components.MovingLoss", model="odd_components.Tied")
    cell.train()
    with safe_open(cell.checkpoints, "numpy") as file:
        names = {name.partition("/")[2] for name in file.keys()}  # noqa: SIM118
        tied = [file.get_tensor(f"seed1/epoch1/{name}.weight").tolist() for name in ("inner", "outer")]
    weights = {f"epoch1/{layer}.{kind}" for layer in ("inner", "outer", "head") for kind in ("weight", "bias")}
    assert names == {*weights, "epoch1-loss/scale"}
    assert tied[0] == tied[1]


def test_a_broken_model_is_reported_in_a_line_and_leaves_no_results(tmp_path):
    cell = OneCell(tmp_path, model={"_target_": "odd_components.Base", "depth": 3})
    with pytest.raises(UserError, match=r"^cell cell: model: odd_components.Base: TypeError: .*'depth'$"):
        cell.train()
    assert not cell.folder.exists()


def test_a_link_in_place_of_the_partial_folder_is_refused(tmp_path):
    cell = OneCell(tmp_path / "results")
    cell.partial.parent.mkdir()
    cell.partial.symlink_to(tmp_path)
    with pytest.raises(UserError, match="partial/cell: is a link"):
        cell.train()
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


def test_a_partial_state_of_another_recipe_is_ignored(interrupted, tmp_path, capsys):
    other = OneCell(tmp_path, epochs=2, learning_rate=0.01)
    other.train()
    assert "of another recipe, data set or device; not used" in capsys.readouterr().out
    fresh = OneCell(tmp_path / "fresh", epochs=2, learning_rate=0.01)
    shutil.copytree(other.prepared.parent, fresh.prepared.parent, dirs_exist_ok=True)
    fresh.train()
    assert outcome(other) == outcome(fresh)


@pytest.mark.filterwarnings("error")
def test_a_learning_rate_that_diverges_keeps_its_rows(tmp_path):
    cell = OneCell(tmp_path, learning_rate=1e20, seeds=[1])
    run = cell.train()
    assert run["status"] == "diverged"
    assert run["seeds"]["1"]["status"] == "diverged"
    rows = rows_of(cell)
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert [row["validation_loss"] for row in rows] == ["", "", ""]
    assert all(0 <= float(row["validation_accuracy"]) <= 1 for row in rows)


def test_a_network_that_never_learns_is_ok_and_guesses(tmp_path):
    cell = OneCell(tmp_path, learning_rate=1e-12, seeds=[1])
    assert cell.train()["status"] == "ok"
    assert all(float(row["train_accuracy"]) < 0.6 for row in rows_of(cell))
