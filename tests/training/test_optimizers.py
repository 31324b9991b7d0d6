"""The functional optimizers against the objects of torch.optim."""

import pytest
import torch
from one_cell import PARAMETERS

from experiment.parameters import Parameters
from training.optimizers import OPTIMIZERS

OBJECTS = {
    "sgd": lambda weights: torch.optim.SGD(weights, lr=0.05, momentum=0.9, weight_decay=0.01),
    "adam": lambda weights: torch.optim.Adam(weights, lr=0.05, weight_decay=0.01),
    "adamw": lambda weights: torch.optim.AdamW(weights, lr=0.05, weight_decay=0.01),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_steps_are_those_of_torch_optim(name):
    generator = torch.Generator().manual_seed(1)
    weights = [torch.randn(4, 3, generator=generator), torch.randn(4, generator=generator)]
    theirs = [weight.clone().requires_grad_() for weight in weights]
    parameters = Parameters.of(PARAMETERS | {"optimizer": name, "learning_rate": 0.05, "weight_decay": 0.01})
    optimizer, other = OPTIMIZERS[name](weights, parameters), OBJECTS[name](theirs)
    for _ in range(5):
        gradients = [torch.randn(weight.shape, generator=generator) for weight in weights]
        optimizer.step(weights, gradients)
        for weight, gradient in zip(theirs, gradients, strict=True):
            weight.grad = gradient.clone()
        other.step()
    for weight, wanted in zip(weights, theirs, strict=True):
        torch.testing.assert_close(weight, wanted.detach(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_buffers_are_all_that_going_on_needs(name):
    parameters = Parameters.of(PARAMETERS | {"optimizer": name})
    gradient = torch.linspace(-1, 1, 6)
    weights, copies = [torch.ones(6)], [torch.ones(6)]
    first = OPTIMIZERS[name](weights, parameters)
    first.step(weights, [gradient])
    second = OPTIMIZERS[name](copies, parameters)
    copies[0].copy_(weights[0])
    for buffer, kept in zip(second.buffers, first.buffers, strict=True):
        buffer.copy_(kept)
    for optimizer, moved in ((first, weights), (second, copies)):
        optimizer.step(moved, [gradient * 2])
    assert torch.equal(weights[0], copies[0])
