"""What is measured: steps of this trainer, cell by cell, and of the usual loop with torchvision's DataLoader."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import torch
from torch import Tensor

from experiment_grid.column_values import LOADER, LOADER_NORMALIZED, TRAINER
from experiment_grid.training.devices import on_mps, synchronize
from experiment_grid.training.loop import Trainer, batch_sizes
from experiment_grid.training.split import split_sizes
from experiment_grid.training.step import step
from experiment_grid.training.step_replay import FEW

TORCHVISION = {
    "mnist": "MNIST",
    "fashion-mnist": "FashionMNIST",
    "kmnist": "KMNIST",
}  # data sets that are classes there
UNKNOWN_TO_A_STEP = ("seeds", "epochs", "train_fraction", "device")  # parameters that a step does the same work with
WARM = 5  # steps before the clock starts: the first three record the step and check that

CellParameters = Mapping[str, Any]
TimeSteps = Callable[[int], float]  # seconds of so many steps


@dataclass(frozen=True)
class TimedImages:
    """Training images uint8 [N, …] and labels uint8 [N] on one device, and how many classes there are."""

    images: Tensor
    labels: Tensor
    classes: int


@dataclass(frozen=True)
class Way:
    """One thing to measure: a cell's step on a device. `cells` are all that share it, the first gives its name."""

    cells: list[str]
    parameters: CellParameters
    data: TimedImages
    way: str = TRAINER
    dataset: str = ""

    @property
    def device(self) -> str:
        return self.data.images.device.type

    @property
    def batch(self) -> int:
        """Images in a step."""
        n_train, _ = split_sizes(len(self.data.images), self.parameters["train_fraction"])
        batch: int = self.parameters["batch_size"]
        return min(batch, n_train)

    def start(self, round_: int, *, recorded: bool) -> TimeSteps:
        """A new model, warmed up: another place in memory each time, so placement is part of the spread."""
        torch.set_num_threads(self.parameters.get("threads", 1))
        parameters = dict(self.parameters) | ({} if recorded else {"step": "eager"})
        kind = _Steps if self.way == TRAINER else _LoaderSteps
        steps = kind(self.cells[0], parameters, round_, self.data.images, self.data.labels, self.data.classes)
        steps.load(self.dataset, normalize=self.way == LOADER_NORMALIZED)
        steps.seconds(WARM if recorded and self.way == TRAINER else 1)
        return steps.seconds


class _Steps(Trainer):
    """Steps as an epoch of training takes them, the fetching of their images included."""

    def load(self, dataset: str, *, normalize: bool) -> None:
        """Get ready; the images are there, and how they are scaled is the cell's."""
        self.module.train()
        self.loss.train()

    def seconds(self, count: int) -> float:
        """How long `count` steps take."""
        size = min(self.parameters["batch_size"], len(self.training))
        order = self.training[torch.randint(len(self.training), (count * size,)).to(self.device)]
        labels = self.labels[order].split(size)
        kept = []
        synchronize(self.device)
        started = perf_counter()
        for images, truth in zip(self._batches(order, [size] * count), labels, strict=True):
            kept.append(self._step(images, truth))
        synchronize(self.device)
        return perf_counter() - started


class _LoaderSteps(Trainer):
    """The same model, loss and optimizer in the usual loop, with images loaded one by one through PIL."""

    def load(self, dataset: str, *, normalize: bool) -> None:
        """Take the images from torchvision's own data set, its transforms and a DataLoader."""
        from torch.utils.data import DataLoader, Subset
        from torchvision import datasets, transforms

        kind = getattr(datasets, TORCHVISION[dataset])
        images = kind.__new__(kind)  # as its __init__ leaves it, which would look for files that it unpacked itself
        images.data, images.targets = self.images.cpu().reshape(-1, *self.images.shape[-2:]), self.labels.cpu()
        scaled = [transforms.Normalize((0.5,), (0.5,))] if normalize else []
        images.transform, images.target_transform = transforms.Compose([transforms.ToTensor(), *scaled]), None
        training = Subset(images, self.training.tolist())
        self.loader = DataLoader(training, batch_size=self.parameters["batch_size"], shuffle=True)
        self.module.train()
        self.loss.train()

    def seconds(self, count: int) -> float:
        """How long `count` steps take, with the loss and the hits read at every batch, as such a loop does."""
        batches = self._endless()
        next(batches)  # a new order of the images
        synchronize(self.device)
        started = perf_counter()
        for _ in range(count):
            images, labels = (part.to(self.device) for part in next(batches))
            logits, loss = step(self.model, self.loss, self.optimizer, images, labels)
            loss.item()
            (logits.argmax(dim=1) == labels).sum().item()
        synchronize(self.device)
        return perf_counter() - started

    def _endless(self) -> Iterator[list[Tensor]]:
        while True:
            yield from self.loader


def ways(cells: Mapping[str, CellParameters], baseline: str, dataset: str, data: list[TimedImages]) -> list[Way]:
    """Everything to measure, on every device of `data`. Cells whose parameters are the same to a step share one.

    On MPS, which lacks some operations, only the cells that ask for it.
    """
    found = []
    for images in data:
        shared: dict[str, list[str]] = {}
        every = not on_mps(images.images.device)
        here = {name: given for name, given in cells.items() if every or given["device"] == "mps"}
        for name, parameters in here.items():
            shared.setdefault(_work(parameters, len(images.images)), []).append(name)
        found += [Way(names, cells[names[0]], images) for names in shared.values()]
        if dataset in TORCHVISION:
            first = baseline if baseline in here else next(iter(here))
            found += [Way([first], cells[first], images, way, dataset) for way in (LOADER, LOADER_NORMALIZED)]
    return found


def _work(parameters: CellParameters, n_images: int) -> str:
    """What a step of a cell does, and whether training records it: few batches are not worth it."""
    n_train, _ = split_sizes(n_images, parameters["train_fraction"])
    size = min(parameters["batch_size"], n_train)
    recorded = batch_sizes(n_train, size).count(size) * parameters["epochs"] > FEW
    known = {key: value for key, value in parameters.items() if key not in UNKNOWN_TO_A_STEP}
    return json.dumps([known, recorded, size], sort_keys=True)
