"""Values that a component does not allow are refused before anything runs: by annotations, and by what it raises."""

import pytest
import torch
from configs import load_overlay

from experiment_grid.runtime.errors import UserError
from experiment_grid.source_code import signatures
from experiment_grid.training.models.mlp import ACTIVATIONS

NET = """\
from typing import Annotated, Literal, Optional

from annotated_types import Ge, Len
from pydantic import Field
from torch import Tensor, nn

from parts import Depth, MODES

Rate = Annotated[float, Field(gt=0, le=0.5)]


class Base(nn.Module):
    def __init__(self, depth, width):
        super().__init__()
        if depth > 9:
            raise ValueError("too deep")
        if width % 2:
            raise ValueError(f"{width} is odd")


class Net(Base):
    def __init__(
        self,
        classes: int,
        depth: Depth = 2,
        rate: Rate = 0.1,
        sizes: "Annotated[list[int], Len(1, 3)]" = (1,),
        mode: Literal[*MODES] = "a",
        scale: Annotated[float | None, Ge(0)] = None,
        fixed: Optional[Tensor] = None,
        norm: Tensor = nn.BatchNorm2d,
        width: int = 4,
        shape="square",
        label="abc",
        code: Annotated[str, Len(3, 3)] = "abc",
        level: Literal["high"] | Annotated[float, Ge(0)] = 1,
        dropout: Annotated[float, Field(lt=0.5)] = 0.1,
    ):
        width = width * 2
        super().__init__(depth, width)
        if shape == "round" and mode == "a":
            raise ValueError("no round a")
        elif shape not in ("round", "square"):
            raise ValueError(shape)
        assert rate != 0.25, "not a quarter"
        if not isinstance(label, (str, bool)) or not 1 < len(label) < 4:
            raise ValueError("no label")
        if norm is None or len(sizes) > 2 and unknown(sizes):
            raise ValueError
"""
PARTS = """\
from typing import Annotated
import annotated_types

Depth = Annotated[int, annotated_types.Interval(ge=1, lt=20)]
MODES = {"a": 1, "b": 2}
raise RuntimeError("a user's file was run")
"""


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    """A working directory with a user's files that must not run."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models/net.py").write_text(NET)
    (tmp_path / "models/parts.py").write_text(PARTS)
    monkeypatch.chdir(tmp_path)


def load(tmp_path, text):
    overlay = f"baseline: x\nfinal: x\ncells: [{{name: x, {text}}}]\n"
    return load_overlay(tmp_path, overlay).cells["x"].parameters


def net(options):
    return f"model: {{_target_: models/net.py:Net, {options}}}"


MLP = "mlp, the model of cell x"
SGD = "sgd, the optimizer of cell x"
CNN = "model: {_target_: cnn, %s}"
WIDTHS = "a list of at most 64 items, each a whole number from 1 to 65536"
OWN = "models/net.py:Net, the model of cell x"
WRONG = {
    # built-in components
    CNN % "channels: [-3]": ("model.channels[0]: is out of range; given: -3; allowed: a whole number from 1 to 65536"),
    CNN % "kernel_size: 0": "model.kernel_size: is out of range; given: 0; allowed: a whole number from 1",
    CNN % "dropout: 1.0": "model.dropout: is out of range; given: 1.0; allowed: a number from 0 to below 1",
    CNN % f"channels: {[1] * 65}": (f"model.channels: is too long; given: {str([1] * 65)[:77]}...; allowed: {WIDTHS}"),
    "model: {dropout: -0.1}": "model.dropout: is out of range; given: -0.1; allowed: a number from 0 to below 1",
    "model: {activation: rellu}": (
        'model.activation: is not one of those known (did you mean relu?); given: "rellu"; '
        f"allowed: {', '.join(ACTIVATIONS)}"
    ),
    "loss: {_target_: cross_entropy, label_smoothing: 2}": (
        "loss.label_smoothing: is out of range; given: 2; allowed: a number from 0 to 1"
    ),
    "loss: {_target_: cross_entropy, reduction: average}": (
        'loss.reduction: is not one of those known; given: "average"; allowed: mean, sum, none'
    ),
    "loss: {_target_: multi_margin, p: 3}": (
        "loss.p: is refused by multi_margin, the loss of cell x (only p == 1 and p == 2 supported); given: 3; "
        "allowed: p == 1 or p == 2"
    ),
    "loss: {_target_: cross_entropy, weight: [1, 2]}": (
        "loss.weight: must be null; given: [1, 2]; allowed: null or a Tensor, made in a file of your own"
    ),
    "optimizer: {nesterov: true, momentum: 0}": (
        f"optimizer.nesterov: is refused by {SGD} (Nesterov momentum requires a momentum and zero dampening); "
        "given: true; allowed: not nesterov or (momentum > 0 and dampening == 0)"
    ),
    "momentum: 0, grid: {optimizer.nesterov: [true]}": (
        "grid.optimizer.nesterov: is refused by sgd, the optimizer of cell x-nesterov-true (Nesterov"
    ),
    "optimizer: {_target_: adamw, betas: [0.9, 1]}": (
        "optimizer.betas: is refused by adamw, the optimizer of cell x; given: [0.9, 1]; allowed: 0.0 <= betas[1] < 1.0"
    ),
    "optimizer: {_target_: rmsprop, alpha: -1}": (
        "optimizer.alpha: is refused by rmsprop, the optimizer of cell x; given: -1; allowed: 0.0 <= alpha"
    ),
    "optimizer: {fused: true, foreach: true}": (
        f"optimizer.fused: is refused by {SGD} (`fused` and `foreach` cannot be `True` together.); given: true"
    ),
    "optimizer: {weight_decay: -1}": (
        "optimizer.weight_decay: is out of range; given: -1; allowed: a number from 0 to 1"
    ),
    # a component of the user's
    net("depth: 0"): "model.depth: is out of range; given: 0; allowed: a whole number from 1 to below 20",
    net("rate: 0.7"): "model.rate: is out of range; given: 0.7; allowed: a number above 0 to 0.5",
    net("sizes: [1, 2, 3, 4]"): (
        "model.sizes: is too long; given: [1, 2, 3, 4]; allowed: a list of 1 to 3 items, each a whole number"
    ),
    net("sizes: []"): "model.sizes: is too short; given: []",
    net("mode: c"): 'model.mode: is not one of those known; given: "c"; allowed: a, b',
    net("scale: -1"): "model.scale: is out of range; given: -1; allowed: a number from 0",
    net("fixed: 1"): "model.fixed: must be null; given: 1; allowed: null or a Tensor, made in a file of your own",
    net("norm: 1"): "model.norm: can't be given; given: 1; allowed: a Tensor, made in a file of your own",
    net("depth: 10"): f"model.depth: is refused by {OWN} (too deep); given: 10; allowed: depth <= 9",
    net("rate: 0.25"): f"model.rate: is refused by {OWN} (not a quarter); given: 0.25; allowed: rate != 0.25",
    net("shape: round"): (
        f"model.shape: is refused by {OWN} (no round a); given: \"round\"; allowed: shape != 'round' or mode != 'a'"
    ),
    net("label: abcd"): f'model.label: is refused by {OWN} (no label); given: "abcd"',
    net("label: 7"): f"model.label: is refused by {OWN} (no label); given: 7",
    net("code: ab"): 'model.code: is too short; given: "ab"; allowed: text of 3 characters',
    net("level: -1"): "model.level: is out of range; given: -1; allowed: high or a number from 0",
    net("shape: oval"): (
        f'model.shape: is refused by {OWN}; given: "oval"; '
        "allowed: shape == 'round' and mode == 'a' or shape in ('round', 'square')"
    ),
}


@pytest.mark.parametrize(("text", "line"), WRONG.items(), ids=list(WRONG))
def test_one_line_for_a_value_that_is_not_allowed(tmp_path, text, line):
    with pytest.raises(UserError) as raised:
        load(tmp_path, text)
    assert str(raised.value).startswith(f"overlay.yaml:3: cells[0].{line}")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        CNN % "channels: [1], kernel_size: 1",
        CNN % "channels: []",
        "loss: {_target_: cross_entropy, label_smoothing: 1, reduction: sum}",
        "loss: {_target_: multi_margin, p: 2.0, margin: -1}",
        "optimizer: {nesterov: true}",
        "optimizer: {_target_: adam, betas: [0, 0.5], eps: 0}",
        net("depth: 1, rate: 0.5, sizes: [1, 2, 3], mode: b, scale: 0, fixed: null, shape: round"),
        net("width: 3"),  # doubled before it is handed on
    ],
)
def test_what_is_allowed_is_accepted(tmp_path, text):
    load(tmp_path, text)


def test_the_cells_own_part_of_a_conflict_is_named(tmp_path):
    overlay = "final: a\ndefaults: {optimizer: {nesterov: true}}\ncells: [{name: a}, {name: b, momentum: 0}]"
    with pytest.raises(
        UserError, match=r"yaml:3: cells\[1\].momentum: is refused by sgd.*; given: 0; allowed: not nest"
    ):
        load_overlay(tmp_path, overlay)


def test_an_inherited_value_out_of_a_models_range_is_refused_and_not_dropped(tmp_path):
    with pytest.raises(UserError, match=r"defaults.dropout: is out of range; given: 0.6; allowed: a number below 0.5"):
        load_overlay(tmp_path, f"final: a\ndefaults: {{dropout: 0.6}}\ncells: [{{name: a, {net('depth: 1')}}}]")


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "NAdam", "Rprop"])
def test_options_of_an_optimizer_are_refused_where_pytorch_refuses_them(name):
    """Each number and each switch alone, and in every pair."""
    signature = signatures.of_name(f"torch.optim.{name}").signature
    defaults = {one.name: one.default for one in signature.parameters if one.literal}
    tried = {}
    for option, default in defaults.items():
        if option == "lr":
            continue
        if isinstance(default, list):
            tried[option] = [[0.5, 1.2], [1.0, 0.5], [0.5, -0.1], [0.0, 0.999]]
        elif isinstance(default, bool) or default is None:
            tried[option] = [True]
        else:
            tried[option] = [-1.0, 0.0, 0.5, 1.0, 2.0]
    pairs = [{one: a} | {other: b} for one in tried for other in tried for a in tried[one] for b in tried[other]]
    for options in pairs:
        refused = any(guard.refuses(defaults | options) for guard in signature.guards)
        try:
            getattr(torch.optim, name)([torch.nn.Parameter(torch.zeros(1))], **options)
            raised = False
        except (ValueError, RuntimeError):
            raised = True
        assert refused == raised, options
