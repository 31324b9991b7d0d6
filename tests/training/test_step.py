"""A single step: what it learns from, what it returns, and on which device it works."""

import pytest
import torch
from trained_cell import canonical

from experiment_grid.training.components import Loss, Model, Optimizer
from experiment_grid.training.images import inputs_of, predict, take
from experiment_grid.training.step import needs_closure, step


def parts(device="cpu", **changes):
    cell = canonical(**changes)
    model = Model("cell", cell, (1, 6, 5), 4, seed=1)
    model.on(torch.device(device))
    return model, Loss("cell", cell, torch.device(device)), Optimizer("cell", cell, model.trainable).optimizer


def test_a_step_returns_logits_and_loss_from_before_it():
    model, loss, optimizer = parts()
    inputs, labels = torch.rand(7, 1, 6, 5), torch.arange(7) % 4
    with torch.no_grad():
        logits = model(inputs)
        value = loss(logits, labels)
    found = step(model, loss, optimizer, inputs, labels)
    assert torch.equal(found[0], logits) and torch.equal(found[1], value)
    assert not any(tensor.requires_grad for tensor in found)
    assert loss(model(inputs), labels) < value


def test_gradients_of_the_step_before_are_not_added():
    model, loss, optimizer = parts(learning_rate=0.0)
    inputs, labels = torch.rand(7, 1, 6, 5), torch.arange(7) % 4
    step(model, loss, optimizer, inputs, labels)
    before = [parameter.grad.clone() for parameter in model.trainable]
    step(model, loss, optimizer, inputs, labels)
    assert all(torch.equal(one, parameter.grad) for one, parameter in zip(before, model.trainable, strict=True))


class Descent(torch.optim.Optimizer):
    """Plain gradient descent, as a student writes it."""

    def __init__(self, parameters, lr=0.1):
        super().__init__(parameters, {"lr": lr})

    @torch.no_grad()
    def step(self):
        for parameter in self.param_groups[0]["params"]:
            parameter -= self.param_groups[0]["lr"] * parameter.grad


class Ignoring(Descent):
    def step(self, closure=None):
        super().step()


class Calling(Descent):
    def step(self, closure=None):
        loss = closure() if closure else None
        super().step()
        return loss


class Needing(Descent):
    def step(self, closure):
        with torch.enable_grad():
            loss = closure()
        super().step()
        return loss


def test_with_or_without_a_closure_a_step_learns_the_same():
    inputs, labels = torch.rand(7, 1, 6, 5), torch.arange(7) % 4
    found = []
    for kind in (torch.optim.SGD, Descent, Ignoring, Calling, Needing):
        model, loss, _ = parts()
        optimizer = kind(model.trainable, lr=0.1)
        answers = [step(model, loss, optimizer, inputs, labels) for _ in range(3)]
        found.append([*(tensor for answer in answers for tensor in answer), *model.trainable])
    for other in found[1:]:
        assert all(torch.allclose(a, b, rtol=1e-5, atol=1e-6) for a, b in zip(found[0], other, strict=True))
        assert all(torch.equal(a, b) for a, b in zip(found[1], other, strict=True))


def test_which_optimizers_need_the_closure():
    kinds = [torch.optim.LBFGS, Needing, torch.optim.SGD, torch.optim.Rprop, torch.optim.Adam, Descent]
    made = [kind([torch.nn.Parameter(torch.zeros(1))]) for kind in kinds]  # PyTorch wraps their steps
    assert [needs_closure(type(one)) for one in made] == [True, True, False, False, False, False]


def test_a_closure_that_is_not_called():
    class Forgetting(Descent):
        def step(self, closure):
            pass

    model, loss, _ = parts()
    with pytest.raises(RuntimeError, match="does not call closure"):
        step(model, loss, Forgetting(model.trainable), torch.rand(7, 1, 6, 5), torch.arange(7) % 4)


def test_everything_is_made_on_the_device_of_the_weights():
    """`meta` takes the place of a GPU: PyTorch refuses to mix devices, and has no numbers there. The fused kernels do
    not support it, so the optimizer is one of torch.optim."""
    images, labels = (torch.empty(size, dtype=torch.uint8, device="meta") for size in ((20, 6, 5), (20,)))
    order = torch.empty(9, dtype=torch.long, device="meta")
    for model in ("mlp", "cnn"):
        for loss in ("nll", "mse", "cross_entropy"):
            made = parts("meta", model=model, loss=loss, optimizer="adagrad", batch_norm=True)
            inputs = inputs_of(take(images, order), True)
            logits, value = step(*made, inputs, labels[order].long())
            assert logits.device.type == value.device.type == predict(made[0], images, True).device.type == "meta"
