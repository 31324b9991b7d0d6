"""The optimizers against the objects of torch.optim."""

import pytest
import torch
from trained_cell import PARAMETERS

from experiment_grid.config.parameters import Parameters
from experiment_grid.training.optimizers import OPTIMIZERS

OBJECTS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


def fill(optimizer, gradients):
    """What backpropagation does."""
    optimizer.gradient.copy_(gradients)


@pytest.mark.parametrize("weight_decay", [0.0, 0.01])
@pytest.mark.parametrize(
    ("name", "more"), [("sgd", {"momentum": 0.9}), ("sgd", {"momentum": 0.0}), ("adam", {}), ("adamw", {})]
)
def test_steps_are_those_of_torch_optim(name, more, weight_decay):
    generator = torch.Generator().manual_seed(1)
    weights = torch.randn(2, 15, generator=generator)
    theirs = weights.clone().requires_grad_()
    changes = {"optimizer": name, "learning_rate": 0.05, "weight_decay": weight_decay} | more
    optimizer = OPTIMIZERS[name](weights, Parameters.of(PARAMETERS | changes))
    assert torch.equal(optimizer.gradient, torch.zeros(2, 15))
    other = OBJECTS[name]([theirs], lr=0.05, weight_decay=weight_decay, **more)
    for _ in range(5):
        gradients = torch.randn(2, 15, generator=generator)
        fill(optimizer, gradients)
        optimizer.step()
        theirs.grad = gradients.clone()
        other.step()
    torch.testing.assert_close(weights, theirs.detach(), rtol=1e-5, atol=1e-6)


def test_parameters_may_change_between_steps():
    """As with a momentum that is switched on, off and on again; torch.optim keeps the velocity meanwhile, too."""
    weights, gradients = torch.ones(1, 6), torch.linspace(-1, 1, 6).view(1, 6)
    theirs = weights.clone().requires_grad_()
    optimizer = OPTIMIZERS["sgd"](weights, Parameters.of(PARAMETERS | {"optimizer": "sgd"}))
    other = torch.optim.SGD([theirs], lr=0.1)
    for rate, momentum in ((0.1, 0.0), (0.1, 0.9), (0.2, 0.5), (0.2, 0.0), (0.1, 0.9)):
        changes = {"optimizer": "sgd", "learning_rate": rate, "momentum": momentum, "weight_decay": 0.0}
        optimizer.parameters = Parameters.of(PARAMETERS | changes)
        other.param_groups[0] |= {"lr": rate, "momentum": momentum}
        fill(optimizer, gradients)
        optimizer.step()
        theirs.grad = gradients.clone()
        other.step()
        torch.testing.assert_close(weights, theirs.detach())


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_buffers_are_all_that_going_on_needs(name):
    parameters = Parameters.of(PARAMETERS | {"optimizer": name})
    gradients = torch.linspace(-1, 1, 6).view(1, 6)
    weights, copies = torch.ones(1, 6), torch.ones(1, 6)
    first = OPTIMIZERS[name](weights, parameters)
    fill(first, gradients)
    first.step()
    second = OPTIMIZERS[name](copies, parameters)
    copies.copy_(weights)
    for buffer, kept in zip(second.buffers, first.buffers, strict=True):
        buffer.copy_(kept)
    for optimizer in (first, second):
        fill(optimizer, gradients * 2)
        optimizer.step()
    assert torch.equal(weights, copies)
