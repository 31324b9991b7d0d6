"""Training: epochs of shuffled batches, a look at the validation images after each.

A `Trainer` trains one seed, or several seeds of one cell side by side (`model.py`): each seed has its own split,
initial weights and order of batches, all drawn from the seed: none depends on what trains beside it.
"""

from collections.abc import Iterator
from time import perf_counter

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from experiment_grid.config.parameters import Parameters
from experiment_grid.config.parameters import split as split_sizes
from experiment_grid.training.checkpoints import names
from experiment_grid.training.devices import synchronize
from experiment_grid.training.epoch_store import Epoch
from experiment_grid.training.history import Row
from experiment_grid.training.metrics import accuracy, mean_loss
from experiment_grid.training.model import CHUNK, initial_weights, layers, predict, stacked
from experiment_grid.training.optimizers import OPTIMIZERS
from experiment_grid.training.step import Step

Figures = list[tuple[float, float]]  # (loss, accuracy) of each seed

BLOCK = 1024  # images that are fetched at once from all over the memory

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
    """rows[indices] for rows [N, width] and indices [seeds, M]; faster."""
    return torch.index_select(rows, 0, indices.flatten()).view(*indices.shape, -1)


class Trainer:
    """The networks of `seeds`, their optimizer and their images, on one device.

    `images` uint8 [N, pixels] and `labels` [N] are already there. `training` and `validation` are indices of images
    [seeds, n], a split for each seed; `validation_images` are there a second time, in that order.
    """

    def __init__(self, parameters: Parameters, seeds: list[int], images: Tensor, labels: Tensor, n_classes: int):
        self.parameters, self.seeds = parameters, seeds
        self.images, self.labels = images, labels.long()
        self.device = images.device
        splits = [split(len(images), parameters.train_fraction, seed) for seed in seeds]
        self.training, self.validation = (torch.stack(part).to(self.device) for part in zip(*splits, strict=True))
        self.validation_images = take(self.images, self.validation)
        widths = [images.shape[-1], *parameters.hidden, n_classes]
        networks = [initial_weights(widths, generator(seed, INITIAL_WEIGHTS)) for seed in seeds]
        self.shapes = [tensor.shape for tensor in networks[0]]
        self.flat_params = stacked(networks).to(self.device)
        self.optimizer = OPTIMIZERS[parameters.optimizer](self.flat_params, parameters)
        self.layers = layers(self.flat_params, widths)
        self.one_hot = F.one_hot(self.labels, n_classes).float()
        sizes = {len(batch) for batch in self.training[0].split(parameters.batch_size)}  # the last may be smaller
        self.steps = {size: Step(parameters, size, widths, self.optimizer) for size in sizes}

    @property
    def parameters_count(self) -> int:
        """Weights and biases of one network."""
        return self.flat_params.shape[-1]

    @np.errstate(all="ignore")  # a diverged network overflows, and says so by its figures
    def epoch(self, number: int) -> Epoch:
        """Train through all batches once, then validate."""
        synchronize(self.device)
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
        buffers = [buffer.cpu() for buffer in self.optimizer.buffers]  # not copied on a CPU: keep before the next epoch
        return Epoch(self.seeds, number, rows, parts, self._networks(number), buffers)

    @torch.inference_mode()
    def resume(self, epoch: Epoch) -> None:
        """Go on from an epoch that was kept."""
        names_of = [names(seed, epoch.number, len(self.shapes)) for seed in self.seeds]
        self.flat_params.copy_(stacked([[epoch.weights[name] for name in of_seed] for of_seed in names_of]))
        for buffer, kept in zip(self.optimizer.buffers, epoch.buffers, strict=True):
            buffer.copy_(kept)

    def _networks(self, number: int) -> dict[str, Tensor]:
        """The weights of every seed as they are now, by their names in the checkpoint file."""
        tensors = [tensor for layer in self.layers for tensor in layer]
        return {
            name: tensor[index].reshape(shape).clone().cpu()
            for index, seed in enumerate(self.seeds)
            for name, tensor, shape in zip(names(seed, number, len(tensors)), tensors, self.shapes, strict=True)
        }

    @torch.inference_mode()
    def _train(self, number: int) -> Figures:
        """All training images once, in the order of this epoch; mean loss and accuracy as they passed, by seed."""
        size, count = self.parameters.batch_size, self.training.shape[-1]
        orders = [torch.randperm(count, generator=generator(seed, ORDER, number)) for seed in self.seeds]
        order = self.training.gather(-1, torch.stack(orders).to(self.device))
        truths = take(self.one_hot, order).mT.contiguous()
        logits = torch.empty_like(truths)
        batches = zip(self._batches(order), truths.split(size, dim=-1), logits.split(size, dim=-1), strict=True)
        for images, truth, kept in batches:
            kept.copy_(self.steps[truth.shape[-1]](images, truth))
        return self._figures(logits.mT, order)

    def _batches(self, order: Tensor) -> Iterator[Tensor]:
        """The images uint8 [seeds, batch, pixels] at `order`, in blocks from memory."""
        size = self.parameters.batch_size
        for indices in order.split(max(1, BLOCK // size) * size, dim=-1):
            yield from take(self.images, indices).split(size, dim=-2)

    def _validate(self) -> Figures:
        chunks = self.validation_images.split(CHUNK, dim=-2)
        logits = predict(self.layers, chunks, self.parameters.normalize, self.parameters.activation)
        return self._figures(logits, self.validation)

    def _figures(self, logits: Tensor, indices: Tensor) -> Figures:
        """Mean loss and accuracy of logits [seeds, images, classes] of the images at `indices`, by seed."""
        each = zip(logits.cpu().numpy(), self.labels[indices].cpu().numpy(), strict=True)
        return [(mean_loss(*pair, self.parameters.loss), accuracy(*pair)) for pair in each]
