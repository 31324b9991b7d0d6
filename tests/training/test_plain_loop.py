"""Training and a plain PyTorch loop, written here with torch.nn and torch.optim, give the same bits on a CPU.

On the 1,297 images of scikit-learn's digits with which a run trains and validates.
"""

import itertools
import math
import random

import pytest
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, ExponentialLR, LambdaLR, OneCycleLR, StepLR
from trained_cell import LOSSES, MODELS, OPTIMIZERS, canonical

from experiment_grid.data.datasets import DATASETS
from experiment_grid.training.images import inputs_of
from experiment_grid.training.loop import Trainer
from experiment_grid.training.models.initialization import INITIALIZATIONS
from experiment_grid.training.models.mlp import ACTIVATIONS
from experiment_grid.training.randomness import EPOCH, INITIAL_WEIGHTS, ORDER, generator, seed_all

CLASSES = 10
SCHEDULERS = "torch.optim.lr_scheduler"
DIGITS = load_digits()
COUNT = DATASETS["digits"].training_images
IMAGES = torch.from_numpy((DIGITS.images[:COUNT] * (255 / 16)).round()).to(torch.uint8)
LABELS = torch.from_numpy(DIGITS.target[:COUNT])
LAYERS = {"relu": nn.ReLU, "leaky_relu": nn.LeakyReLU, "elu": nn.ELU, "gelu": nn.GELU, "silu": nn.SiLU}
LAYERS |= {"tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "prelu": nn.PReLU}


def dense(width, options):
    layers = []
    for units in options["hidden"]:
        layers += [nn.Linear(width, units)] + [nn.BatchNorm1d(units)] * options["batch_norm"]
        layers += [LAYERS[options["activation"]]()] + [nn.Dropout(options["dropout"])] * (options["dropout"] > 0)
        width = units
    return [*layers, nn.Linear(width, CLASSES)]


def plain_model(name, options):
    """For images of 8 by 8 pixels."""
    if name == "mlp":
        return nn.Sequential(nn.Flatten(), *dense(64, options))
    if name == "linear":
        return nn.Sequential(nn.Flatten(), nn.Linear(64, CLASSES))
    layers, planes = [], 1
    for maps in options["channels"]:
        layers += [nn.Conv2d(planes, maps, 3, padding=1)] + [nn.BatchNorm2d(maps)] * options["batch_norm"]
        layers += [LAYERS[options["activation"]](), nn.MaxPool2d(2, ceil_mode=True)]
        planes = maps
    return nn.Sequential(*layers, nn.Flatten(), *dense(planes * 2 * 2, options))


PLAIN_LOSSES = {
    "nll": lambda logits, labels: F.nll_loss(F.log_softmax(logits, dim=1), labels),
    "cross_entropy": nn.CrossEntropyLoss(),
    "mse": lambda logits, labels: nn.MSELoss()(torch.softmax(logits, 1), F.one_hot(labels, CLASSES).float()),
    "multi_margin": nn.MultiMarginLoss(),
}
PLAIN_INIT = {
    "xavier_uniform": nn.init.xavier_uniform_,
    "xavier_normal": nn.init.xavier_normal_,
    "kaiming_uniform": lambda weight: nn.init.kaiming_uniform_(weight, nonlinearity="relu"),
    "kaiming_normal": lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="relu"),
    "orthogonal": nn.init.orthogonal_,
}
PLAIN_OPTIMIZERS = {
    "sgd": lambda parameters, lr: torch.optim.SGD(parameters, lr=lr, momentum=0.9, fused=True),
    "adam": lambda parameters, lr: torch.optim.Adam(parameters, lr=lr, fused=True),
    "adamw": lambda parameters, lr: torch.optim.AdamW(parameters, lr=lr, weight_decay=0.0, fused=True),
    "rmsprop": lambda parameters, lr: torch.optim.RMSprop(parameters, lr=lr),
    "adagrad": lambda parameters, lr: torch.optim.Adagrad(parameters, lr=lr),
}
RATE = 0.01
SCHEDULES = {  # as in a recipe; training fills in what the plain loop writes out
    "none": None,
    "warmed": {"_target_": "experiment_grid.training.schedules.none.Constant", "warmup": 0.5},
    "step": {"_target_": f"{SCHEDULERS}.StepLR", "step_size": 2, "gamma": 0.1, "warmup": 0.0, "interval": "epoch"},
    "exponential": {"_target_": f"{SCHEDULERS}.ExponentialLR", "gamma": 0.99, "warmup": 0.3, "interval": "step"},
    "cosine": {"_target_": f"{SCHEDULERS}.CosineAnnealingLR", "eta_min": 0.0, "warmup": 0.5, "interval": "epoch"},
    "one_cycle": {"_target_": f"{SCHEDULERS}.OneCycleLR", "warmup": 0.0, "interval": "step", "pct_start": 0.3},
}


def plain_schedule(name, optimizer, epochs, steps):
    """The scheduler, whether it is stepped after every batch, and the number of steps that the rate rises before."""
    options = SCHEDULES[name] or {"warmup": 0}
    warmup = round(options["warmup"] * steps)
    left = epochs * steps - warmup
    cycled = not isinstance(optimizer, torch.optim.Adagrad)  # which has no momentum
    made = {
        "none": lambda: LambdaLR(optimizer, lambda _: 1.0),
        "warmed": lambda: LambdaLR(optimizer, lambda _: 1.0),
        "step": lambda: StepLR(optimizer, step_size=2),
        "exponential": lambda: ExponentialLR(optimizer, gamma=0.99),
        "cosine": lambda: CosineAnnealingLR(optimizer, T_max=math.ceil(left / steps)),
        "one_cycle": lambda: OneCycleLR(optimizer, RATE, total_steps=left, cycle_momentum=cycled),
    }[name]()
    return made, options.get("interval") == "step", warmup


def plain_training(cell, training, validation, seed, epochs):
    """The weights after `epochs`, and (training accuracy, validation loss) of the last."""
    seed_all(seed, INITIAL_WEIGHTS)
    options = {name: value for name, value in cell.items() if name in ("activation", "dropout", "batch_norm")}
    model = plain_model(cell["model"], MODELS[cell["model"]] | options)
    for layer in model.modules() if cell["init"] else ():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            PLAIN_INIT[cell["init"]](layer.weight)
            layer.bias.data.zero_()
    loss = PLAIN_LOSSES[cell["loss"]]
    optimizer = PLAIN_OPTIMIZERS[cell["optimizer"]](model.parameters(), RATE)
    steps = len(training.split(32))
    scheduler, each_step, warmup = plain_schedule(cell["schedule"], optimizer, epochs, steps)
    first, count = optimizer.param_groups[0]["lr"], 0
    for number in range(1, epochs + 1):
        seed_all(seed, EPOCH, number)
        order = training[torch.randperm(len(training), generator=generator(seed, ORDER, number))]
        model.train()
        right = 0
        for batch in order.split(32):
            if count < warmup:
                optimizer.param_groups[0]["lr"] = first * min(1.0, (count + 1) / warmup)
            inputs = inputs_of(IMAGES[batch], normalize=True)
            optimizer.zero_grad()
            logits = model(inputs)
            value = loss(logits, LABELS[batch])
            if cell["l1"]:
                value = value + cell["l1"] * sum(parameter.abs().sum() for parameter in model.parameters())
            value.backward()
            if cell["gradient_clip"]:
                nn.utils.clip_grad_norm_(model.parameters(), cell["gradient_clip"])
            optimizer.step()
            count += 1
            after = count - warmup
            if after > 0 and (each_step or after % steps == 0) and count < epochs * steps:
                scheduler.step()
            right += int((logits.argmax(dim=1) == LABELS[batch]).sum())
        model.eval()
        with torch.no_grad():
            value = loss(model(inputs_of(IMAGES[validation], normalize=True)), LABELS[validation]).item()
    return [*model.state_dict().values()], (right / len(order), value)


FACTORS = {
    "model": list(MODELS),
    "loss": list(LOSSES),
    "optimizer": list(OPTIMIZERS),
    "schedule": list(SCHEDULES),
    "gradient_clip": [None, 0.1],
    "l1": [0.0, 1e-4],
    "init": [None, *INITIALIZATIONS],
    "activation": list(ACTIVATIONS),
    "dropout": [0.0, 0.3],
    "batch_norm": [False, True],
}


def pairwise(factors):
    """Cells in which every value of a factor meets every value of every other one: greedily, so not the fewest."""
    wanted = {
        ((one, a), (other, b))
        for one, other in itertools.combinations(factors, 2)
        for a in factors[one]
        for b in factors[other]
    }
    draw = random.Random(0)
    while wanted:
        (one, a), (other, b) = min(wanted, key=str)
        tries = [{name: draw.choice(factors[name]) for name in factors} | {one: a, other: b} for _ in range(60)]
        cell = max(tries, key=lambda cell: len(wanted & pairs(cell)))
        wanted -= pairs(cell)
        yield cell


def pairs(cell):
    return {*itertools.combinations(cell.items(), 2)}


def matches(cell, epochs):
    options = dict(cell)
    options["schedule"] = SCHEDULES[cell["schedule"]]
    if cell["schedule"] == "one_cycle":
        options["schedule"] = options["schedule"] | {"cycle_momentum": cell["optimizer"] != "adagrad"}
    if cell["model"] == "linear":  # it has no such options
        options = {name: options[name] for name in TABLE}
    parameters = canonical(**options, learning_rate=RATE, epochs=epochs)
    trainer = Trainer("cell", parameters, 3, IMAGES, LABELS, CLASSES)
    for number in range(1, epochs + 1):
        epoch = trainer.epoch(number)
    weights, (train_accuracy, validation_loss) = plain_training(cell, trainer.training, trainer.validation, 3, epochs)
    assert len(epoch.model) == len(weights)
    for (name, found), wanted in zip(epoch.model.items(), weights, strict=True):
        assert torch.equal(found, wanted), name
    assert epoch.row.train_accuracy == train_accuracy
    assert epoch.row.validation_loss == validation_loss


TABLE = ("model", "loss", "optimizer", "schedule", "gradient_clip", "l1", "init")


@pytest.mark.parametrize("cell", list(pairwise(FACTORS)), ids=lambda cell: "-".join(map(str, cell.values())))
def test_one_epoch_of_every_pair(cell):
    matches(cell, epochs=1)


@pytest.mark.parametrize("number", range(10))
def test_five_epochs_of_some(number):
    draw = random.Random(number)
    matches({name: draw.choice(values) for name, values in FACTORS.items()}, epochs=5)
