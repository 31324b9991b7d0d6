"""Components as axes and columns; their packages and signatures; what a node reads."""

import pytest
from own_components import BASE, LENET, cell, of, settings_of
from project import forget_packages
from snakemake.common.configfile import load_configfile
from snakemake.utils import update_config

from experiment_grid.config.columns import flat
from experiment_grid.config.parameters import Component
from experiment_grid.config.settings import checked_before
from experiment_grid.runtime.errors import UserError
from experiment_grid.source_code import signatures
from experiment_grid.source_code.definitions import Reader

pytestmark = pytest.mark.usefixtures("models")


def test_listed_packages_may_be_named_and_their_version_counts(tmp_path, monkeypatch):
    library = tmp_path / "site"
    (library / "zoo").mkdir(parents=True)
    (library / "zoo/__init__.py").write_text("from zoo.nets import *\nraise RuntimeError\n")
    (library / "zoo/nets.py").write_text("def tiny(classes, depth: int = 3): ...\n")
    (library / "zoo-1.2.dist-info").mkdir()
    (library / "zoo-1.2.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: zoo\nVersion: 1.2\n")
    monkeypatch.syspath_prepend(str(library))
    forget_packages()
    parameters = settings_of(tmp_path, of("model: zoo.tiny") + "packages: [zoo]\n").cells["x"].parameters
    assert parameters.model == Component("zoo.tiny", {"depth": 3})
    assert parameters.packages == {"zoo": "1.2"}
    assert settings_of(tmp_path, of("epochs: 3") + "packages: [zoo]\n").cells["x"].parameters.packages == {}
    for text in ("model: nosuch.x", "epochs: 3"):
        with pytest.raises(
            UserError, match=r"yaml:4: packages\[1\]: no package nosuch is installed; given: \"nosuch\""
        ):
            settings_of(tmp_path, of(text) + "packages: [zoo, nosuch]\n")


def test_options_and_components_are_axes_with_names(tmp_path):
    text = """\
cells:
  - {name: x}
  - {grid: {model.channels: [[6, 16], [12, 32]], optimizer.momentum: [0.5, 0]}, model: models/lenet.py:LeNet}
  - {name: l, grid: {loss: [mse, {_target_: torch.nn.CrossEntropyLoss, label_smoothing: 0.1}, models/lenet.py:focal]}}
  - {grid: {optimizer: [torch.optim.RMSprop, {nesterov: true}], model: [models/lenet.py:LeNet, models/lenet.py:Bare]}}
"""
    cells = settings_of(tmp_path, text).cells
    assert list(cells) == [
        "x",
        "channels-6-16_momentum-0.5",
        "channels-6-16_momentum-0",
        "channels-12-32_momentum-0.5",
        "channels-12-32_momentum-0",
        "l-loss-mse",
        "l-loss-CrossEntropyLoss-label_smoothing-0.1",
        "l-loss-focal",
        "optimizer-RMSprop_model-LeNet",
        "optimizer-RMSprop_model-Bare",
        "optimizer-nesterov-true_model-LeNet",
        "optimizer-nesterov-true_model-Bare",
    ]
    first = cells["channels-12-32_momentum-0.5"].parameters
    assert (first.model.options["channels"], first.optimizer.options["momentum"]) == ([12, 32], 0.5)


def test_classes_of_one_name_in_two_files_have_two_names(tmp_path):
    (tmp_path / "models/other.py").write_text("class LeNet: ...\n")
    text = "cells: [{name: x}, {grid: {model: [models/lenet.py:LeNet, models/other.py:LeNet]}}]"
    assert list(settings_of(tmp_path, text).cells)[1:] == ["model-models-lenet.py-LeNet", "model-models-other.py-LeNet"]


def test_flat_parameters(tmp_path):
    text = """\
cells:
  - {name: x}
  - {name: lenet, model: models/lenet.py:LeNet}
  - {name: lenet-wide, model: {_target_: models/lenet.py:LeNet, channels: [1, 2]}, optimizer: {nesterov: true}}
  - {name: adam, optimizer: adam, loss: {_target_: cross_entropy, label_smoothing: 0.1}}
  - {name: rest, model: linear, loss: cross_entropy}
"""
    cells = flat({name: cell.parameters for name, cell in settings_of(tmp_path, text).cells.items()})
    numbers = {"batch_size": 64, "epochs": 10, "normalize": True, "train_fraction": 0.8, "seeds": [1, 2, 3]}
    sgd = {
        "optimizer": "sgd",
        "learning_rate": 0.001,
        "momentum": 0.9,
        "weight_decay": 0.0,
        "optimizer.nesterov": False,
    }
    mlp = {"model": "mlp", "hidden": [128, 64], "activation": "relu", "dropout": 0.0, "batch_norm": False}
    rest = {**numbers, "device": "auto"}
    lenet = {"model": "models/lenet.py:LeNet", "model.channels": [6, 16]}
    smooth = {"loss": "cross_entropy", "loss.label_smoothing": 0.1}
    adam = {"optimizer": "adam", "learning_rate": 0.001, "weight_decay": 0.0}
    assert cells == {
        "x": {**mlp, "loss": "nll", **sgd, **rest},
        "lenet": {**lenet, "loss": "nll", **sgd, **rest},
        "lenet-wide": {**lenet, "model.channels": [1, 2], "loss": "nll", **sgd, "optimizer.nesterov": True, **rest},
        "adam": {**mlp, **smooth, **adam, **rest},
        "rest": {"model": "linear", "loss": "cross_entropy", "loss.label_smoothing": 0.0, **sgd, **rest},
    }
    assert list(cells["adam"]) == [*mlp, *smooth, *adam, *rest]


def test_a_job_on_a_node_reads_the_same_without_the_checks(tmp_path):
    """The job gets what Snakemake merged, and the files."""
    cells = settings_of(tmp_path, of("epochs: 1") + BASE, "defaults: {model: {_target_: cnn}}\n").cells
    files = [tmp_path / name for name in ("overlay.yaml", "overlay2.yaml", "base.yaml")]
    merged: dict = {}
    for file in (files[2], files[0], files[1]):
        update_config(merged, load_configfile(file))
    again = checked_before(merged, files).cells
    assert {name: cell.parameters for name, cell in again.items()} == {name: cells[name].parameters for name in cells}
    assert again["x"].parameters.model.target.endswith("CNN")


def test_signatures_are_kept_and_read_again_when_a_file_changes(tmp_path, monkeypatch):
    forget_packages()
    made = cell(tmp_path, of("model: models/lenet.py:LeNet"))["model"]
    signatures.keep()
    assert "torch.optim.SGD" in (tmp_path / ".snakemake/signatures.json").read_text()
    forget_packages()
    with monkeypatch.context() as patch:
        patch.setattr(Reader, "index", None)  # nothing is read again
        assert cell(tmp_path, of("model: models/lenet.py:LeNet"))["model"] == made
    (tmp_path / "models/lenet.py").write_text(LENET.replace("(6, 16)", "(7, 17)"))
    assert cell(tmp_path, of("model: models/lenet.py:LeNet"))["model"].options["channels"] == [7, 17]
    forget_packages()
