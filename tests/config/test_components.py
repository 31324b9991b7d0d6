"""Components of a cell: every form of one is made canonical, and inherited as documented."""

import pytest
from own_components import BASE, LOOSE, cell, of, settings_of
from snakemake.cli import parse_config

from experiment_grid.config.labels import COMPONENTS
from experiment_grid.config.shortnames import SHORT_NAMES
from experiment_grid.runtime.errors import UserError

pytestmark = pytest.mark.usefixtures("models")


@pytest.mark.parametrize(
    ("kind", "text", "same"),
    [
        ("model", "model: mlp", "hidden: [128.0, 64]"),
        ("model", "model: experiment_grid.training.models.mlp.MLP", "model: {_target_: mlp}"),
        ("model", "model: {hidden: [3], dropout: 0}", "hidden: [3]"),
        ("model", "model: {_target_: mlp, dropout: 0.0, activation: relu}", "model: mlp"),
        ("loss", "loss: cross_entropy", "loss: {_target_: torch.nn.CrossEntropyLoss, label_smoothing: 0}"),
        ("loss", "loss: torch.nn.modules.loss.CrossEntropyLoss", "loss: cross_entropy"),
        ("loss", "loss: {_target_: torch.nn.CrossEntropyLoss, weight: null}", "loss: cross_entropy"),
        ("optimizer", "optimizer: sgd", "optimizer: {_target_: torch.optim.SGD, momentum: 0.9}"),
        ("optimizer", "optimizer: {nesterov: false, weight_decay: -0.0}", "optimizer: torch.optim.sgd.SGD"),
        ("optimizer", "optimizer: torch.optim.RAdam", "optimizer: torch.optim.radam.RAdam"),
        ("optimizer", "optimizer: {_target_: adam, betas: [0.9, 0.999]}", "optimizer: torch.optim.Adam"),
        ("model", "model: models/lenet.py:LeNet", "model: {_target_: ./models//lenet.py:LeNet, channels: [6.0, 16]}"),
        ("model", "model: models/lenet.py:LeNet", "model: models/lenet.py:Other"),
        # options of no known type: as the default is, else 2 for 2.0
        ("model", f"model: {{{LOOSE}, scale: 2}}", f"model: {{{LOOSE}, scale: 2.0}}"),
        ("model", f"model: {{{LOOSE}, scale: 2}}", f"model: {{{LOOSE}}}"),
        ("model", f"model: {{{LOOSE}, steps: 3.0, sizes: [2, 3, 4.0]}}", f"model: {{{LOOSE}, sizes: [2.0, 3.0, 4]}}"),
        ("model", f"model: {{{LOOSE}, any: [2.0, -0.0]}}", f"model: {{{LOOSE}, any: [2, 0]}}"),
        ("model", f"model: {{{LOOSE}, table: {{a: 1.0}}}}", f"model: {{{LOOSE}, table: {{a: 1}}}}"),
        ("model", f"model: {{{LOOSE}, other: 5.0}}", f"model: {{{LOOSE}, other: 5}}"),
    ],
)
def test_equal_components_are_equal_however_they_are_written(tmp_path, kind, text, same):
    one, other = (cell(tmp_path, of(written))[kind] for written in (text, same))
    assert repr(one) == repr(other)


REQUIRED = {"step": ", step_size: 3", "exponential": ", gamma: 0.9"}


def test_every_short_name_leads_to_a_target_with_a_signature(tmp_path):
    for kind in COMPONENTS:
        for name, target in SHORT_NAMES[kind].items():
            component = cell(tmp_path, of(f"{kind}: {{_target_: {name}{REQUIRED.get(name, '')}}}"))[kind]
            assert component.target == target
            assert not {"lr", "params", "classes", "input_shape", "self"} & {*component.options}


def test_options_are_those_of_the_contract(tmp_path):
    made = cell(tmp_path, of("epochs: 3"))
    assert made["model"].as_dict() == {
        "_target_": "experiment_grid.training.models.mlp.MLP",
        "hidden": [128, 64],
        "activation": "relu",
        "dropout": 0.0,
        "batch_norm": False,
    }
    assert made["loss"].as_dict() == {"_target_": "experiment_grid.training.losses.nll.NLL"}
    assert made["optimizer"].as_dict() == {
        "_target_": "torch.optim.SGD",
        "dampening": 0,
        "differentiable": False,
        "maximize": False,
        "momentum": 0.9,
        "nesterov": False,
        "weight_decay": 0.0,
    }


@pytest.mark.parametrize(
    ("text", "kind", "options"),
    [
        ("model: models/lenet.py:LeNet", "model", {"channels": [6, 16], "act": "relu"}),
        ("model: models/lenet.py:Other", "model", {"channels": [6, 16], "act": "relu"}),
        ("model: {_target_: models/lenet.py:Wide, width: 3}", "model", {"width": 3, "channels": [6, 16], "scale": 1.5}),
        (
            "model: {_target_: models/lenet.py:Wide, width: 3, b: {c: [1]}, a: 1, mode: x}",
            "model",
            {"width": 3, "channels": [6, 16], "mode": "x", "scale": 1.5, "a": 1, "b": {"c": [1]}},
        ),
        ("model: models/lenet.py:Bare", "model", {}),
        ("model: linear", "model", {}),
        # hidden of defaults is a list here, an int there
        ("model: models/lenet.py:Dropping", "model", {"hidden": 64, "dropout": 0.1}),
        ("loss: models/lenet.py:focal", "loss", {"gamma": 2.0}),
        ("loss: models/lenet.py:placed", "loss", {"gamma": 2}),  # weight can't be given by its name
        (
            "loss: torch.nn.functional.cross_entropy",
            "loss",
            {"ignore_index": -100, "reduction": "mean", "label_smoothing": 0.0},
        ),
        (
            "model: {_target_: torchvision.models.resnet18, num_classes: 10}",
            "model",
            {"progress": True, "num_classes": 10},
        ),
    ],
)
def test_options_come_from_the_signature(tmp_path, text, kind, options):
    made = cell(tmp_path, of(text), "defaults: {dropout: 0.1}")[kind]
    assert made.options == options
    assert list(made.options) == list(options)


@pytest.mark.parametrize("name", ["Either", "Once", "Bare"])
def test_a_name_that_may_be_something_else_stays_as_it_is_written(tmp_path, name):
    """It depends on a branch of the file, or the class's own name is assigned again later."""
    target = f"models/lenet.py:{name}"
    assert cell(tmp_path, of(f"model: {target}"))["model"].target == target


def test_a_class_imported_by_another_file_is_another_component(tmp_path):
    """The file runs, and may change the class."""
    (tmp_path / "models/nets.py").write_text("from lenet import LeNet\n\nLeNet.width = 3\n")
    made = cell(tmp_path, of("model: models/nets.py:LeNet"))["model"]
    assert (made.target, made.options["channels"]) == ("models/nets.py:LeNet", [6, 16])


def test_values_without_a_declared_type_take_that_of_the_default(tmp_path):
    made = cell(tmp_path, of(f"model: {{{LOOSE}, scale: 3, steps: 2.5, sizes: [2, 3, 4]}}"))["model"].options
    assert repr([made[name] for name in ("scale", "steps", "sizes")]) == "[3.0, 2.5, [2, 3.0, 4.0]]"


def test_a_grid_of_equal_values_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"cells\[0\].grid.model.scale: says a value twice; given: \[2, 2.0\]"):
        settings_of(tmp_path, of(f"model: {{{LOOSE}}}, grid: {{model.scale: [2, 2.0]}}"))


def test_short_keys_of_defaults_go_to_components_that_name_them(tmp_path):
    made = cell(tmp_path, of("optimizer: torch.optim.RMSprop, model: models/lenet.py:LeNet"))
    assert made["optimizer"].options["momentum"] == 0.9
    assert "activation" not in made["model"].options
    made = cell(tmp_path, of("optimizer: adamw"))
    assert made["optimizer"].options["weight_decay"] == 0 and "momentum" not in made["optimizer"].options


@pytest.mark.parametrize(
    ("files", "kind", "options"),
    [
        # another target, and only its own options
        ([BASE, "defaults: {model: {_target_: cnn}}"], "model", {"channels": [32, 64], "hidden": [128, 64]}),
        ([BASE, "defaults: {model: cnn}"], "model", {"channels": [32, 64]}),
        ([BASE, "defaults: {model: {act: tanh}}"], "model", {"channels": [1, 2], "act": "tanh"}),
        ([BASE, "defaults: {model: {_target_: models/lenet.py:LeNet}}"], "model", {"channels": [6, 16]}),
        ([BASE, "defaults: {model: cnn}", "defaults: {model: {kernel_size: 5}}"], "model", {"kernel_size": 5}),
        (
            [BASE, "defaults: {model: {_target_: cnn}}", "defaults: {model: {kernel_size: 5}}"],
            "model",
            {"kernel_size": 5},
        ),
        # a mapping over a scalar and a scalar over a mapping
        ([BASE], "optimizer", {"nesterov": True, "momentum": 0.9}),
        ([BASE, "defaults: {optimizer: sgd}"], "optimizer", {"nesterov": False}),
        ([BASE, "defaults: {optimizer: {_target_: adam}}"], "optimizer", {"amsgrad": False}),
        # keys of their own and options within: what was written last counts
        (["defaults: {model: {hidden: [5]}}"], "model", {"hidden": [5]}),
        (["defaults: {model: {hidden: [5]}}", "defaults: {hidden: [7]}"], "model", {"hidden": [7]}),
        (["defaults: {hidden: [7]}", "defaults: {model: {hidden: [5]}}"], "model", {"hidden": [5]}),
    ],
)
def test_a_component_of_an_overlay_keeps_no_option_of_another_target(tmp_path, files, kind, options):
    made = cell(tmp_path, of("epochs: 1") + files[0], *files[1:])[kind]
    assert {key: made.options.get(key) for key in options} == options
    if made.target.endswith("CNN"):
        assert "act" not in made.options


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ({"_target_": "cnn"}, {"channels": [32, 64]}),
        ({"_target_": "cnn", "kernel_size": 5}, {"channels": [32, 64], "kernel_size": 5}),
        ({"act": "tanh"}, {"channels": [1, 2], "act": "tanh"}),
        ("cnn", {"channels": [32, 64]}),
    ],
)
def test_a_component_of_the_command_line_keeps_none_either(tmp_path, given, options):
    made = cell(tmp_path, of("epochs: 1") + BASE, command_line={"defaults": {"model": given}})["model"]
    assert {key: made.options[key] for key in options} == options


def test_a_key_of_the_command_line_overrides_an_option_of_a_file(tmp_path):
    files = of("epochs: 1"), "defaults: {model: {hidden: [3]}}"
    assert cell(tmp_path, *files, command_line={"defaults": {"hidden": [4]}})["model"].options["hidden"] == [4]
    files = of("epochs: 1"), "defaults: {hidden: [3]}"
    assert cell(tmp_path, *files, command_line={"defaults": {"model": {"hidden": [4]}}})["model"].options["hidden"] == [
        4
    ]


def test_numbers_of_the_command_line_are_numbers(tmp_path):
    """Snakemake's own reader leaves them as text within a mapping; text in a file stays text."""
    (given,) = parse_config(
        ["defaults={epochs: 3, normalize: false, seeds: [4, 5], model: {_target_: cnn, channels: [8], dropout: 0.5}}"]
    ).values()
    assert given["epochs"] == "3"
    parameters = settings_of(tmp_path, of("batch_size: 8"), command_line={"defaults": given}).cells["x"].parameters
    assert (parameters.epochs, parameters.normalize, parameters.seeds) == (3, False, (4, 5))
    assert parameters.model.options["channels"] == [8] and parameters.model.options["dropout"] == 0.5
    (given,) = parse_config(["defaults={model: {_target_: cnn, channels: [-3]}}"]).values()
    with pytest.raises(UserError, match=r"--config: defaults.model.channels\[0\]: is out of range; given: -3"):
        settings_of(tmp_path, of("batch_size: 8"), command_line={"defaults": given})
    with pytest.raises(UserError, match=r"defaults.epochs: must be a whole number, not text: write 3 without quotes"):
        settings_of(tmp_path, of("batch_size: 8") + "defaults: {epochs: '3'}")


def test_a_cells_component_replaces_or_changes_the_inherited_one(tmp_path):
    base = BASE.replace("optimizer", "dropout: 0.1, optimizer")
    assert cell(tmp_path, of("model: {act: tanh}") + base)["model"].options == {"channels": [1, 2], "act": "tanh"}
    assert cell(tmp_path, of("model: models/lenet.py:LeNet") + base)["model"].options["channels"] == [6, 16]
    assert cell(tmp_path, of("model: {_target_: mlp, hidden: [9]}") + base)["model"].options["hidden"] == [9]
    assert cell(tmp_path, of("model: mlp, hidden: [9]") + base)["model"].options["dropout"] == 0.1
