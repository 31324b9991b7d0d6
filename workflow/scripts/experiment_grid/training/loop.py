"""Training one seed: epochs of shuffled batches, a look at the validation images after each."""

import math
from collections.abc import Mapping
from itertools import count
from time import perf_counter
from typing import Any

import torch
from torch import Tensor

from experiment_grid.training.components import Loss, Model, Optimizer
from experiment_grid.training.devices import synchronize
from experiment_grid.training.epoch_store import Epoch
from experiment_grid.training.history import Row
from experiment_grid.training.images import input_shape, inputs_of, predict
from experiment_grid.training.metrics import accuracy
from experiment_grid.training.randomness import EPOCH, ORDER, SPLIT, generator, seed_all
from experiment_grid.training.split import split_sizes
from experiment_grid.training.state import restore, saved, unsaved
from experiment_grid.training.step import step

Figures = tuple[float, float]  # loss, accuracy


def split(n_images: int, train_fraction: float, seed: int) -> tuple[Tensor, Tensor]:
    """Indices of the training and of the validation images of a seed."""
    order = torch.randperm(n_images, generator=generator(seed, SPLIT))
    n_train, _ = split_sizes(n_images, train_fraction)
    return order[:n_train], order[n_train:]


def batches_of(order: Tensor, size: int) -> list[Tensor]:
    """Indices in batches of `size`; the last may be smaller. One that would have a single image joins the batch before
    it: batch norm has no variance of one image."""
    batches = list(order.split(size))
    if size > 1 and len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2:] = [torch.cat(batches[-2:])]
    return batches


class Trainer:
    """The model of one seed of the cell `cell`, its loss, its optimizer and the images, on one device.

    `images` uint8 [N, H, W] or [N, C, H, W] and `labels` [N] are already there; `parameters` are the recipe's.
    `training` and `validation` are indices of images.
    """

    def __init__(
        self, cell: str, parameters: Mapping[str, Any], seed: int, images: Tensor, labels: Tensor, classes: int
    ):
        self.parameters, self.seed = parameters, seed
        self.images, self.labels, self.device = images, labels.long(), images.device
        parts = split(len(images), parameters["train_fraction"], seed)
        self.training, self.validation = (part.to(self.device) for part in parts)
        self.model = Model(cell, parameters, input_shape(images), classes, seed)
        self.module = self.model.module.to(self.device)
        self.loss = Loss(cell, parameters, self.device)
        self.optimizer_component = Optimizer(cell, parameters, self.model.trainable)
        self.optimizer = self.optimizer_component.optimizer

    @property
    def parameters_count(self) -> int:
        """Numbers that the model's parameters hold, frozen ones too."""
        return sum(parameter.numel() for parameter in self.module.parameters())

    def epoch(self, number: int) -> Epoch:
        """Train through all batches once, then validate."""
        seed_all(self.seed, EPOCH, number)
        synchronize(self.device)
        started = perf_counter()
        training = self._train(number)
        synchronize(self.device)
        trained = perf_counter()
        validation = self._validate()
        synchronize(self.device)
        validated = perf_counter()
        seconds = {"train": trained - started, "validate": validated - trained}
        row = Row(self.seed, number, *training, *validation, seconds["train"])
        loss = self.loss.function
        rest = {
            "model": unsaved(self.module),
            "loss": unsaved(loss),
            "optimizer": self.optimizer.state_dict(),
        }
        return Epoch(self.seed, number, row, seconds, saved(self.module), saved(loss), rest)

    def resume(self, epoch: Epoch) -> None:
        """Go on from an epoch that was kept."""
        loss = self.loss.function
        for module, weights in ((self.module, epoch.model), (loss, epoch.loss)):
            if weights:
                module.load_state_dict(weights)
        restore(self.module, epoch.rest["model"])
        restore(loss, epoch.rest["loss"])
        self.optimizer.load_state_dict(epoch.rest["optimizer"])

    def _train(self, number: int) -> Figures:
        """All training images once, in the order of this epoch; mean loss and accuracy as they passed."""
        self.module.train()
        self.loss.train()
        order = torch.randperm(len(self.training), generator=generator(self.seed, ORDER, number))
        order = self.training[order.to(self.device)]
        batches = batches_of(order, self.parameters["batch_size"])
        logits, losses = [], []
        for batch, turn in zip(batches, count(), strict=False):
            answer, loss = self._step(batch)
            if number == 1 and turn == 0:
                self._refuse_no_numbers(answer, loss)
            logits.append(answer)
            losses.append(loss)
        sizes = torch.tensor([len(batch) for batch in batches], dtype=torch.float64, device=self.device)
        loss = torch.stack(losses).double() @ sizes / len(order)
        return loss.item(), self._accuracy(torch.cat(logits), self.labels[order])

    def _step(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """One step with the images at `batch`; logits and loss before the update."""
        inputs = inputs_of(self.images[batch], self.parameters["normalize"])
        try:
            return step(self.model, self.loss, self.optimizer, inputs, self.labels[batch])
        except Exception as error:
            raise self._guilty(error).failed(error) from error

    def _guilty(self, error: Exception) -> Model | Optimizer:
        """Which component an exception is about that none of them raised as its own: the model, if `backward` did."""
        trace = error.__traceback__
        while trace and trace.tb_frame.f_code.co_name != "closure":
            trace = trace.tb_next
        return self.model if trace else self.optimizer_component

    def _refuse_no_numbers(self, logits: Tensor, loss: Tensor) -> None:
        """Initial weights that give no numbers are a mistake; a training that diverges later is a result."""
        if not math.isfinite(loss.item()):
            numbers = bool(logits.isfinite().all())
            guilty, what = (self.loss, "a loss of") if numbers else (self.model, "logits with nan or inf and a loss of")
            raise guilty.refused(f"gives {what} {loss.item()} on the first batch, before any update; wanted are numbers")

    def _validate(self) -> Figures:
        self.module.eval()
        self.loss.train(False)
        logits = predict(self.model, self.images[self.validation], self.parameters["normalize"])
        labels = self.labels[self.validation]
        with torch.no_grad():
            return self.loss(logits, labels).item(), self._accuracy(logits, labels)

    @staticmethod
    def _accuracy(logits: Tensor, labels: Tensor) -> float:
        return accuracy(logits.float().cpu().numpy(), labels.cpu().numpy())
