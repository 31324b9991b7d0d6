"""One seed, several seeds: what a trainer draws from a seed, and that it learns."""

import pytest
import torch
from trained_cell import PARAMETERS, images_of_classes

from experiment_grid.config.parameters import Parameters
from experiment_grid.training.loop import ORDER, Trainer, generator, split
from experiment_grid.training.model import inputs_of
from experiment_grid.training.step import Step

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def trainer(seeds, on="cpu", **changes):
    images, labels = (torch.from_numpy(array).to(on) for array in images_of_classes(200))
    return Trainer(Parameters.of(PARAMETERS | changes), seeds, images.flatten(1), labels, 4)


def figures(epoch):
    return [[value for name, value in vars(row).items() if name != "seconds"] for row in epoch.rows]


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_split_has_every_image_once_and_is_the_seeds():
    training, validation = split(1000, 0.7, seed=1)
    assert (len(training), len(validation)) == (700, 300)
    assert sorted([*training.tolist(), *validation.tolist()]) == list(range(1000))
    assert torch.equal(training, split(1000, 0.7, seed=1)[0])
    assert not torch.equal(training, split(1000, 0.7, seed=2)[0])


def test_random_numbers_differ_by_seed_purpose_and_epoch():
    drawn = {
        (seed, *purpose): torch.rand((), generator=generator(seed, *purpose)).item()
        for seed in (0, 1, 2**31 - 1)
        for purpose in ((0,), (1,), (ORDER, 1), (ORDER, 2))
    }
    assert len(set(drawn.values())) == len(drawn)


@pytest.mark.parametrize("block", [1, 70, 1024])
def test_every_epoch_shows_every_training_image_once_in_another_order(block, monkeypatch):
    seen = []
    step = Step.__call__

    def watched(self, images, truth):
        seen.append(images)
        return step(self, images, truth)

    monkeypatch.setattr(Step, "__call__", watched)
    monkeypatch.setattr("experiment_grid.training.loop.BLOCK", block)
    one = trainer([1], batch_size=48)
    wanted = sorted(one.images[one.training[0]].tolist())
    orders = []
    for number in (1, 2):
        seen.clear()
        one.epoch(number)
        assert [batch.shape[:2] for batch in seen] == [(1, 48)] * 3 + [(1, 16)]
        orders.append(torch.cat(seen, dim=1)[0].tolist())
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1]) == wanted


@pytest.mark.parametrize(
    ("optimizer", "weight_decay"), [("sgd", 0.0), ("sgd", 0.01), ("adam", 0.01), ("adamw", 0.01)], ids=str
)
def test_epochs_are_those_of_autograd_and_torch_optim(optimizer, weight_decay):
    """Of 160 images in batches of 50, the last one of 10."""
    changes = {"optimizer": optimizer, "weight_decay": weight_decay, "learning_rate": 0.01, "batch_size": 50}
    one = trainer([5], **changes)
    hidden = [torch.nn.Linear(layer.weight.shape[-1], layer.weight.shape[-2]) for layer in one.layers]
    for linear, layer in zip(hidden, one.layers, strict=True):
        linear.weight.data, linear.bias.data = layer.weight[0].clone(), layer.bias[0, :, 0].clone()
    network = torch.nn.Sequential(hidden[0], torch.nn.ReLU(), hidden[1], torch.nn.ReLU(), hidden[2])
    kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[optimizer]
    momentum = {"momentum": one.parameters.momentum} if optimizer == "sgd" else {}
    theirs = kind(network.parameters(), lr=0.01, weight_decay=weight_decay, **momentum)
    for number in (1, 2):
        one.epoch(number)
        order = one.training[0][torch.randperm(160, generator=generator(5, ORDER, number))]
        for batch in order.split(50):
            theirs.zero_grad()
            outputs = network(inputs_of(one.images[batch], one.parameters.normalize))
            torch.nn.functional.cross_entropy(outputs, one.labels[batch]).backward()
            theirs.step()
    for linear, layer in zip(hidden, one.layers, strict=True):
        torch.testing.assert_close(layer.weight[0], linear.weight.detach(), rtol=1e-3, atol=1e-5)
        torch.testing.assert_close(layer.bias[0, :, 0], linear.bias.detach(), rtol=1e-3, atol=1e-5)


def test_last_batch_may_be_smaller_and_counts_by_its_images():
    odd, even = trainer([1], batch_size=150, learning_rate=1e-9), trainer([1], batch_size=160, learning_rate=1e-9)
    assert odd.epoch(1).rows[0].train_loss == pytest.approx(even.epoch(1).rows[0].train_loss, rel=1e-5)


def test_same_seed_gives_the_same_bits():
    one, other = trainer([1]), trainer([1])
    for number in (1, 2):
        first, second = one.epoch(number), other.epoch(number)
        assert figures(first) == figures(second)
        assert same(first.weights, second.weights)


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=needs_gpu)])
@pytest.mark.parametrize("changes", [{"momentum": 0.9}, {"momentum": 0.0}, {"optimizer": "adam"}], ids=str)
def test_seeds_together_do_what_each_does_apart(changes, device):
    """On the CPU seeds train apart. Together, as on a GPU, sums may round otherwise: 1e-4 after three epochs."""
    changes = {"optimizer": "sgd", "learning_rate": 0.01} | changes
    together, apart = trainer([3, 1, 2], device, **changes), [trainer([seed], **changes) for seed in (3, 1, 2)]
    for number in (1, 2, 3):
        stacked, alone = together.epoch(number), [one.epoch(number) for one in apart]
        weights = {name: tensor for epoch in alone for name, tensor in epoch.weights.items()}
        assert stacked.weights.keys() == weights.keys()
        for name, tensor in weights.items():
            torch.testing.assert_close(stacked.weights[name], tensor, rtol=1e-4, atol=1e-4)
        for row, wanted in zip(figures(stacked), [figures(epoch)[0] for epoch in alone], strict=True):
            assert row == pytest.approx(wanted, abs=0.01)


@pytest.mark.parametrize("seeds", [[1], [1, 2]], ids=str)
@pytest.mark.parametrize(
    "changes",
    [{"optimizer": "adam"}, {"optimizer": "sgd", "momentum": 0.9}, {"optimizer": "sgd", "momentum": 0.0}],
    ids=str,
)
def test_going_on_from_a_kept_epoch_gives_the_same_bits(changes, seeds):
    one, other = trainer(seeds, **changes), trainer(seeds, **changes)
    kept = one.epoch(1)
    other.resume(kept)
    first, second = one.epoch(2), other.epoch(2)
    assert figures(first) == figures(second)
    assert same(first.weights, second.weights)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"hidden": []},
        {"normalize": False, "learning_rate": 0.1},
        {"loss": "mse", "learning_rate": 0.5},
        {"loss": "multi_margin"},
        {"loss": "cross_entropy", "activation": "gelu"},
        {"optimizer": "adamw", "learning_rate": 0.01, "activation": "silu"},
    ],
    ids=str,
)
def test_learns(changes):
    one = trainer([1], **changes)
    rows = [one.epoch(number).rows[0] for number in range(1, 21)]
    assert rows[-1].validation_accuracy > 0.9
    assert rows[-1].train_loss < rows[0].train_loss
