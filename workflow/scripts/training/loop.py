"""Training: epochs of shuffled batches, a look at the validation images after each.

A `Trainer` trains one seed, or several seeds of one cell together as stacked weights (`model.py`): each seed has
its own split, initial weights and order of batches, all drawn from the seed: none depends on what trains beside it.
"""

from time import perf_counter

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from experiment.parameters import Parameters
from experiment.parameters import split as split_sizes
from training.checkpoints import names
from training.devices import synchronize
from training.figures import accuracy, mean_loss
from training.history import Row
from training.losses import LOSSES
from training.model import CHUNK, backward, forward, initial_weights, inputs_of, predict
from training.optimizers import OPTIMIZERS
from training.partial import Epoch

Figures = list[tuple[float, float]]  # (loss, accuracy) of each seed

SPLIT, INITIAL_WEIGHTS, ORDER = range(3)  # what a seed is used for


def generator(seed: int, *purpose: int) -> torch.Generator:
    """Random numbers for one purpose of one seed, independent of every other's (NumPy's SeedSequence mixes them)."""
    (state,) = np.random.SeedSequence([seed, *purpose]).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state))


def split(n_images: int, train_fraction: float, seed: int) -> tuple[Tensor, Tensor]:
    """Indices of the training and of the validation images of a seed."""
    order = torch.randperm(n_images, generator=generator(seed, SPLIT))
    n_train, _ = split_sizes(n_images, train_fraction)
    return order[:n_train], order[n_train:]


def take(rows: Tensor, indices: Tensor) -> Tensor:
    """rows[indices] for rows [N, width] and indices of any shape; faster."""
    return rows.index_select(0, indices.flatten()).view(*indices.shape, -1)


class Trainer:
    """The networks of `seeds`, their optimizer and their images, on one device.

    `images` uint8 [N, pixels] and `labels` [N] are already there. One seed alone trains without the axis of the seeds.
    """

    def __init__(self, parameters: Parameters, seeds: list[int], images: Tensor, labels: Tensor, n_classes: int):
        self.parameters, self.seeds = parameters, seeds
        self.images, self.labels = images, labels.long()
        self.device = images.device
        splits = [split(len(images), parameters.train_fraction, seed) for seed in seeds]
        self.training = self._beside([indices for indices, _ in splits])
        self.validation = self._beside([indices for _, indices in splits])
        widths = [images.shape[-1], *parameters.hidden, n_classes]
        networks = [initial_weights(widths, generator(seed, INITIAL_WEIGHTS)) for seed in seeds]
        self.weights = [self._beside(list(same)) for same in zip(*networks, strict=True)]
        self.gradients = [torch.zeros_like(weight) for weight in self.weights]
        self.optimizer = OPTIMIZERS[parameters.optimizer](self.weights, parameters)
        self.loss = LOSSES[parameters.loss]
        self.one_hot = F.one_hot(self.labels, n_classes).float()

    @property
    def parameters_count(self) -> int:
        """Weights and biases of one network."""
        return sum(weight.numel() for weight in self.weights) // len(self.seeds)

    def _beside(self, tensors: list[Tensor]) -> Tensor:
        """One tensor per seed, as one on the device."""
        return (tensors[0] if len(tensors) == 1 else torch.stack(tensors)).to(self.device)

    def epoch(self, number: int) -> Epoch:
        """Train through all batches once, then validate."""
        started = perf_counter()
        training = self._train(number)
        synchronize(self.device)
        trained = perf_counter()
        validation = self._validate()
        synchronize(self.device)
        validated = perf_counter()
        seconds = trained - started
        rows = [
            Row(seed, number, *trained_to, *validated_to, seconds / len(self.seeds))
            for seed, trained_to, validated_to in zip(self.seeds, training, validation, strict=True)
        ]
        parts = {"train": seconds, "validate": validated - trained}
        buffers = [buffer.cpu() for buffer in self.optimizer.buffers]
        return Epoch(self.seeds, number, rows, parts, self._networks(number), buffers)

    @torch.inference_mode()
    def resume(self, epoch: Epoch) -> None:
        """Go on from an epoch that was kept."""
        names_of = [names(seed, epoch.number, len(self.weights)) for seed in self.seeds]
        for weight, same in zip(self.weights, zip(*names_of, strict=True), strict=True):
            weight.copy_(self._beside([epoch.weights[name] for name in same]))
        for buffer, kept in zip(self.optimizer.buffers, epoch.buffers, strict=True):
            buffer.copy_(kept)

    def _networks(self, number: int) -> dict[str, Tensor]:
        """The weights of every seed as they are now, by their names in the checkpoint file."""
        weights = self.weights if len(self.seeds) > 1 else [weight.unsqueeze(0) for weight in self.weights]
        return {
            name: weight[index].clone().cpu()
            for index, seed in enumerate(self.seeds)
            for name, weight in zip(names(seed, number, len(weights)), weights, strict=True)
        }

    @torch.inference_mode()
    def _train(self, number: int) -> Figures:
        """All training images once, in the order of this epoch; mean loss and accuracy as they passed, by seed."""
        size, count = self.parameters.batch_size, self.training.shape[-1]
        orders = [torch.randperm(count, generator=generator(seed, ORDER, number)) for seed in self.seeds]
        order = self.training.gather(-1, self._beside(orders))
        images, truth = take(self.images, order), take(self.one_hot, order)
        batches = zip(images.split(size, dim=-2), truth.split(size, dim=-2), strict=True)
        logits = torch.cat([self._step(*batch) for batch in batches], dim=-2)
        return self._figures(logits, order)

    def _step(self, images: Tensor, truth: Tensor) -> Tensor:
        """Learn from one batch; returns its logits as they were before."""
        parameters = self.parameters
        passed = forward(self.weights, inputs_of(images, parameters.normalize), parameters.activation)
        gradient = self.loss.gradient(passed[-1], truth).div_(images.shape[-2])
        backward(self.weights, passed, gradient, parameters.activation, self.gradients)
        self.optimizer.step(self.weights, self.gradients)
        return passed[-1]

    def _validate(self) -> Figures:
        chunks = (take(self.images, indices) for indices in self.validation.split(CHUNK, dim=-1))
        logits = predict(self.weights, chunks, self.parameters.normalize, self.parameters.activation)
        return self._figures(logits, self.validation)

    def _figures(self, logits: Tensor, indices: Tensor) -> Figures:
        """Mean loss and accuracy of logits [..., images, classes] of the images at `indices`."""
        each = zip(self._by_seed(logits, 2), self._by_seed(self.labels[indices], 1), strict=True)
        return [(mean_loss(*pair, self.parameters.loss), accuracy(*pair)) for pair in each]

    def _by_seed(self, tensor: Tensor, dimensions: int) -> np.ndarray:
        """The same with the seeds as the first axis, whether they train together or alone."""
        return tensor.view(len(self.seeds), *tensor.shape[-dimensions:]).cpu().numpy()
