"""One seed: what a trainer draws from it, that it learns, and that modules are trained as in a loop of PyTorch."""

import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from trained_cell import canonical, images_of_classes

from experiment_grid.training import loop
from experiment_grid.training.images import inputs_of, take
from experiment_grid.training.loop import Trainer, batch_sizes, split
from experiment_grid.training.randomness import EPOCH, ORDER, generator, seed_all
from experiment_grid.training.resumable_epochs import EpochStore


def trainer(seed=1, on="cpu", count=200, **changes):
    images, labels = (torch.from_numpy(array).to(on) for array in images_of_classes(count))
    return Trainer("cell", canonical(**changes), seed, images, labels, 4)


def metrics(epoch):
    return [value for name, value in vars(epoch.row).items() if name != "seconds"]


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_the_split_has_every_image_once_and_depends_on_the_seed():
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


@pytest.mark.parametrize("block", [1, 2000, 2**20])
def test_every_epoch_shows_every_training_image_once_in_another_order(block, monkeypatch):
    seen = []

    def watched(model, loss, optimizer, inputs, labels, *more):
        seen.append((inputs, labels))
        return step(model, loss, optimizer, inputs, labels, *more)

    step = loop.step
    monkeypatch.setattr(loop, "step", watched)
    monkeypatch.setattr(loop, "BLOCK", block)
    one = trainer(batch_size=48)
    wanted = as_pairs(inputs_of(one.images[one.training], True), one.labels[one.training])
    orders = []
    for number in (1, 2):
        seen.clear()
        one.epoch(number)
        assert [inputs.shape for inputs, _ in seen] == [(48, 1, 6, 5)] * 3 + [(16, 1, 6, 5)]
        orders.append(as_pairs(*(torch.cat(part) for part in zip(*seen, strict=True))))
    assert orders[0] != orders[1]
    assert sorted(orders[0]) == sorted(orders[1]) == sorted(wanted)


def as_pairs(inputs, labels):
    return list(zip(inputs.flatten(1).tolist(), labels.tolist(), strict=True))


@pytest.mark.parametrize(
    ("count", "size", "sizes"),
    [
        (160, 50, [50, 50, 50, 10]),
        (150, 50, [50, 50, 50]),
        (151, 50, [50, 50, 51]),
        (51, 50, [51]),
        (1, 50, [1]),
        (3, 1, [1, 1, 1]),
        (7, 50, [7]),
    ],
)
def test_a_last_batch_of_one_image_joins_the_one_before(count, size, sizes):
    assert batch_sizes(count, size) == sizes


@pytest.mark.parametrize("model", ["mlp", "cnn"])
def test_batch_norm_works_with_a_last_batch_of_one_image(model):
    """Of 161 training images in batches of 32."""
    one = trainer(count=201, model=model, batch_norm=True)
    assert len(one.training) == 161
    assert one.epoch(1).row.finite


def test_last_batch_may_be_smaller_and_counts_by_its_images():
    odd, even = trainer(batch_size=150, learning_rate=1e-9), trainer(batch_size=160, learning_rate=1e-9)
    assert odd.epoch(1).row.train_loss == pytest.approx(even.epoch(1).row.train_loss, rel=1e-5)


def test_same_seed_gives_the_same_bits():
    one, other = trainer(), trainer()
    for number in (1, 2):
        first, second = one.epoch(number), other.epoch(number)
        assert metrics(first) == metrics(second)
        assert same(first.model, second.model)


ODD = ("Frozen", "Unused", "Tied", "Noisy", "Remembering", "Lazy")
RESUMED = [
    *({"optimizer": name} for name in ("sgd", "adam", "adamw", "rmsprop", "adagrad")),
    {"momentum": 0.0},
    {"optimizer": {"_target_": "torch.optim.LBFGS", "max_iter": 4, "line_search_fn": "strong_wolfe"}},
    {"optimizer": "odd_components.Own"},
    {"loss": "odd_components.MovingLoss"},
    {"loss": "odd_components.CountingLoss"},
    {"dropout": 0.3, "batch_norm": True, "activation": "prelu"},
    {"model": "cnn", "dropout": 0.3, "batch_norm": True},
    *({"model": f"odd_components.{name}"} for name in ODD),
]


@pytest.mark.parametrize("changes", RESUMED, ids=str)
def test_resuming_from_a_kept_epoch_gives_the_same_bits(changes, tmp_path):
    """The kept epoch is read back from its file."""
    one, other = trainer(**changes, learning_rate=0.01), trainer(**changes, learning_rate=0.01)
    store = EpochStore(tmp_path, {})
    for number in (1, 2):
        store.write(one.epoch(number))
    torch.rand(3), random.random(), np.random.rand()  # in another process the generators have other states
    other.resume(store.read(1, 2))
    for number in (3, 4):
        first, second = one.epoch(number), other.epoch(number)
        assert metrics(first) == metrics(second)
        assert same(first.model, second.model) and same(first.loss, second.loss)
    assert first.row.finite


STAYS = {"Frozen": {"first.weight", "first.bias"}, "Unused": {"spare.weight", "spare.bias"}}


@pytest.mark.parametrize("name", ODD)
def test_modules_are_trained_as_in_a_loop_of_pytorch(name):
    """Against a loop with torch.optim: frozen and unused weights, tied ones, buffers, what `random` and NumPy draw."""
    one = trainer(model=f"odd_components.{name}", learning_rate=0.1)
    twin = trainer(model=f"odd_components.{name}").module
    before = {key: value.clone() for key, value in twin.state_dict().items()}
    optimizer = torch.optim.SGD(twin.parameters(), lr=0.1, momentum=0.9, fused=True)
    for number in (1, 2):
        epoch = one.epoch(number)
        seed_all(1, EPOCH, number)
        twin.train()
        order = one.training[torch.randperm(160, generator=generator(1, ORDER, number))]
        for batch in order.split(32):
            optimizer.zero_grad()
            logits = twin(inputs_of(take(one.images, batch), True))
            F.nll_loss(F.log_softmax(logits, dim=1), one.labels[batch]).backward()
            optimizer.step()
    assert same(epoch.model, dict(twin.state_dict()))
    assert {key for key in before if torch.equal(before[key], epoch.model[key])} == STAYS.get(name, set())


def test_validation_is_in_eval_mode_and_changes_nothing():
    one = trainer(model="odd_components.Noisy", loss="odd_components.MovingLoss")
    epoch = one.epoch(1)
    assert not one.module.training and not one.loss.function.training
    fixed = one._validate()
    assert fixed == one._validate() == (epoch.row.validation_loss, epoch.row.validation_accuracy)
    assert same(epoch.model, dict(one.module.state_dict())) and same(epoch.loss, dict(one.loss.state))


def test_lbfgs_calls_the_closure_as_often_as_it_likes():
    optimizer = {"_target_": "torch.optim.LBFGS", "max_iter": 5}
    one = trainer(optimizer=optimizer, learning_rate=0.5, batch_size=160)
    twin = trainer(optimizer=optimizer).module
    other = torch.optim.LBFGS(twin.parameters(), lr=0.5, max_iter=5)
    losses = []
    for number in (1, 2, 3):
        epoch = one.epoch(number)
        batch = one.training[torch.randperm(160, generator=generator(1, ORDER, number))]

        def closure(batch=batch):
            other.zero_grad()
            logits = twin(inputs_of(take(one.images, batch), True))
            loss = F.nll_loss(F.log_softmax(logits, dim=1), one.labels[batch])
            loss.backward()
            return loss

        losses.append(other.step(closure).item())
    assert same(epoch.model, dict(twin.state_dict()))
    assert epoch.row.train_loss == losses[-1] < losses[0]  # before the update


def test_a_loss_for_each_image_counts_by_their_mean():
    each = trainer(loss={"_target_": "torch.nn.CrossEntropyLoss", "reduction": "none"})
    mean = trainer(loss="cross_entropy")
    assert metrics(each.epoch(1)) == pytest.approx(metrics(mean.epoch(1)), rel=1e-5)


def test_a_function_is_called_with_its_options():
    sharp, plain = (trainer(loss={"_target_": "odd_components.focal", "gamma": gamma}) for gamma in (2.0, 0.0))
    reference = metrics(trainer(loss="cross_entropy").epoch(1))
    assert metrics(plain.epoch(1)) == pytest.approx(reference, rel=1e-5)
    assert metrics(sharp.epoch(1)) != pytest.approx(reference, rel=1e-5)


def test_initial_weights_depend_on_the_seed_only():
    torch.manual_seed(5)
    first = trainer(seed=2).module.state_dict()
    torch.rand(7)
    assert same(dict(first), dict(trainer(seed=2).module.state_dict()))
    assert not torch.equal(first["layers.0.weight"], trainer(seed=3).module.state_dict()["layers.0.weight"])
    assert first["layers.0.weight"].abs().max() <= 30**-0.5  # as nn.Linear draws them


def test_normalizing_brings_pixels_from_0_to_1_to_minus_1_to_1():
    pixels = torch.tensor([[[0, 51, 255]]], dtype=torch.uint8)
    torch.testing.assert_close(inputs_of(pixels, normalize=True), torch.tensor([[[[-1, -0.6, 1]]]]))
    torch.testing.assert_close(inputs_of(pixels, normalize=False), torch.tensor([[[[0, 0.2, 1]]]]))
    assert inputs_of(pixels[None], normalize=True).shape == (1, 1, 1, 3)


def test_pixels_are_normalized_by_channel():
    from torchvision.transforms.v2.functional import normalize

    pixels = torch.randint(256, (4, 3, 6, 5), dtype=torch.uint8)
    channels = {"mean": [0.5, 0.25, 0.1], "std": [0.5, 0.2, 1.0]}
    expected = normalize(pixels / 255, **channels)
    torch.testing.assert_close(inputs_of(pixels, channels), expected)
    place = torch.empty(4, 3, 6, 5)
    assert inputs_of(pixels, channels, place) is place
    torch.testing.assert_close(place, expected)


@pytest.mark.parametrize("model", ["mlp", "linear", "cnn"])
def test_images_may_have_colours(model):
    images = torch.randint(0, 256, (100, 3, 7, 9), dtype=torch.uint8)
    one = Trainer("cell", canonical(model=model), 1, images, torch.arange(100) % 4, 4)
    assert one.epoch(1).row.finite


@pytest.mark.gpu
@pytest.mark.parametrize("changes", [{}, {"optimizer": "adam"}, {"model": "cnn", "batch_norm": True}], ids=str)
def test_a_gpu_learns_what_a_cpu_learns(changes):
    """Sums may be rounded differently there."""
    on_gpu, on_cpu = trainer(on="cuda", **changes), trainer(**changes)
    for number in (1, 2, 3):
        first, second = on_gpu.epoch(number), on_cpu.epoch(number)
    for name, tensor in first.model.items():
        torch.testing.assert_close(tensor, second.model[name], rtol=1e-2, atol=1e-2)


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
    one = trainer(**changes)
    rows = [one.epoch(number).row for number in range(1, 21)]
    assert rows[-1].validation_accuracy > 0.9
    assert rows[-1].train_loss < rows[0].train_loss
