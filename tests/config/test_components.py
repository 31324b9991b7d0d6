"""Components of a cell: every form, canonical, inherited as documented, and a line for what can't be one."""

import pytest
from configs import load_overlay
from project import forget_packages
from snakemake.cli import parse_config
from snakemake.common.configfile import load_configfile
from snakemake.utils import update_config

from experiment_grid.config import signatures
from experiment_grid.config.definitions import NotThereError, Reader
from experiment_grid.config.flat import flat
from experiment_grid.config.labels import COMPONENTS
from experiment_grid.config.parameters import Component
from experiment_grid.config.settings import Settings, checked_before
from experiment_grid.config.shortnames import SHORT_NAMES
from experiment_grid.runtime.errors import UserError

LENET = """\
from torch import nn

from blocks import block


class Base(nn.Module):
    def __init__(self, width: int, channels: list[int] = [6, 16], mode: str | None = None, scale=1.5, **more):
        super().__init__()


class LeNet(nn.Module):
    def __init__(
        self, input_shape, classes: int, channels: tuple[int, int] = (6, 16), act: "Literal['relu', 'tanh']" = "relu"
    ):
        super().__init__()
        self.layers = block(channels, classes)


class Wide(Base):
    pass


class Bare(nn.Module):
    pass


class Dropping(nn.Module):
    def __init__(self, classes, hidden: int = 64, dropout: float = 0.5):
        super().__init__()


def focal(logits, labels, gamma: float = 2.0):
    return None


def placed(logits, labels, weight=3, /, gamma=2):
    return None


def loose(classes, scale=2.0, steps=3, sizes=(1, 2.5), any=None, table={}, **more):
    return None


Other = LeNet
if focal:
    Either = LeNet
else:
    Either = Wide
Once = Bare
Bare = block(Bare)
raise RuntimeError("a user's file was run")
"""


NAMES = """\
import functools
from torch import Tensor, nn
from torch.nn import *

SIZES = [1, 2]
Deep = 3


class Mine(nn.Module): ...


class _Hidden(nn.Module): ...


made = functools.partial(Mine)
"""


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    """A working directory with a user's file that must not run."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models/lenet.py").write_text(LENET)
    (tmp_path / "models/broken.py").write_text("def f(:\n")
    (tmp_path / "models/names.py").write_text(NAMES)
    (tmp_path / "models/passing.py").write_text("import torch\nfrom lenet import LeNet\nfrom torch import Tensor\n")
    (tmp_path / "models/nul.py").write_bytes(b"a\0b")
    (tmp_path / "models/folder.py").mkdir()
    (tmp_path / "models/twice.py").write_text("def f(): ...\n\n\ndef f(a): ...\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def cell(tmp_path, text: str, *more: str, **options) -> dict[str, Component]:
    """Components of the cell `x` of an overlay."""
    parameters = settings_of(tmp_path, text, *more, **options).cells["x"].parameters
    return {kind: getattr(parameters, kind) for kind in ("model", "loss", "optimizer", "schedule")}


def settings_of(tmp_path, text: str, *more: str, **options) -> Settings:
    texts = ["baseline: x\nfinal: x\n" + text, *more]
    return load_overlay(tmp_path, *texts, **options)


def of(text: str) -> str:
    """An overlay with the one cell x."""
    return f"cells: [{{name: x, {text}}}]\n"


LOOSE = "_target_: models/lenet.py:loose"


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
        # options whose type nothing tells: as the default is, else 2 for 2.0
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
        ("loss: torch.nn.functional.cross_entropy", "loss", None),
        (
            "model: {_target_: torchvision.models.resnet18, num_classes: 10}",
            "model",
            {"progress": True, "num_classes": 10},
        ),
    ],
)
def test_options_come_from_the_signature(tmp_path, text, kind, options):
    made = cell(tmp_path, of(text), "defaults: {dropout: 0.1}")[kind]
    assert options is None or made.options == options
    assert options is None or list(made.options) == list(options)


@pytest.mark.parametrize("name", ["Either", "Once", "Bare"])
def test_a_name_that_may_be_something_else_stays_as_it_is_written(tmp_path, name):
    """By which branch a file takes, or since the class's own name is given away later."""
    target = f"models/lenet.py:{name}"
    assert cell(tmp_path, of(f"model: {target}"))["model"].target == target


def test_a_file_that_passes_on_a_class_is_another_component(tmp_path):
    """It runs, and may change what it passes on."""
    (tmp_path / "models/nets.py").write_text("from lenet import LeNet\n\nLeNet.width = 3\n")
    made = cell(tmp_path, of("model: models/nets.py:LeNet"))["model"]
    assert (made.target, made.options["channels"]) == ("models/nets.py:LeNet", [6, 16])


def test_types_of_values_whose_type_nothing_tells(tmp_path):
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


BASE = "defaults: {model: {_target_: models/lenet.py:LeNet, channels: [1, 2]}, optimizer: {nesterov: true}}\n"


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
def test_an_overlays_component_keeps_nothing_of_another(tmp_path, files, kind, options):
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
def test_the_command_lines_component_too(tmp_path, given, options):
    made = cell(tmp_path, of("epochs: 1") + BASE, command_line={"defaults": {"model": given}})["model"]
    assert {key: made.options[key] for key in options} == options


def test_the_command_lines_key_counts_over_a_files_option(tmp_path):
    files = of("epochs: 1"), "defaults: {model: {hidden: [3]}}"
    assert cell(tmp_path, *files, command_line={"defaults": {"hidden": [4]}})["model"].options["hidden"] == [4]
    files = of("epochs: 1"), "defaults: {hidden: [3]}"
    assert cell(tmp_path, *files, command_line={"defaults": {"model": {"hidden": [4]}}})["model"].options["hidden"] == [
        4
    ]


def test_numbers_of_the_command_line_are_numbers(tmp_path):
    """Snakemake's own reader leaves them text within a mapping; a file's text stays what it is."""
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


FORMS = "a name or a target"
TARGET = "or a target: package.module.name, or folder/file.py:name"
LOSSES = f"nll, cross_entropy, mse, multi_margin; {TARGET}"
WRONG = {
    # the target
    "model: mpl": (
        f'model: is not one of those known (did you mean mlp?); given: "mpl"; allowed: mlp, linear, cnn; {TARGET}'
    ),
    "loss: {_target_: nl}": (
        f'loss._target_: is not one of those known (did you mean nll?); given: "nl"; allowed: {LOSSES}'
    ),
    "loss: {_target_: 3}": f"loss._target_: must be text; given: 3; allowed: {FORMS}",
    "loss: 3": (
        "loss: is not valid; given: 3; allowed: nll, cross_entropy, mse, multi_margin; a target such as "
        "torch.nn.CrossEntropyLoss or models/focal.py:Focal; or {_target_: one of these, option: value}"
    ),
    "model: timm.models.vit": (
        'model: is in timm, which the config does not list; given: "timm.models.vit"; '
        "allowed: torch, torchvision; others by packages: [timm]"
    ),
    "optimizer: torch.optim.RMSporp": (
        "optimizer: no such class or function by this name in torch.optim (did you mean RMSprop?); "
        'given: "torch.optim.RMSporp"; allowed: Adafactor, Muon, Adadelta, Adagrad, Adam, Adamax, AdamW, ASGD, LBFGS, '
        "NAdam, Optimizer, RAdam, ..."
    ),
    "model: torch.nn": (
        'model: is a module, no class or function; given: "torch.nn"; allowed: Buffer, Parameter, UninitializedBuffer, '
        "UninitializedParameter, DataParallel"
    ),
    "model: models/lenet.py": (
        'model: names no class or function in a file; given: "models/lenet.py"; allowed: folder/file.py:name'
    ),
    "model: models/lent.py:LeNet": (
        'model: names no file (did you mean models/lenet.py?); given: "models/lent.py:LeNet"; '
        "allowed: models/broken.py, models/lenet.py, models/names.py, models/nul.py, models/passing.py, models/twice.py"
    ),
    "model: models/lenet.py:Lenet": (
        "model: no such class or function by this name in models/lenet.py (did you mean LeNet?); "
        'given: "models/lenet.py:Lenet"; allowed: Base, LeNet, Wide, Bare, Dropping, focal, placed, loose, '
    ),
    "model: ../models/lenet.py:LeNet": (
        'model: leads out of the project by `..`; given: "../models/lenet.py:LeNet"; '
        "allowed: a path inside of the working directory"
    ),
    "model: /models/lenet.py:LeNet": (
        'model: is no path inside of the project; given: "/models/lenet.py:LeNet"; '
        "allowed: a path relative to the working directory"
    ),
    "model: models/broken.py:f": (
        'model: needs models/broken.py, which is no Python (invalid syntax, line 1); given: "models/broken.py:f"'
    ),
    "model: models/twice.py:f": 'model: is defined twice in this file; given: "models/twice.py:f"',
    # its options
    "model: {_target_: models/lenet.py:LeNet, chanels: [1, 2]}": (
        "model.chanels: unknown option of models/lenet.py:LeNet, the model of cell x (did you mean channels?); "
        "given: [1, 2]; allowed: channels, act"
    ),
    "model: {_target_: linear, a: 1}": (
        "model.a: unknown option of linear, the model of cell x; given: 1; allowed: init"
    ),
    "model: models/lenet.py:Wide": (
        "model.width: is missing: an option of models/lenet.py:Wide, the model of cell x; allowed: a whole number"
    ),
    "model: {_target_: models/lenet.py:LeNet, channels: [1, x]}": (
        'model.channels: is not valid; given: [1, "x"]; allowed: a list of 2: a whole number, a whole number'
    ),
    "model: {_target_: models/lenet.py:LeNet, channels: [1]}": (
        "model.channels: has the wrong length; given: [1]; allowed: a list of 2: a whole number, a whole number"
    ),
    "model: {_target_: models/lenet.py:LeNet, act: tnh}": (
        'model.act: is not one of those known (did you mean tanh?); given: "tnh"; allowed: relu, tanh'
    ),
    "loss: {_target_: cross_entropy, label_smoothing: 1e-3}": (
        'loss.label_smoothing: must be a number: YAML reads 1e-3 as text, write 0.001; given: "1e-3"; allowed: a number'
    ),
    "optimizer: {nesterov: 1}": "optimizer.nesterov: must be true or false; given: 1; allowed: true or false",
    "optimizer: {foreach: 1}": (
        "optimizer.foreach: must be true or false or null; given: 1; allowed: true or false or null"
    ),
    "model: {hidden: [0]}": "model.hidden[0]: is out of range; given: 0; allowed: a whole number from 1 to 65536",
    "optimizer: {momentum: 1}": "optimizer.momentum: is out of range; given: 1; allowed: a number from 0 to below 1",
    "optimizer: {lr: 0.1}": (
        "optimizer.lr: is no option: it is the cell's learning_rate; given: 0.1; allowed: momentum, dampening, "
        "weight_decay, nesterov, maximize, foreach, differentiable, fused"
    ),
    # keys of their own
    "model: models/lenet.py:LeNet, hidden: [3]": (
        "hidden: means nothing to models/lenet.py:LeNet, the model of cell x; given: [3]; allowed: [] or nothing here"
    ),
    "model: linear, activation: relu": (
        'activation: means nothing to linear, the model of cell x; given: "relu"; allowed: nothing here'
    ),
    "hidden: [3], model: {hidden: [4]}": (
        "hidden: is told twice: here and as an option of model; given: [3]; allowed: one of the two"
    ),
    "hidden: [3], grid: {model.hidden: [[1], [2]]}": (
        "hidden: is told twice: here and by model.hidden; given: [3]; allowed: one of the two"
    ),
    "grid: {hidden: [[3]], model.hidden: [[1]]}": (
        "grid.hidden: is told twice: here and by model.hidden; given: [3]; allowed: one of the two"
    ),
    "model: {hidden: [3]}, grid: {model.hidden: [[1], [2]]}": (
        "model.hidden: is told twice: here and by model.hidden; given: [3]; allowed: one of the two"
    ),
    "grid: {model.chanels: [[1, 2]]}, model: models/lenet.py:LeNet": (
        "grid.model.chanels: unknown option of models/lenet.py:LeNet, the model of cell x-chanels-1-2 "
        "(did you mean channels?); given: [1, 2]; allowed: channels, act"
    ),
    "grid: {loss: [nll, {_target_: cross_entropy, smoothing: 1}]}": (
        "grid.loss[1].smoothing: unknown option of cross_entropy, the loss of cell x-loss-cross_entropy-smoothing-1 "
        "(did you mean label_smoothing?); given: 1; allowed: weight, size_average, ignore_index, reduce, reduction, "
        "label_smoothing"
    ),
    "grid: {modl.channels: [1]}": "grid.modl.channels: unknown key",
    "modl.channels: 1": "modl.channels: unknown key",
    "model: cnn, model.kernel: 3": (
        "model.kernel: unknown option of cnn, the model of cell x (did you mean kernel_size?); given: 3; "
        "allowed: channels, kernel_size, hidden, activation, dropout, batch_norm"
    ),
    "model: {_target_: cnn, kernel_size: 3}, model.kernel_size: 3": (
        "model.kernel_size: is told twice: here and by model.kernel_size; given: 3; allowed: one of the two"
    ),
    "model.kernel: 3, grid: {model.kernel: [3]}": (
        "model.kernel: is told twice: here and as an axis of the grid; given: 3; allowed: one of the two"
    ),
    "model._target_: cnn": 'model._target_: is no option: model itself is the key; given: "cnn"; allowed: model',
    "model.a.b: 3": "model.a.b: unknown key (did you mean model?); given: 3; allowed: name, note, model, hidden",
    "grid: {model.hidden: [[3], [3.0]]}": (
        "grid.model.hidden: says a value twice; given: [[3], [3.0]]; allowed: a list of 1 or more items; no two alike"
    ),
    # the habits of others
    "model: {class_path: mlp}": (
        "model.class_path: unknown option of mlp, the model of cell x (did you mean _target_?)"
    ),
    "loss: {cross_entropy: {label_smoothing: 0.1}}": (
        "loss.cross_entropy: unknown option of nll, the loss of cell x (write _target_: cross_entropy)"
    ),
    "model: {_target_: null}": f"model._target_: must be text; given: null; allowed: {FORMS}",
    "optimizer: SGD": 'optimizer: is not one of those known (did you mean sgd?); given: "SGD"; allowed: sgd, adam',
    "optimizer: torch.optim.sgd": (
        'optimizer: is a module, no class or function (did you mean SGD?); given: "torch.optim.sgd"; allowed: SGD'
    ),
    "activation: ReLU": 'activation: is not one of those known (did you mean relu?); given: "ReLU"; allowed: relu',
    "model: models.lenet.LeNet": (
        'model: is in a file (did you mean models/lenet.py:LeNet?); given: "models.lenet.LeNet"; '
        "allowed: folder/file.py:name"
    ),
    # files
    "model: models/nul.py:N": (
        "model: needs models/nul.py, which is no Python (source code string cannot contain null bytes); "
        'given: "models/nul.py:N"'
    ),
    "model: models/folder.py:N": "model: names no file (did you mean models/lenet.py?); given",
    "model: elsewhere/net.py:N": ('model: names no file; given: "elsewhere/net.py:N"; allowed: path of a Python file'),
    # a name in a file
    "model: models/names.py:Net": (
        'model: no such class or function by this name in models/names.py; given: "models/names.py:Net"; '
        "allowed: Mine, made"
    ),
    "model: models/passing.py:LeNot": (
        "model: no such class or function by this name in models/passing.py (did you mean LeNet?); "
        'given: "models/passing.py:LeNot"; allowed: LeNet, Tensor'
    ),
    "model: {_target_: models/lenet.py:Wide, width: 3}, dropout: 0.3": (
        "dropout: means nothing to models/lenet.py:Wide, the model of cell x; given: 0.3; "
        "allowed: model.dropout for its **kwargs, or nothing here"
    ),
}


@pytest.mark.parametrize(("text", "line"), WRONG.items(), ids=list(WRONG))
def test_one_line_for_what_is_wrong(tmp_path, text, line):
    with pytest.raises(UserError) as raised:
        settings_of(tmp_path, of(text))
    assert str(raised.value).startswith(f"overlay.yaml:3: cells[0].{line}")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("target", "package"),
    [
        ("torch.os.system", "os"),
        ("torch.sys.exit", "sys"),
        ("torch.builtins.eval", "builtins"),
        ("torch.hub.shutil.rmtree", "shutil"),
        ("torch.hub.urlopen", "urllib"),
        ("torch.serialization.pickle.load", "pickle"),
        ("experiment_grid.training.targets.importlib.import_module", "importlib"),
    ],
)
def test_a_name_that_leads_to_another_package_is_refused(tmp_path, target, package):
    with pytest.raises(UserError) as raised:
        settings_of(tmp_path, of(f"model: {{_target_: {target}, command: touch here}}"))
    assert f'leads to {package}, which the config does not list; given: "{target}"; allowed: torch' in str(raised.value)


@pytest.mark.parametrize(
    ("said", "use"), [("from .relhelp import", "from relhelp import …"), ("from . import", "import block")]
)
def test_a_relative_import_is_refused_before_anything_runs(tmp_path, said, use):
    (tmp_path / "models/relative.py").write_text(f"import torch\n{said} block\n\ndef net(classes): ...\n")
    with pytest.raises(UserError) as raised:
        settings_of(tmp_path, of("model: models/relative.py:net"))
    assert f"model: is in a file with a relative import, `{said} …` in line 2: use `{use}`" in str(raised.value)
    text = f"try:\n    {said} block\nexcept ImportError:\n    block = 1\n\ndef net(classes): ...\n"
    (tmp_path / "models/either.py").write_text(text)
    assert cell(tmp_path, of("model: models/either.py:net"))["model"].options == {}


def test_a_link_out_of_the_project_is_refused(tmp_path_factory, tmp_path):
    outside = tmp_path_factory.mktemp("outside") / "net.py"
    outside.write_text(LENET)
    (tmp_path / "models/far.py").symlink_to(outside)
    (tmp_path / "models/near.py").symlink_to(tmp_path / "models/lenet.py")
    assert cell(tmp_path, of("model: models/near.py:LeNet"))["model"].target == "models/near.py:LeNet"
    with pytest.raises(UserError, match=r"model: leads out of the project by a link; given: \"models/far.py:LeNet\""):
        settings_of(tmp_path, of("model: models/far.py:LeNet"))


def test_both_in_one_files_defaults_are_refused(tmp_path):
    with pytest.raises(UserError) as raised:
        settings_of(tmp_path, of("epochs: 1") + "defaults: {hidden: [1], model: {hidden: [2]}}\n")
    assert str(raised.value) == (
        "overlay.yaml:4: defaults.hidden: is told twice: here and as an option of model; given: [1]; "
        "allowed: one of the two"
    )


def test_an_option_has_no_key_of_its_full_name_in_defaults(tmp_path):
    with pytest.raises(UserError) as raised:
        settings_of(tmp_path, of("epochs: 1") + "defaults: {model.channels: [1]}\n")
    assert str(raised.value).startswith(
        "overlay.yaml:4: defaults.model.channels: unknown key (write model: {channels: ...}); given: [1]; "
    )


def test_an_option_by_its_full_name_in_a_cell(tmp_path):
    made = cell(tmp_path, of("model: cnn, model.kernel_size: 5, optimizer.nesterov: true"))
    assert (made["model"].options["kernel_size"], made["optimizer"].options["nesterov"]) == (5, True)
    assert made == cell(tmp_path, of("model: {_target_: cnn, kernel_size: 5}, optimizer: {nesterov: true}"))


@pytest.mark.parametrize("files", [[], ["defaults: {model: cnn}"], ["defaults: {model: {hidden: [3]}}"]])
def test_an_empty_component_changes_nothing(tmp_path, files):
    one, other = (cell(tmp_path, of(text), *files) for text in ("model: {}, optimizer: {}", "epochs: 3"))
    assert one == other


def test_what_is_wrong_in_defaults_is_reported_once_and_there(tmp_path):
    cells = "cells: [{name: x}, {name: y, epochs: 3}]\n"
    with pytest.raises(UserError) as raised:
        settings_of(tmp_path, cells + "defaults:\n  model: {_target_: models/lenet.py:LeNet, chanels: 1}\n")
    assert str(raised.value).startswith(
        "overlay.yaml:5: defaults.model.chanels: unknown option of models/lenet.py:LeNet"
    )
    assert "\n" not in str(raised.value)


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
    """It gets what Snakemake merged, and the files."""
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


def test_a_class_whose_name_was_a_constant_before_is_no_obstacle_to_a_wrong_name(tmp_path):
    """It ended with `argument of type 'ClassDef' is not iterable`."""
    (tmp_path / "net.py").write_text("Net = None\n\n\nclass Net:\n    pass\n", "utf-8")
    with pytest.raises(NotThereError, match="no such class or function"):
        signatures.of_file(tmp_path / "net.py", "Nett")
