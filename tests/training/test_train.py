"""The train stage as a whole: the files that it leaves, and what it does when losses are no longer numbers."""

import json

import pytest
from safetensors import safe_open
from tables import rows
from trained_cell import OneCell

from experiment_grid.runtime.errors import UserError
from experiment_grid.runtime.records import trained_with
from experiment_grid.training.stopping import stops


def test_history_has_a_row_per_seed_and_epoch(undisturbed):
    history = rows(undisturbed.history)
    assert list(history[0]) == [
        "seed",
        "epoch",
        "train_loss",
        "train_accuracy",
        "validation_loss",
        "validation_accuracy",
        "seconds",
    ]
    assert [(row["seed"], row["epoch"]) for row in history] == [("1", "1"), ("1", "2"), ("2", "1"), ("2", "2")]
    assert all(0 <= float(row["train_accuracy"]) <= 1 and float(row["seconds"]) > 0 for row in history)


def test_checkpoints_have_the_weights_of_every_epoch(undisturbed):
    with safe_open(undisturbed.checkpoints, "numpy") as file:
        assert file.metadata() == {"cell": "cell", "format": "2"}
        shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118
    assert len(shapes) == 2 * 2 * 6
    assert shapes["seed1/epoch1/layers.0.weight"] == [16, 30]
    assert shapes["seed2/epoch2/layers.4.bias"] == [4]


def test_the_record_says_what_trained_where_and_how_long(undisturbed):
    run = json.loads(undisturbed.run.read_text("utf-8"))
    assert run["status"] == "ok"
    assert trained_with(run) == undisturbed.parameters
    assert run["device"]["type"] == "cpu" and run["device"]["threads"] == 1 and run["device"]["name"]
    assert run["parameters_count"] == 31 * 16 + 17 * 8 + 9 * 4
    assert (run["training_images"], run["validation_images"]) == (240, 60)
    assert run["seconds"].keys() == {"import", "read", "train", "validate", "save", "total"}
    assert run["seconds"]["total"] >= sum(value for part, value in run["seconds"].items() if part != "total") - 0.1
    assert {seed: figures["status"] for seed, figures in run["seeds"].items()} == {"1": "ok", "2": "ok"}
    seconds = sum(float(row["seconds"]) for row in rows(undisturbed.history) if row["seed"] == "1")
    assert run["seeds"]["1"]["train_seconds"] == pytest.approx(seconds)
    assert not undisturbed.partial.exists()


def test_progress_can_be_followed(tmp_path, capsys):
    OneCell(tmp_path, seeds=[5], epochs=1).train()
    assert capsys.readouterr().out.startswith("cell  seed 5 (1/1)  epoch 1/1  training loss ")


def test_seeds_do_not_depend_on_each_other(tmp_path, undisturbed):
    alone = OneCell(tmp_path, epochs=2, seeds=[2])
    alone.train()
    assert alone.rows() == [row for row in undisturbed.rows() if row["seed"] == "2"]
    with safe_open(alone.checkpoints, "numpy") as found, safe_open(undisturbed.checkpoints, "numpy") as beside:
        for name in found.keys():  # noqa: SIM118
            assert found.get_tensor(name).tobytes() == beside.get_tensor(name).tobytes()


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


@pytest.mark.filterwarnings("error")
def test_a_learning_rate_that_diverges_keeps_its_rows(tmp_path):
    cell = OneCell(tmp_path, learning_rate=1e20, seeds=[1])
    run = cell.train()
    assert run["status"] == "diverged"
    assert run["seeds"]["1"]["status"] == "diverged"
    rows = cell.rows()
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert [row["validation_loss"] for row in rows] == ["", "", ""]
    assert all(0 <= float(row["validation_accuracy"]) <= 1 for row in rows)


def test_a_network_that_never_learns_is_ok_and_guesses(tmp_path):
    cell = OneCell(tmp_path, learning_rate=1e-12, seeds=[1])
    assert cell.train()["status"] == "ok"
    assert all(float(row["train_accuracy"]) < 0.6 for row in cell.rows())
