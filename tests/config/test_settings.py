"""Good configs: the cells that they give, and that equal values are equal however they are spelt."""

from pathlib import Path

import pytest
import yaml
from configs import load_overlay
from project import ROOT

from experiment_grid.config.columns import flat
from experiment_grid.config.settings import Dataset, load
from experiment_grid.config.shortnames import short
from experiment_grid.training.split import split_sizes


def load_project(*overlays: str, monkeypatch) -> object:
    monkeypatch.chdir(ROOT)
    config = yaml.safe_load(Path("config/config.yaml").read_text("utf-8"))
    for overlay in overlays:
        changes = yaml.safe_load(Path(overlay).read_text("utf-8"))
        defaults = config["defaults"] | changes.pop("defaults", {})
        config |= changes | {"defaults": defaults}
    return load(config, [*overlays, "config/config.yaml"])


def test_default_grid_is_the_original_reports(monkeypatch):
    settings = load_project(monkeypatch=monkeypatch)
    cells = {name: cell.parameters for name, cell in settings.cells.items()}
    first, final = cells["normalization"], cells["three-hidden-layers"]
    assert (first.learning_rate, first.batch_size, first.epochs) == (0.001, 64, 10)
    assert first.model.options["hidden"] == [128, 64]
    assert not cells["no-normalization"].normalize
    assert cells["four-hidden-layers"].model.options["hidden"] == [512, 256, 128, 64]
    assert (final.model.options["hidden"], final.learning_rate) == ([256, 128, 64], 0.005)
    assert cells["batch-128"].batch_size == 128
    assert cells["learning-rate-0.05"].learning_rate == 0.05
    assert [cells[f"split-{split}"].train_fraction for split in ("70-30", "60-40")] == [0.7, 0.6]
    assert cells["epochs-15"].epochs == 15
    assert {short(cells[name].loss.target) for name in ("cross-entropy", "mse", "multi-margin")} == {
        "cross_entropy",
        "mse",
        "multi_margin",
    }
    assert settings.final == settings.baseline == "three-hidden-layers"
    assert all(parameters.seeds == (1, 2, 3) for parameters in cells.values())
    assert settings.reference.is_file()


def test_demo_varies_every_factor_on_the_digits(monkeypatch):
    settings = load_project("config/demo.yaml", monkeypatch=monkeypatch)
    cells = flat({name: cell.parameters for name, cell in settings.cells.items()})
    base = cells[settings.baseline]
    varied = {key for parameters in cells.values() for key, value in parameters.items() if value != base[key]}
    assert settings.dataset == Dataset("digits")
    assert settings.reference is None
    assert varied == {"normalize", "hidden", "batch_size", "learning_rate", "train_fraction", "loss"}


def test_overlay_merges_objects_and_replaces_lists(tmp_path):
    settings = load_overlay(tmp_path, "defaults: {epochs: 3}\ncells: [{name: a}, {name: b, loss: mse}]\n")
    assert list(settings.cells) == ["a", "b"]
    assert settings.cells["b"].parameters.epochs == 3
    assert settings.cells["b"].parameters.learning_rate == 0.001


def test_what_is_left_out_is_as_the_schema_says(tmp_path):
    settings = load_overlay(tmp_path, "")
    assert (settings.epoch, settings.confidence, settings.gpus, settings.reference) == ("last", 0.95, "auto", None)
    assert settings.mirrors == {}
    named = load_overlay(tmp_path, "mirrors: {EuroSAT: [https://example.org/]}")
    assert named.mirrors == {"EuroSAT": ["https://example.org/"]}


@pytest.mark.parametrize(
    "spelt",
    [
        "{learning_rate: 1.0e-3}",
        "{weight_decay: -0.0}",
        "{batch_size: 64.0, epochs: 1.0e+1}",
        "{seeds: [3, 2, 1]}",
        "{hidden: [128.0, 64]}",
        "{dropout: 0, batch_norm: false}",
        "{device: auto, activation: relu}",
    ],
)
def test_equal_values_are_equal_parameters(tmp_path, spelt):
    plain = load_overlay(tmp_path, "")
    other = load_overlay(tmp_path, f"defaults: {spelt}\n")
    assert plain == other
    assert repr(plain.cells["a"].parameters.as_dict()) == repr(other.cells["a"].parameters.as_dict())


def test_as_dict_is_json_in_the_right_types(tmp_path):
    values = load_overlay(tmp_path, "defaults: {learning_rate: 1}\n").cells["a"].parameters.as_dict()
    assert values["model"]["hidden"] == [128, 64]
    assert values["seeds"] == [1, 2, 3]
    assert isinstance(values["learning_rate"], float)
    assert isinstance(values["batch_size"], int)


def test_grid_is_every_combination_in_order_with_readable_names(tmp_path):
    overlay = """\
cells:
  - {name: a}
  - grid: {learning_rate: [5.0e-3, 0.05], batch_size: [64, 128.0]}
  - {name: deep, note: why, grid: {hidden: [[], [256, 128]], normalize: [false]}}
  - {name: b, epochs: 1}
"""
    settings = load_overlay(tmp_path, overlay)
    assert list(settings.cells) == [
        "a",
        "lr-0.005_batch-64",
        "lr-0.005_batch-128",
        "lr-0.05_batch-64",
        "lr-0.05_batch-128",
        "deep-hidden-none_normalize-false",
        "deep-hidden-256-128_normalize-false",
        "b",
    ]
    cell = settings.cells["lr-0.005_batch-128"].parameters
    assert (cell.learning_rate, cell.batch_size) == (0.005, 128)
    assert settings.cells["deep-hidden-none_normalize-false"].note == "why"


def test_the_default_momentum_is_ignored_without_sgd(tmp_path):
    settings = load_overlay(tmp_path, "cells: [{name: a}, {name: b, optimizer: adam}]\n")
    assert [cell.parameters.optimizer.options.get("momentum") for cell in settings.cells.values()] == [0.9, None]


def test_own_files_are_named_by_their_folder(tmp_path):
    folder = tmp_path / "letters"
    folder.mkdir()
    assert load_overlay(tmp_path, f"dataset: {{path: {folder}}}\n").dataset == Dataset("letters", folder)
    named = load_overlay(tmp_path, f"dataset: {{path: {folder}, name: my-letters}}\n")
    assert named.dataset == Dataset("my-letters", folder)


def test_cuda_is_allowed_where_the_config_says_that_there_is_a_gpu(tmp_path):
    assert load_overlay(tmp_path, "gpus: 1\ndefaults: {device: cuda}\n").gpus == 1


def test_mps_is_allowed_on_a_mac(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.platform", "darwin")
    settings = load_overlay(tmp_path, "cells: [{name: a, device: mps}, {name: b}]\nbaseline: a\nfinal: b\n")
    assert settings.cells["a"].parameters.device == "mps"


def test_large_grids_are_no_problem(tmp_path):
    rates = ", ".join(str(number / 1000) for number in range(1, 41))
    overlay = f"baseline: lr-0.001_batch-1\nfinal: lr-0.04_batch-25\ncells: [{{grid: {{learning_rate: [{rates}], "
    overlay += f"batch_size: {list(range(1, 26))}}}}}]\n"
    assert len(load_overlay(tmp_path, overlay).cells) == 1000


@pytest.mark.parametrize(("images", "fraction", "sizes"), [(60_000, 0.7, (42_000, 18_000)), (1_297, 0.8, (1_038, 259))])
def test_split_rounds(images, fraction, sizes):
    assert split_sizes(images, fraction) == sizes


def test_a_cell_may_ask_for_eager_steps_which_are_no_factor(tmp_path):
    """The recipe of every other cell stays the same."""
    cells = "cells: [{name: a}, {name: b, step: eager, epochs: 3}, {name: c, step: recorded, epochs: 4}]"
    found = load_overlay(tmp_path, f"{cells}\nbaseline: a\nfinal: a\n").cells
    assert [found[name].parameters.as_dict().get("step") for name in "abc"] == [None, "eager", None]
    assert "step" not in flat({name: cell.parameters for name, cell in found.items()})["b"]
