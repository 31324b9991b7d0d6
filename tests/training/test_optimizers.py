"""The stand-ins for optimizers of torch.optim: the same bits and state dicts; other options use torch.optim's own."""

import copy
import subprocess
import sys

import pytest
import torch
from project import ROOT, SCRIPTS
from trained_cell import OPTIMIZERS, canonical

from experiment_grid.training.components import Optimizer, stand_in
from experiment_grid.training.optimizers.base import FusedOptimizer

VARIANTS = [
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.0}),
    ("SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    ("SGD", {"momentum": 0.9, "dampening": 0.5, "maximize": True}),
    ("Adam", {}),
    ("Adam", {"betas": [0.8, 0.99], "eps": 1e-6, "weight_decay": 0.01}),
    ("Adam", {"amsgrad": True}),
    ("AdamW", {}),
    ("AdamW", {"weight_decay": 0.1, "amsgrad": True, "maximize": True}),
]


def parameters_of(seed=1):
    generator = torch.Generator().manual_seed(seed)
    shapes = ((7, 5), (7,), (3, 7), (3,))
    return [torch.nn.Parameter(torch.randn(shape, generator=generator)) for shape in shapes]


def ours(parameters, kind, options, rate=0.05):
    component = {"_target_": f"torch.optim.{kind}", **options}
    return Optimizer("cell", canonical(optimizer=component, learning_rate=rate), parameters).optimizer


def take_steps(optimizer, parameters, seed, steps=4, without=()):
    """Take steps with random gradients; parameters at `without` have none in the first step."""
    generator = torch.Generator().manual_seed(seed)
    for step in range(steps):
        gradients = [torch.randn(parameter.shape, generator=generator) for parameter in parameters]

        def closure(gradients=gradients, step=step):
            for index, (parameter, gradient) in enumerate(zip(parameters, gradients, strict=True)):
                parameter.grad = None if index in without and not step else gradient
            return torch.ones(())

        optimizer.step(closure)


def equal(some, others):
    return all(torch.equal(one, other) for one, other in zip(some, others, strict=True))


def close(some, others):
    return all(torch.allclose(one, other, rtol=1e-6, atol=1e-6) for one, other in zip(some, others, strict=True))


@pytest.mark.parametrize(("kind", "options"), VARIANTS, ids=str)
def test_steps_are_those_of_torch_optim_fused(kind, options):
    mine, theirs = parameters_of(), parameters_of()
    optimizer = ours(mine, kind, options)
    assert isinstance(optimizer, FusedOptimizer)
    other = getattr(torch.optim, kind)(theirs, lr=0.05, fused=True, **options)
    for parameters, of in ((mine, optimizer), (theirs, other)):
        take_steps(of, parameters, seed=2)
    assert equal(mine, theirs)
    assert not equal(mine, parameters_of())


@pytest.mark.parametrize(("kind", "options"), VARIANTS, ids=str)
def test_state_dicts_are_torch_optims_and_come_back(kind, options):
    """Either can resume from the state of the other."""
    mine, theirs = parameters_of(), parameters_of()
    optimizer = ours(mine, kind, options)
    take_steps(optimizer, mine, seed=2)
    kept = optimizer.state_dict()
    other = getattr(torch.optim, kind)(theirs, lr=0.05, fused=True, **options)
    assert kept["state"].keys() == ({*range(4)} if options.get("momentum") != 0 else set())
    other.load_state_dict(torch.utils._pytree.tree_map(lambda x: x.clone() if isinstance(x, torch.Tensor) else x, kept))
    again = parameters_of()
    fresh = ours(again, kind, options, rate=99.0)
    fresh.load_state_dict(other.state_dict())
    for parameters in (theirs, again):
        for parameter, value in zip(parameters, mine, strict=True):
            parameter.data.copy_(value.data)
    take_steps(fresh, again, seed=3)
    take_steps(other, theirs, seed=3)  # afterwards, as the two share their state
    take_steps(optimizer, mine, seed=3)
    assert equal(mine, again)


@pytest.mark.parametrize(("kind", "options"), VARIANTS, ids=str)
def test_the_layout_of_weights_gradients_and_kept_state_in_memory_does_not_matter(kind, options):
    """The fused kernels do not look at strides: for them, two layouts are two tensors.

    (At the end of a tensor Adam's kernel rounds differently, and the ends hold other numbers.)
    """
    rows, others = ([*parameters_of(), torch.nn.Parameter(torch.arange(120.0).view(2, 3, 4, 5))] for _ in "12")
    others[0].data = others[0].data.t().contiguous().t()
    others[-1].data = others[-1].data.to(memory_format=torch.channels_last)
    assert not others[0].is_contiguous() and not others[-1].is_contiguous()
    optimizers = [ours(parameters, kind, options) for parameters in (rows, others)]
    for optimizer, parameters in zip(optimizers, (rows, others), strict=True):
        take_steps(optimizer, parameters, seed=2)
    assert close(rows, others)
    optimizers[1].load_state_dict(copy.deepcopy(optimizers[0].state_dict()))
    for optimizer, parameters in zip(optimizers, (rows, others), strict=True):
        take_steps(optimizer, parameters, seed=3)
    assert close(rows, others)


def test_a_parameter_without_gradient_is_left_alone_and_starts_later():
    mine, theirs = parameters_of(), parameters_of()
    optimizer = ours(mine, "SGD", {"momentum": 0.9})
    take_steps(optimizer, mine, seed=2, steps=3, without={1})
    other = torch.optim.SGD(theirs, lr=0.05, momentum=0.9)  # its fused kernel cannot start later
    take_steps(other, theirs, seed=2, steps=3, without={1})
    for one, another in zip(mine, theirs, strict=True):
        torch.testing.assert_close(one, another)


def test_the_rate_and_momentum_may_change_between_steps():
    """As a schedule does by `param_groups`."""
    mine, theirs = parameters_of(), parameters_of()
    optimizer, other = ours(mine, "SGD", {"momentum": 0.9}), torch.optim.SGD(theirs, lr=0.05, momentum=0.9, fused=True)
    for rate, momentum in ((0.1, 0.9), (0.2, 0.5), (0.1, 0.9)):
        for of, parameters in ((optimizer, mine), (other, theirs)):
            of.param_groups[0] |= {"lr": rate, "momentum": momentum}
            take_steps(of, parameters, seed=2, steps=1)
    assert equal(mine, theirs)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("SGD", {"fused": False}),
        ("SGD", {"foreach": True}),
        ("SGD", {"differentiable": True}),
        ("Adam", {"fused": None}),
        ("Adam", {"decoupled_weight_decay": True}),
        ("RMSprop", {}),
        ("LBFGS", {}),
    ],
    ids=str,
)
def test_other_options_and_classes_are_torch_optims_own(kind, options):
    assert type(ours(parameters_of(), kind, options)) is getattr(torch.optim, kind)


def test_parameters_of_two_kinds_are_torch_optims():
    parameters = [*parameters_of(), torch.nn.Parameter(torch.zeros(3, dtype=torch.float64))]
    assert type(ours(parameters, "SGD", {"momentum": 0.9})) is torch.optim.SGD


def test_stand_ins_are_found_by_name_alone():
    assert stand_in("torch.optim.SGD").__module__ == "experiment_grid.training.optimizers.sgd"
    assert stand_in("torch.optim.RMSprop") is stand_in("torch.optim.Base") is stand_in("mine.SGD") is None


def test_a_cell_with_a_stand_in_does_without_dynamo():
    code = f"""
import sys
sys.path.insert(0, {str(ROOT / "tests")!r})
import torch, train, evaluate
from trained_cell import canonical, images_of_classes
from experiment_grid.training.loop import Trainer
images, labels = (torch.from_numpy(array) for array in images_of_classes(60))
for optimizer in ("sgd", "adam", "adamw"):
    for model in ("mlp", "linear", "cnn"):
        Trainer("cell", canonical(optimizer=optimizer, model=model), 1, images, labels, 4).epoch(1)
print(sorted(name for name in sys.modules if name.startswith(("torch._dynamo", "experiment_grid.config"))))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, capture_output=True, text=True, timeout=120)
    assert done.stdout == "[]\n", done.stdout + done.stderr


def test_every_canonical_option_of_a_stand_in_is_known():
    for name in ("sgd", "adam", "adamw"):
        options = {key: value for key, value in OPTIMIZERS[name].items() if key != "_target_"}
        assert stand_in(OPTIMIZERS[name]["_target_"]).does(parameters_of(), options)
