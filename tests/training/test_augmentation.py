"""Augmentation: only of training images, drawn from the seed; one line for what is no augmentation."""

import re

import pytest
import torch
from trained_cell import OneCell, canonical, images_of_classes

from experiment_grid.error_analysis.augmented import EACH, augmented
from experiment_grid.runtime.errors import UserError
from experiment_grid.training import loop
from experiment_grid.training.augmentation import Augment
from experiment_grid.training.loop import Trainer
from experiment_grid.training.randomness import EPOCH, seed_all

V2 = "torchvision.transforms.v2"
SHIFT = {"_target_": f"{V2}.RandomAffine", "degrees": 0, "translate": [0.2, 0.2]}
OWN = """\
import random

import numpy as np
import torch


def dimmed(images, most=0.5):
    share = 1 - most * (random.random() + np.random.rand() + torch.rand(1).item()) / 3
    return (images * share).to(torch.uint8)


def halved(images):
    return images[:, :, ::2]


def floats(images):
    return images / 255


def nothing(images):
    return None


def broken(images):
    return images + unknown


class Shapeless:
    pass
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    (tmp_path / "own.py").write_text(OWN, "utf-8")
    monkeypatch.chdir(tmp_path)
    return lambda name, **options: [{"_target_": f"own.py:{name}", **options}]


def trainer(augment, seed=1, **changes):
    images, labels = (torch.from_numpy(array) for array in images_of_classes(200))
    return Trainer("cell", canonical(augment=augment, **changes), seed, images, labels, 4)


def watched(monkeypatch, one, number=1):
    """The images that a trainer sees in an epoch, and the epoch."""
    seen = []
    step = loop.step

    def watching(model, loss, optimizer, inputs, *more):
        seen.append(inputs.clone())
        return step(model, loss, optimizer, inputs, *more)

    monkeypatch.setattr(loop, "step", watching)
    epoch = one.epoch(number)
    monkeypatch.undo()
    return torch.cat(seen), epoch


@pytest.mark.parametrize("eager", [True, False])
def test_only_training_images_change_with_seed_and_epoch(monkeypatch, eager):
    more = {"step": "eager"} if eager else {}
    plain, _ = watched(monkeypatch, trainer([], **more))
    shifted, epoch = watched(monkeypatch, trainer([SHIFT], **more))
    again, same = watched(monkeypatch, trainer([SHIFT], **more))
    assert torch.equal(shifted, again) and epoch.row.train_loss == same.row.train_loss
    assert shifted.shape == plain.shape and not torch.equal(shifted, plain)
    assert not torch.equal(shifted, watched(monkeypatch, trainer([SHIFT], **more), number=2)[0])
    one = trainer([SHIFT], **more)
    before = one.images.clone()
    one.epoch(1)
    assert torch.equal(one.images, before)


def test_several_are_applied_in_their_order_and_draw_what_torchvision_draws():
    from torchvision.transforms import v2

    images = torch.randint(256, (8, 3, 6, 5), dtype=torch.uint8)
    components = [SHIFT, {"_target_": f"{V2}.RandomInvert", "p": 0.5}]
    seed_all(3, EPOCH, 1)
    made = Augment("cell", components)(images)
    seed_all(3, EPOCH, 1)
    assert torch.equal(made, v2.Compose([v2.RandomAffine(0, (0.2, 0.2)), v2.RandomInvert()])(images))


def test_a_resumed_training_gives_the_same_bits(own, tmp_path):
    """Its draws, also those of random and NumPy, depend on the epoch only."""
    augment = own("dimmed", most=0.9)
    whole = OneCell(tmp_path / "whole", augment=augment, dropout=0.3, seeds=[1])
    whole.train()
    halted = OneCell(tmp_path / "halted", augment=augment, dropout=0.3, seeds=[1])
    stop_after(halted, epochs=1)
    halted.train()
    assert whole.checkpoints.read_bytes() == halted.checkpoints.read_bytes()


def stop_after(cell, epochs):
    """Train so many epochs and interrupt the training."""
    import train

    report, rows = train.report, []

    def interrupted(row, *more):
        rows.append(row)
        if len(rows) == epochs:
            raise KeyboardInterrupt
        report(row, *more)

    train.report = interrupted
    try:
        with pytest.raises(KeyboardInterrupt):
            cell.train()
    finally:
        train.report = report


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("halved", "returns uint8 [32, 1, 3, 5]; expected the shape and type that it gets, uint8 [32, 1, 6, 5]"),
        ("floats", "returns float32 [32, 1, 6, 5]; expected the shape and type that it gets, uint8 [32, 1, 6, 5]"),
        ("nothing", "returns None; expected images: uint8 [32, 1, 6, 5]"),
        ("broken", "NameError: name 'unknown' is not defined (own.py:25 in broken)"),
        ("Shapeless", "returns a Shapeless; expected a callable of images [B, C, H, W]"),
        ("absent", "the file has no absent"),
    ],
)
def test_what_is_no_augmentation_is_one_line(own, name, line):
    with pytest.raises(UserError, match=re.escape(f"cell cell: augment: own.py:{name}: {line}")):
        trainer(own(name)).epoch(1)


def test_twelve_images_are_shown_of_each_augmentation(own):
    images, _ = images_of_classes(50)
    cells = {"a": own("dimmed"), "b": own("dimmed", most=0.1), "same": own("dimmed")}
    seeds = {"a": 1, "b": 2, "same": 3}
    tiles, places = augmented(images, cells, seeds)
    assert places == {"a": 0, "b": EACH, "same": 0} and tiles.shape == (2 * EACH, 6, 5)
    assert (augmented(images, cells, seeds)[0] == tiles).all()
    assert augmented(images, {}, seeds)[0].shape == (0, 6, 5)
