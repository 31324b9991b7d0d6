"""The timing stage on small cells: what it measures, and what it writes."""

import json
import math

import numpy as np
import pytest
import torch
from scipy import stats
from tables import rows
from timing import timing
from trained_cell import canonical, images_of_classes

from experiment_grid.data import prepared
from experiment_grid.runtime.records import now
from experiment_grid.timing import measured_steps as measured_ways
from experiment_grid.timing.measured_steps import TimedImages, ways

CELLS = {
    "nll": canonical(epochs=20),
    "cross-entropy": canonical(epochs=20, loss="cross_entropy"),
    "long": canonical(epochs=30),
    "other-seeds-and-split": canonical(epochs=20, seeds=[4], train_fraction=0.7),
    "deeper": canonical(epochs=20, hidden=[64, 64, 64, 64]),
    "batch-64": canonical(epochs=30, batch_size=64),
}


class TimedCells:
    """`CELLS` after the stage."""

    def __init__(self, results):
        data = results / "data/small.safetensors"
        data.parent.mkdir(parents=True)
        prepared.write(data, "small", [*"0123"], images_of_classes(400), images_of_classes(50, random_seed=1))
        settings = {"dataset": "small", "baseline": "nll"}
        settings["cells"] = [{"name": name, "parameters": parameters} for name, parameters in CELLS.items()]
        plan = results / "plan/timing.json"
        plan.parent.mkdir()
        content = {"stage": "timing", "cell": None, "recipe": {"settings": settings, "code": {}}, "why": ["new"]}
        plan.write_text(json.dumps(content | {"planned": now()}))
        outputs = {"timing": results / "timing.csv", "rounds": results / "timing/rounds.csv"}
        outputs["record"] = results / "timing/timing.json"
        timing(settings, list(CELLS), data, outputs, plan)
        self.record = json.loads(outputs["record"].read_text())
        self.table, self.rounds = (rows(outputs[name]) for name in ("timing", "rounds"))
        self.rows = {row["cell"]: row for row in self.table}

    def logs(self, cell):
        """Logarithms of the seconds of a step, of each visit."""
        own = [row for row in self.rounds if row["measured_as"] == self.rows[cell]["measured_as"]]
        return np.log([float(row["seconds"]) / int(row["steps"]) for row in own])


@pytest.fixture(scope="module")
def timed(tmp_path_factory):
    torch.set_num_threads(1)
    return TimedCells(tmp_path_factory.mktemp("results"))


def test_every_cell_has_a_row_in_the_order_of_the_config(timed):
    assert [row["cell"] for row in timed.table] == list(CELLS)
    assert {(row["device"], row["way"]) for row in timed.table} == {("cpu", "trainer")}
    assert all(float(row["low"]) < float(row["step_seconds"]) < float(row["high"]) for row in timed.table)


def test_cells_that_a_step_cannot_tell_apart_share_a_measurement(timed):
    shared = {row["cell"]: row["measured_as"] for row in timed.table}
    assert shared == {name: name for name in CELLS} | {"long": "nll", "other-seeds-and-split": "nll"}
    assert timed.rows["long"]["step_seconds"] == timed.rows["nll"]["step_seconds"]
    assert {row["measured_as"] for row in timed.rounds} == set(shared.values())


def test_two_identical_cells_come_out_equal(timed):
    """nll and cross_entropy are one function: the 99.9 % interval of their ratio holds 1 (Welch's)."""
    found = stats.ttest_ind(timed.logs("nll"), timed.logs("cross-entropy"), equal_var=False)
    interval = found.confidence_interval(0.999)
    assert interval.low <= 0 <= interval.high


def test_more_work_takes_longer(timed):
    """Two cells differ so much that a busy machine cannot reverse their order."""
    assert np.median(timed.logs("nll")) < np.median(timed.logs("deeper"))


def test_every_column_comes_from_the_rounds(timed):
    for cell, row in timed.rows.items():
        logs = timed.logs(cell)
        reach = stats.t.ppf(0.975, len(logs) - 1) * stats.sem(logs)
        expected = {"step_seconds": logs.mean(), "low": logs.mean() - reach, "high": logs.mean() + reach}
        for column, value in expected.items():
            assert float(row[column]) == pytest.approx(math.exp(value))
        batch = 64 if cell == "batch-64" else 32
        assert float(row["images_per_second"]) == pytest.approx(batch / math.exp(logs.mean()))
        own = [r for r in timed.rounds if r["measured_as"] == row["measured_as"]]
        assert (int(row["rounds"]), int(row["steps"])) == (len(own), sum(int(r["steps"]) for r in own))


def test_the_record_says_what_was_measured_on_and_how_long(timed):
    assert timed.record["recorded"] and timed.record["seconds"] > 0
    assert [device["type"] for device in timed.record["devices"]] == ["cpu"]


def digits(count=300):
    images, labels = images_of_classes(count)
    return TimedImages(torch.from_numpy(images), torch.from_numpy(labels), 4)


def test_the_loader_is_measured_where_torchvision_has_the_data_set():
    cells = {"a": canonical(), "b": canonical(hidden=[4])}
    found = ways(cells, "b", "fashion-mnist", [digits()])
    assert [(way.cells, way.way) for way in found] == [
        (["a"], "trainer"),
        (["b"], "trainer"),
        (["b"], "loader"),
        (["b"], "loader, normalized"),
    ]
    assert all(way.start(1, recorded=True)(2) > 0 for way in found)
    assert len(ways(cells, "b", "digits", [digits()])) == 2


def test_the_loader_gives_the_images_that_training_sees():
    """Through torchvision's own data set, PIL, ToTensor and Normalize."""
    from experiment_grid.training.images import inputs_of

    data = digits()
    steps = measured_ways._LoaderSteps("a", canonical(), 1, data.images, data.labels, 4)
    for normalize in (False, True):
        steps.load("mnist", normalize=normalize)
        dataset = steps.loader.dataset.dataset
        loaded = torch.stack([dataset[index][0] for index in range(5)])
        assert torch.allclose(loaded, inputs_of(data.images[:5], normalize), atol=1e-6)
        assert [dataset[index][1] for index in range(5)] == data.labels[:5].tolist()


def test_cells_of_few_and_of_many_batches_are_measured_apart():
    """Training records its steps only where it has many."""
    cells = {"few": canonical(epochs=1), "many": canonical(epochs=30), "more": canonical(epochs=40)}
    assert [way.cells for way in ways(cells, "few", "digits", [digits()])] == [["few"], ["many", "more"]]


def test_on_a_mac_only_the_cells_that_ask_for_its_gpu_are_measured_there(monkeypatch):
    """The device `meta` takes its place."""
    monkeypatch.setattr(measured_ways, "on_mps", lambda device: device.type == "meta")
    cells = {"a": canonical(), "b": canonical(hidden=[4], device="mps")}
    on_mac = TimedImages(digits().images.to("meta"), digits().labels.to("meta"), 4)
    found = ways(cells, "a", "mnist", [digits(), on_mac])
    assert [(way.cells, way.way) for way in found if way.device == "meta"] == [
        (["b"], "trainer"),
        (["b"], "loader"),
        (["b"], "loader, normalized"),
    ]
    assert [way.cells for way in found if way.device == "cpu"] == [["a"], ["b"], ["a"], ["a"]]
