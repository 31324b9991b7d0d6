"""Backpropagation against autograd, losses and activations against PyTorch's own, tables against the schema."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from experiment_grid.evaluation import network
from experiment_grid.training.activations import ACTIVATIONS
from experiment_grid.training.losses import LOSSES, log_softmax
from experiment_grid.training.model import forward, initial_weights, inputs_of, layers, predict, stacked
from experiment_grid.training.optimizers import OPTIMIZERS

SCHEMA = Path(__file__).parents[2] / "workflow/scripts/experiment_grid/config/schemas/config.schema.json"

TORCH_LOSSES = {
    "nll": lambda logits, classes: F.nll_loss(F.log_softmax(logits, dim=-1), classes),
    "cross_entropy": F.cross_entropy,
    "mse": lambda logits, classes: F.mse_loss(logits.softmax(dim=-1), F.one_hot(classes, logits.shape[-1]).float()),
    "multi_margin": F.multi_margin_loss,
}


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(7)


@pytest.fixture
def logits(generator):
    return 3 * torch.randn(50, 6, generator=generator)


@pytest.fixture
def classes(generator):
    return torch.randint(6, (50,), generator=generator)


@pytest.mark.parametrize(
    ("key", "table"),
    [
        ("loss", LOSSES),
        ("optimizer", OPTIMIZERS),
        ("activation", ACTIVATIONS),
        ("activation", network.ACTIVATIONS),
    ],
)
def test_every_table_holds_what_the_schema_allows(key, table):
    allowed = json.loads(SCHEMA.read_text("utf-8"))["definitions"]["cell"]["properties"][key]["enum"]
    assert sorted(table) == sorted(allowed)


@pytest.mark.parametrize("name", TORCH_LOSSES)
def test_loss_is_pytorchs(name, logits, classes):
    value = LOSSES[name].value(logits.numpy(), classes.numpy())
    assert value.shape == (50,)
    assert value.mean() == pytest.approx(TORCH_LOSSES[name](logits, classes).item(), rel=1e-5)


@pytest.mark.parametrize("name", TORCH_LOSSES)
def test_gradient_of_loss_is_autograds(name, logits, classes):
    leaf = logits.clone().requires_grad_()
    (wanted,) = torch.autograd.grad(TORCH_LOSSES[name](leaf, classes) * len(leaf), leaf)
    truth = F.one_hot(classes, 6).float()
    torch.testing.assert_close(LOSSES[name].gradient(logits.mT, truth.mT).mT, wanted, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_gradient_of_loss_is_the_slope_of_its_value(name, logits, classes):
    """By central differences, class by class: holds a loss of your own too."""
    logits, labels, h = logits.double().numpy(), classes.numpy(), 1e-6
    slopes = np.empty_like(logits)
    for k in range(6):
        step = h * np.eye(6)[k]
        above, below = (LOSSES[name].value(logits + sign * step, labels) for sign in (1, -1))
        slopes[:, k] = (above - below) / (2 * h)
    found = LOSSES[name].gradient(torch.from_numpy(logits).mT, F.one_hot(classes, 6).double().mT)
    np.testing.assert_allclose(found.mT, slopes, atol=1e-6)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_gradient_of_activation_is_autograds(name, logits):
    leaf = logits.clone().requires_grad_()
    after, place, gradient = ACTIVATIONS[name].value(leaf), torch.empty_like(logits), torch.ones_like(logits)
    (wanted,) = torch.autograd.grad(after.sum(), leaf)
    assert ACTIVATIONS[name].value(logits, out=place) is place
    torch.testing.assert_close(place, after.detach())
    assert ACTIVATIONS[name].gradient(gradient, logits, place) is gradient
    torch.testing.assert_close(gradient, wanted)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_numpy_predicts_what_torch_does(name, generator, monkeypatch):
    monkeypatch.setattr(network, "CHUNK", 7)
    images = torch.randint(0, 256, (30, 4, 5), generator=generator, dtype=torch.uint8)
    widths = [20, 16, 8, 6]
    alone = initial_weights(widths, generator)
    two = layers(stacked([alone, alone]), widths)  # of several networks, so that torch multiplies
    for normalize in (False, True):
        wanted, _ = predict(two, images.flatten(1).expand(2, -1, -1).split(7, dim=1), normalize, name)
        found = network.predict(
            [weight.numpy() for weight in alone], network.inputs_of(images.numpy(), normalize), name
        )
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_autograd_goes_through_the_forward_pass(name, generator):
    """As attribution wants it: from the logits to the inputs."""
    widths = [20, 16, 8, 6]
    alone = initial_weights(widths, generator)
    inputs = torch.randn(5, 20, generator=generator).requires_grad_()
    logits = forward(layers(stacked([alone]), widths), inputs.mT.unsqueeze(0), name)[0].mT
    outputs = inputs
    for weight, bias in zip(alone[::2], alone[1::2], strict=True):
        outputs = F.linear(outputs if weight is alone[0] else getattr(F, name)(outputs), weight, bias)
    torch.testing.assert_close(logits, outputs)
    found, wanted = (torch.autograd.grad(of[:, 3].sum(), inputs)[0] for of in (logits, outputs))
    torch.testing.assert_close(found, wanted)


def test_initial_weights_are_those_of_linear_layers(generator):
    weights = initial_weights([400, 300, 10], generator)
    torch.manual_seed(0)
    layer = torch.nn.Linear(400, 300)
    assert [list(weight.shape) for weight in weights] == [[300, 400], [300], [10, 300], [10]]
    for ours, theirs in zip(weights[:2], (layer.weight, layer.bias), strict=True):
        assert ours.abs().max() <= 400**-0.5
        assert ours.std().item() == pytest.approx(theirs.std().item(), rel=0.1)


def test_normalising_brings_pixels_from_0_to_1_to_minus_1_to_1():
    pixels, place = torch.tensor([0, 51, 255], dtype=torch.uint8), torch.empty(3)
    assert inputs_of(pixels, normalize=True, out=place) is place
    torch.testing.assert_close(place, torch.tensor([-1, -0.6, 1]))
    torch.testing.assert_close(inputs_of(pixels, normalize=False), torch.tensor([0, 0.2, 1]))
    torch.testing.assert_close(inputs_of(pixels, normalize=True), (torch.tensor([0, 0.2, 1]) - 0.5) / 0.5)


def test_log_softmax_stands_large_logits_and_says_nan_of_nan():
    found = log_softmax(np.array([[-1e4, 1e4, 0], [np.nan, 0, 1], [np.inf, 0, 1]], np.float32))
    np.testing.assert_allclose(found[0], [-2e4, 0, -1e4])
    assert np.isnan(found[1:]).all()
