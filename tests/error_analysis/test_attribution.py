"""Integrated gradients: the properties of the method."""

import numpy as np
import pytest
import torch

from experiment_grid.error_analysis.attribution import as_tiles, integrated_gradients, margins


def network(activation, seed=0, width=30):
    generator = torch.Generator().manual_seed(seed)
    first, second = torch.randn(20, width, generator=generator), torch.randn(width, 4, generator=generator) / 5
    return lambda inputs: activation(inputs @ first) @ second


@pytest.mark.parametrize("activation", [torch.relu, torch.tanh, torch.sigmoid])
def test_shares_add_up_to_the_margin(activation):
    logits = network(activation)
    inputs = torch.rand(100, 20, generator=torch.Generator().manual_seed(1))
    blank = torch.zeros(20)
    predicted, true = torch.arange(100) % 4, (torch.arange(100) + 1) % 4
    shares = integrated_gradients(logits, inputs, blank, predicted, true)
    change = margins(logits(inputs), predicted, true) - margins(logits(blank[None].expand(100, -1)), predicted, true)
    assert (shares.sum(dim=1) - change).abs().max() < 0.01 * change.abs().max()


def test_a_linear_network_gives_weight_times_input():
    weights = torch.randn(20, 4, generator=torch.Generator().manual_seed(2))
    inputs, blank = torch.rand(5, 20), torch.full((20,), -1.0)
    predicted, true = torch.zeros(5, dtype=torch.long), torch.full((5,), 3)
    shares = integrated_gradients(lambda x: x @ weights, inputs, blank, predicted, true)
    expected = (inputs - blank) * (weights[:, 0] - weights[:, 3])
    assert torch.allclose(shares, expected, atol=1e-5)


def test_a_pixel_like_the_blank_image_has_no_share():
    inputs = torch.rand(3, 20)
    inputs[:, 7] = -1
    predicted = true = torch.tensor([0, 1, 2])
    shares = integrated_gradients(network(torch.tanh), inputs, torch.full((20,), -1.0), predicted, true.roll(1))
    assert (shares[:, 7] == 0).all()


def test_tiles_keep_sign_and_scale():
    shares = np.array([[-2.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    tiles, scale = as_tiles(shares)
    assert tiles.tolist() == [[1, 128, 192], [128, 128, 128]]
    assert (tiles[0].astype(float) - 128) * scale[0] == pytest.approx(shares[0], abs=scale[0])


class Convolution(torch.nn.Sequential):
    """A network with everything that a training step changes, and an operation in place on its input."""

    def __init__(self):
        nn = torch.nn
        super().__init__(nn.ReLU(inplace=True), nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(80, 4))


def test_any_module_and_shape():
    torch.manual_seed(0)
    module = Convolution().eval()
    inputs, blank = torch.rand(5, 3, 7, 6), torch.zeros(3, 7, 6)
    before = inputs.clone()
    predicted, true = torch.arange(5) % 4, (torch.arange(5) + 1) % 4
    shares = integrated_gradients(module, inputs, blank, predicted, true)
    assert shares.shape == inputs.shape and torch.equal(inputs, before)
    at_blank = module(blank.repeat(5, 1, 1, 1))
    change = margins(module(inputs.clone()), predicted, true) - margins(at_blank, predicted, true)
    assert torch.allclose(shares.sum(dim=(1, 2, 3)), change, atol=1e-4)


def test_logits_without_a_gradient_to_the_pixels_give_no_shares():
    shares = integrated_gradients(
        lambda x: (x > 0.5).float(), torch.rand(3, 20), torch.zeros(20), torch.arange(3), torch.zeros(3).long()
    )
    assert not shares.any()
