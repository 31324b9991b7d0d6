"""Training: epochs of shuffled batches, a look at the validation images after each.

A `Trainer` trains one seed, or several seeds of one cell together as stacked weights (`model.py`): each seed has
its own split, initial weights and order of batches, all drawn from the seed: none depends on what trains beside it.
"""

from dataclasses import dataclass
from time import perf_counter

import numpy as np
import torch
from torch import Tensor

from training.devices import synchronize
from training.losses import LOSSES
from training.model import CHUNK, forward, initial_weights, inputs_of, predict
from training.optimizers import OPTIMIZERS

SPLIT, INITIAL_WEIGHTS, ORDER = range(3)  # what a seed is used for


@dataclass(frozen=True)
class Row:
    """One line of history.csv. `seconds` is the training part of the epoch; training figures are running means."""

    seed: int
    epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    seconds: float


def generator(seed: int, *purpose: int) -> torch.Generator:
    """Random numbers for one purpose of one seed, independent of every other's (NumPy's SeedSequence mixes them)."""
    (state,) = np.random.SeedSequence([seed, *purpose]).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state))


def split(n_images: int, train_fraction: float, seed: int) -> tuple[Tensor, Tensor]:
    """Indices of the training and of the validation images of a seed."""
    order = torch.randperm(n_images, generator=generator(seed, SPLIT))
    n_train = round(n_images * train_fraction)
    return order[:n_train], order[n_train:]


class Trainer:
    """The networks of `seeds`, their optimizer and their images, on one device.

    `images` uint8 [N, pixels] and `labels` [N] are already there. One seed alone trains without the axis of the seeds.
    """

    def __init__(self, parameters, seeds: list[int], images: Tensor, labels: Tensor, n_classes: int):
        self.parameters, self.seeds = parameters, seeds
        self.images, self.labels = images, labels.long()
        self.device = images.device
        splits = [split(len(images), parameters.train_fraction, seed) for seed in seeds]
        self.training = self._beside([indices for indices, _ in splits])
        self.validation = self._beside([indices for _, indices in splits])
        widths = [images.shape[-1], *parameters.hidden, n_classes]
        networks = [initial_weights(widths, generator(seed, INITIAL_WEIGHTS)) for seed in seeds]
        self.weights = [self._beside(list(same)).requires_grad_() for same in zip(*networks, strict=True)]
        self.optimizer = OPTIMIZERS[parameters.optimizer](self.weights, parameters)
        self.loss = LOSSES[parameters.loss]

    def _beside(self, tensors: list[Tensor]) -> Tensor:
        """One tensor per seed, as one on the device."""
        return (tensors[0] if len(tensors) == 1 else torch.stack(tensors)).to(self.device)

    def epoch(self, number: int) -> tuple[list[Row], dict[str, float]]:
        """Train through all batches once, then validate. A row per seed, and the seconds by part."""
        started = perf_counter()
        train = self._train(number)
        trained = perf_counter()
        validation = self._validate()
        validated = perf_counter()
        seconds = trained - started
        rows = [
            Row(seed, number, *figures, seconds / len(self.seeds))
            for seed, *figures in zip(self.seeds, *train, *validation, strict=True)
        ]
        return rows, {"train": seconds, "validate": validated - trained}

    def _train(self, number: int) -> tuple[list[float], list[float]]:
        orders = [
            torch.randperm(self.training.shape[-1], generator=generator(seed, ORDER, number)) for seed in self.seeds
        ]
        order = self.training.gather(-1, self._beside(orders))
        logits = []
        for batch in order.split(self.parameters.batch_size, dim=-1):
            logits.append(self._step(batch))
        return self._figures(torch.cat(logits, dim=-2), order)

    def _step(self, batch: Tensor) -> Tensor:
        """One step of the optimizer; the batch's logits as they were before it."""
        inputs = inputs_of(self.images[batch], self.parameters.normalize)
        logits = forward(self.weights, inputs, self.parameters.activation)
        losses = self._losses(logits, self.labels[batch])
        gradients = torch.autograd.grad(losses.mean(dim=-1).sum(), self.weights)
        with torch.no_grad():
            self.optimizer.step(self.weights, list(gradients))
        return logits.detach()

    def _validate(self) -> tuple[list[float], list[float]]:
        chunks = (self.images[indices] for indices in self.validation.split(CHUNK, dim=-1))
        logits = predict(self.weights, chunks, self.parameters.normalize, self.parameters.activation)
        return self._figures(logits, self.validation)

    def _losses(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss of every image [..., images]."""
        return self.loss(logits.flatten(end_dim=-2), targets.flatten()).view(targets.shape)

    def _figures(self, logits: Tensor, indices: Tensor) -> tuple[list[float], list[float]]:
        """Mean loss and accuracy of each seed."""
        targets = self.labels[indices]
        loss = self._losses(logits, targets).mean(dim=-1, dtype=torch.float64)
        accuracy = (logits.argmax(dim=-1) == targets).mean(dim=-1, dtype=torch.float64)
        synchronize(self.device)
        return loss.reshape(-1).tolist(), accuracy.reshape(-1).tolist()
