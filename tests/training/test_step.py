"""A step against autograd: of several networks side by side, for any activation, loss, depth."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from trained_cell import PARAMETERS

from experiment_grid.config.parameters import Parameters
from experiment_grid.training.activations import ACTIVATIONS
from experiment_grid.training.losses import LOSSES
from experiment_grid.training.model import initial_weights, inputs_of, layers, stacked
from experiment_grid.training.step import Step

SIZE, PIXELS, CLASSES = 50, 20, 6

LOSS = {
    "nll": F.cross_entropy,
    "cross_entropy": F.cross_entropy,
    "mse": lambda logits, classes: F.mse_loss(logits.softmax(dim=-1), F.one_hot(classes, CLASSES).float()),
    "multi_margin": F.multi_margin_loss,
}


class Still:
    """An optimizer that leaves the weights as they are, and counts."""

    def __init__(self, weights: Tensor):
        self.weights, self.gradient, self.steps = weights, torch.full_like(weights, torch.nan), 0

    def step(self):
        self.steps += 1


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(7)


@pytest.mark.parametrize(
    ("hidden", "activation", "loss"),
    [
        ([], "relu", "nll"),
        ([1], "relu", "nll"),
        *(([16, 12, 8], activation, "cross_entropy") for activation in ACTIVATIONS),
        *(([8], "relu", loss) for loss in LOSSES),
    ],
    ids=str,
)
@pytest.mark.parametrize("count", [1, 3])
def test_gradients_are_autograds(hidden, activation, loss, count, generator):
    """Of one network or several, over two batches: what the places held before the second must not be seen in it."""
    widths = [PIXELS, *hidden, CLASSES]
    parameters = Parameters.of(PARAMETERS | {"hidden": hidden, "activation": activation, "loss": loss})
    networks = [initial_weights(widths, generator) for _ in range(count)]
    optimizer = Still(stacked(networks))
    step = Step(parameters, SIZE, widths, optimizer)
    wanted = torch.empty_like(optimizer.weights)
    for number in (1, 2):
        images = torch.randint(0, 256, (count, SIZE, PIXELS), generator=generator, dtype=torch.uint8)
        classes = torch.randint(CLASSES, (count, SIZE), generator=generator)

        logits = step(images, F.one_hot(classes, CLASSES).float().mT)

        for index, network in enumerate(networks):
            inputs = inputs_of(images[index], parameters.normalize)
            outputs, gradients = autograd(network, inputs, classes[index], getattr(F, activation), LOSS[loss])
            torch.testing.assert_close(logits[index].mT, outputs)
            wanted[index] = torch.cat([gradient.flatten() for gradient in gradients])
        torch.testing.assert_close(optimizer.gradient, wanted, rtol=1e-4, atol=1e-6)
        assert optimizer.steps == number


def autograd(network, inputs, classes, activate, loss):
    """Logits, and the derivatives of the mean loss by the weights, by nn.Linear's arithmetic."""
    leaves = [tensor.clone().requires_grad_() for tensor in network]
    outputs = inputs
    for layer, (weight, bias) in enumerate(zip(leaves[::2], leaves[1::2], strict=True)):
        outputs = F.linear(activate(outputs) if layer else outputs, weight, bias)
    return outputs.detach(), torch.autograd.grad(loss(outputs, classes), leaves)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_everything_is_made_on_the_device_of_the_weights(activation, loss, generator):
    """`meta` stands for a GPU: PyTorch refuses to mix devices, and has no numbers there."""
    parameters = Parameters.of(PARAMETERS | {"hidden": [8, 4], "activation": activation, "loss": loss})
    widths = [PIXELS, 8, 4, CLASSES]
    step = Step(parameters, 5, widths, Still(stacked([initial_weights(widths, generator)] * 2).to("meta")))
    images = torch.empty(2, 5, PIXELS, dtype=torch.uint8, device="meta")
    assert step(images, torch.empty(2, CLASSES, 5, device="meta")).device.type == "meta"


def test_a_step_sees_weights_that_were_put_in_place(generator):
    """As going on from a kept epoch does."""
    parameters, widths = Parameters.of(PARAMETERS | {"hidden": [8]}), [PIXELS, 8, CLASSES]
    optimizer = Still(torch.zeros_like(stacked([initial_weights(widths, generator)])))
    step = Step(parameters, 2, widths, optimizer)
    optimizer.weights.copy_(stacked([initial_weights(widths, generator)]))
    images = torch.randint(0, 256, (1, 2, PIXELS), generator=generator, dtype=torch.uint8)
    logits = step(images, torch.eye(CLASSES)[:2].mT.unsqueeze(0))
    hidden, last = layers(optimizer.weights, widths)
    after = F.relu(F.linear(inputs_of(images[0], parameters.normalize), hidden.weight[0], hidden.bias[0, :, 0]))
    torch.testing.assert_close(logits[0].mT, F.linear(after, last.weight[0], last.bias[0, :, 0]))
