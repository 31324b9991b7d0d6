"""One line for what cannot be a component."""

import pytest
from own_components import LENET, cell, of, settings_of

from experiment_grid.runtime.errors import UserError
from experiment_grid.source_code import signatures
from experiment_grid.source_code.definitions import NotThereError

pytestmark = pytest.mark.usefixtures("models")

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
        "NAdam, Optimizer, RAdam and "
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
        'model: is not a path inside of the project; given: "/models/lenet.py:LeNet"; '
        "allowed: a path relative to the working directory"
    ),
    "model: models/broken.py:f": (
        'model: needs models/broken.py, which is not valid Python (invalid syntax, line 1); given: "models/broken.py:f"'
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
        "optimizer.lr: is not an option: it is the cell's learning_rate; given: 0.1; allowed: momentum, dampening, "
        "weight_decay, nesterov, maximize, foreach, differentiable, fused"
    ),
    # keys of their own
    "model: models/lenet.py:LeNet, hidden: [3]": (
        "hidden: has no effect on models/lenet.py:LeNet, the model of cell x; given: [3]; allowed: [] or nothing here"
    ),
    "model: linear, activation: relu": (
        'activation: has no effect on linear, the model of cell x; given: "relu"; allowed: nothing here'
    ),
    "hidden: [3], model: {hidden: [4]}": (
        "hidden: is given twice: here and as an option of model; given: [3]; allowed: one of the two"
    ),
    "hidden: [3], grid: {model.hidden: [[1], [2]]}": (
        "hidden: is given twice: here and by model.hidden; given: [3]; allowed: one of the two"
    ),
    "grid: {hidden: [[3]], model.hidden: [[1]]}": (
        "grid.hidden: is given twice: here and by model.hidden; given: [3]; allowed: one of the two"
    ),
    "model: {hidden: [3]}, grid: {model.hidden: [[1], [2]]}": (
        "model.hidden: is given twice: here and by model.hidden; given: [3]; allowed: one of the two"
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
        "model.kernel_size: is given twice: here and by model.kernel_size; given: 3; allowed: one of the two"
    ),
    "model.kernel: 3, grid: {model.kernel: [3]}": (
        "model.kernel: is given twice: here and as an axis of the grid; given: 3; allowed: one of the two"
    ),
    "model._target_: cnn": 'model._target_: is not an option: model itself is the key; given: "cnn"; allowed: model',
    "model.a.b: 3": "model.a.b: unknown key (did you mean model?); given: 3; allowed: name, note, model, hidden",
    "grid: {model.hidden: [[3], [3.0]]}": (
        "grid.model.hidden: says a value twice; given: [[3], [3.0]]; allowed: a list of 1 or more items; all different"
    ),
    # as other programs write it
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
        "model: needs models/nul.py, which is not valid Python (source code string cannot contain null bytes); "
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
        "dropout: has no effect on models/lenet.py:Wide, the model of cell x; given: 0.3; "
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
    assert f'resolves to {package}, which the config does not list; given: "{target}"; allowed: torch' in str(
        raised.value
    )


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
        "overlay.yaml:4: defaults.hidden: is given twice: here and as an option of model; given: [1]; "
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


def test_a_wrong_name_is_reported_beside_a_class_that_was_a_constant_before(tmp_path):
    """Reading such a file once ended with `argument of type 'ClassDef' is not iterable`."""
    (tmp_path / "net.py").write_text("Net = None\n\n\nclass Net:\n    pass\n", "utf-8")
    with pytest.raises(NotThereError, match="no such class or function"):
        signatures.of_file(tmp_path / "net.py", "Nett")
