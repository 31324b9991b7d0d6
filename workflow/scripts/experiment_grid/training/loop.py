"""Train one seed: epochs of shuffled batches, each followed by validation."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from time import perf_counter
from typing import Any

import torch
from torch import Tensor

from experiment_grid.runtime.errors import some
from experiment_grid.training.augmentation import Augment
from experiment_grid.training.components import Loss, Model, Optimizer
from experiment_grid.training.cuda_graph import Captured, Graphs
from experiment_grid.training.devices import on_mps, set_arithmetic, synchronize
from experiment_grid.training.history import HistoryRow
from experiment_grid.training.images import input_shape, inputs_of, predict, take
from experiment_grid.training.memory_layout import lay_out
from experiment_grid.training.metrics import accuracy, figure, mean_loss
from experiment_grid.training.module_state import restore, saved, unsaved
from experiment_grid.training.optimizers.base import FusedOptimizer
from experiment_grid.training.randomness import EPOCH, ORDER, SPLIT, generator, seed_all
from experiment_grid.training.reload_check import refuse_other_outputs
from experiment_grid.training.resumable_epochs import Epoch
from experiment_grid.training.schedule import Schedule
from experiment_grid.training.split import split_sizes
from experiment_grid.training.step import change_gradients, gradients, step
from experiment_grid.training.step_replay import Recorded

BLOCK = 2**20  # bytes of images that are fetched at once

OTHER_PARAMETERS = (
    "has other parameters ({}) after an epoch than before, which the optimizer doesn't know; make them in __init__, "
    "and change their values alone"
)
OTHER_GROUPS = (
    "has other parameters in its param_groups after an epoch than before ({} of {} are still there); a training that "
    "was interrupted could not resume with them"
)
NO_NUMBERS = "returns {} on the first batch, before any update; expected finite numbers"

KNOWN_OPTIMIZERS = ("experiment_grid.", "torch.optim")  # keep no gradient beyond their step

Figures = tuple[float, float]  # loss, accuracy
Gradients = Callable[..., tuple[Tensor, Tensor]]  # step.gradients, or what does the same
Step = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]  # of images and labels: logits and loss before the update


def split(n_images: int, train_fraction: float, seed: int) -> tuple[Tensor, Tensor]:
    """Indices of the training and of the validation images of a seed."""
    order = torch.randperm(n_images, generator=generator(seed, SPLIT))
    n_train, _ = split_sizes(n_images, train_fraction)
    return order[:n_train], order[n_train:]


def batch_sizes(n_images: int, size: int) -> list[int]:
    """How many images each batch of an epoch has: `size`, the last one perhaps fewer.

    One that would have a single image joins the batch before it: batch norm has no variance of one image.
    """
    whole, rest = divmod(n_images, size)
    if rest == 1 and whole:
        return [size] * (whole - 1) + [size + 1]
    return [size] * whole + [rest] * (rest > 0)


def graphs_on(device: torch.device) -> Graphs | None:
    """CUDA graphs, where the device has them."""
    return Graphs(device) if device.type == "cuda" else None


class Trainer:
    """The model of one seed of the cell `cell`, its loss, its optimizer and the images, on one device.

    `images` uint8 [N, H, W] or [N, C, H, W] and `labels` [N] are already there; `parameters` are the recipe's.
    `training` and `validation` are indices of images.
    """

    def __init__(
        self, cell: str, parameters: Mapping[str, Any], seed: int, images: Tensor, labels: Tensor, classes: int
    ):
        self.parameters, self.seed = parameters, seed
        set_arithmetic(parameters, images.device)
        self.images, self.labels, self.device = images, labels.long(), images.device
        parts = split(len(images), parameters["train_fraction"], seed)
        self.training, self.validation = (part.to(self.device) for part in parts)
        self.model = Model(cell, parameters, input_shape(images), classes, seed)
        self.module = self.model.on(self.device)
        self.learned = dict(self.module.named_parameters())  # those that the optimizer gets
        self.loss = Loss(cell, parameters, self.device)
        self.optimizer_component = Optimizer(cell, parameters, self.model.trainable)
        self.optimizer = self.optimizer_component.optimizer
        self.updated = self._updated()
        if self.device.type == "cpu":
            lay_out(self.module, self.optimizer)
        self.augment = Augment(cell, parameters.get("augment", ()), self.device)
        self.sizes = batch_sizes(len(self.training), parameters["batch_size"])
        self.schedule = (
            Schedule(cell, parameters, self.optimizer, len(self.sizes)) if "schedule" in parameters else None
        )
        l1, clip = parameters.get("l1", 0.0), parameters.get("gradient_clip")
        change = partial(change_gradients, list(self.module.parameters()), l1, clip)
        self.change = change if l1 or clip is not None else None
        self.learn: Gradients = gradients  # of a batch
        self.whole_step: Step = self._eager_step
        self._replay_steps(graphs_on(self.device))

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
        row = HistoryRow(self.seed, number, *training, *validation, seconds["train"])
        loss = self.loss.function
        rest = {
            "model": unsaved(self.module),
            "loss": unsaved(loss),
            "optimizer": self.optimizer.state_dict(),
            "attributes": self._attributes(),
        }
        return Epoch(self.seed, number, row, seconds, saved(self.module), saved(loss), rest)

    def resume(self, epoch: Epoch) -> None:
        """Resume from an epoch that was kept with its rest."""
        assert epoch.rest is not None
        loss = self.loss.function
        for module, weights in ((self.module, epoch.model), (loss, epoch.loss)):
            if weights:
                module.load_state_dict(weights)
        restore(self.module, epoch.rest["model"])
        restore(loss, epoch.rest["loss"])
        self.optimizer.load_state_dict(epoch.rest["optimizer"])
        restore(self.optimizer, epoch.rest["attributes"])

    def _attributes(self) -> dict[str, Any]:
        """Plain attributes of a user's optimizer, such as counters, which its state dict leaves out; no parameters."""
        kept = {} if isinstance(self.optimizer, FusedOptimizer) else unsaved(self.optimizer)
        return {name: value for name, value in kept.items() if not getattr(value, "requires_grad", False)}

    def check(self, epoch: Epoch) -> None:
        """Refuse a model or a loss whose outputs differ once it is loaded from what was just saved."""
        self._refuse_other_parameters()
        some = self.validation[: self.parameters["batch_size"]]
        images, labels = take(self.images, some), self.labels[some]
        refuse_other_outputs(
            self.model, self.loss, (epoch.model, epoch.loss), images, labels, self.parameters, self.seed
        )

    def _train(self, number: int) -> Figures:
        """All training images once, in the order of this epoch; their running mean loss and accuracy."""
        self.module.train()
        self.loss.train()
        order = torch.randperm(len(self.training), generator=generator(self.seed, ORDER, number))
        order = self.training[order.to(self.device)]
        labels, sizes = self.labels[order], self.sizes
        logits: list[Tensor] = []
        losses: list[Tensor] = []
        rates = self.schedule.epoch(number) if self.schedule else None
        for replaced in (self.learn, self.whole_step):
            if isinstance(replaced, Recorded):
                replaced.begin_epoch()
        for images, truth in zip(self._batches(order, sizes), labels.split(sizes), strict=True):
            if rates:
                next(rates)
            answer, loss = self._step(images, truth)
            if number == 1 and not losses:
                self._refuse_no_numbers(answer, loss)
            logits.append(answer)
            losses.append(loss)
        place = "cpu" if on_mps(self.device) else self.device  # MPS has no float64
        weights = torch.tensor(sizes, dtype=torch.float64, device=place) / len(order)
        answers = torch.cat(logits).float()
        return figure(torch.stack(losses).to(place).double() @ weights, answers), accuracy(answers, labels)

    def _batches(self, order: Tensor, sizes: list[int]) -> Iterator[Tensor]:
        """The images at `order`, augmented, uint8, in batches of `sizes`; fetched in blocks."""
        together = max(1, BLOCK // (self.images[0].numel() * sizes[0]))
        for start in range(0, len(sizes), together):
            block = sizes[start : start + together]
            first = start * sizes[0]  # only the last batch may have another size
            yield from map(self.augment, take(self.images, order[first : first + sum(block)]).split(block))

    def _replay_steps(self, graphs: Graphs | None) -> None:
        """Choose the fast step with identical bits: recorded gradients on a CPU, CUDA graphs on a GPU, none on MPS.

        A whole step is one graph where its optimizer is the project's own and a schedule sets no option but its rate.
        """
        fused = isinstance(self.optimizer, FusedOptimizer)
        if graphs and fused:
            self.optimizer.hold_rates()
        if self.parameters.get("step") == "eager" or on_mps(self.device):
            return
        roots = {"the model": self.module, "the loss": self.loss.function}
        counts = {size: number * self.parameters["epochs"] for size, number in Counter(self.sizes).items()}
        keep = not type(self.optimizer).__module__.startswith(KNOWN_OPTIMIZERS)
        say = partial(self._say_eager, "captured" if graphs else "recorded")
        rest = roots, list(self.module.parameters()), counts, keep, say
        if graphs is None:
            self.learn = Recorded(gradients, *rest)
        elif fused and (self.schedule is None or not self.schedule.sets & self.optimizer.options):
            self.whole_step = Captured(graphs, self._eager_step, *rest, optimizer=self.optimizer)
        else:
            self.learn = Captured(graphs, gradients, *rest)

    def _say_eager(self, what: str, why: str) -> None:
        print(f"seed {self.seed}: steps are not {what}, {why}")

    def _step(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """One step with a batch; logits and loss before the update."""
        return self.whole_step(images, labels)

    def _eager_step(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """The same as PyTorch computes it, but for the gradients that `learn` may have recorded."""
        place = self.learn.place(len(images)) if isinstance(self.learn, Recorded) else None
        inputs = inputs_of(images, self.parameters["normalize"], place)
        try:
            return step(self._answers, self.loss, self.optimizer, inputs, labels, self.learn, self.change)
        except BaseException as error:
            raise self._blamed(error).failed(error) from error

    def _answers(self, inputs: Tensor) -> Tensor:
        """Logits of a training batch; with `amp` from products in bfloat16."""
        if "amp" not in self.parameters:
            return self.model(inputs)
        with torch.autocast(self.device.type, torch.bfloat16):
            return self.model(inputs).float()

    def _blamed(self, error: BaseException) -> Model | Optimizer:
        """The component to blame for an exception that none raised as its own: the model, if `backward` raised it."""
        trace = error.__traceback__
        while trace and trace.tb_frame.f_code.co_name != "closure":
            trace = trace.tb_next
        return self.model if trace else self.optimizer_component

    def _refuse_no_numbers(self, logits: Tensor, loss: Tensor) -> None:
        """Refuse initial weights that give NaN: that is an error, while a training that diverges later is a result."""
        if logits.isnan().any():
            raise self.model.refused(NO_NUMBERS.format("logits that are nan"))
        if not loss.isfinite():
            raise self.loss.refused(NO_NUMBERS.format(f"a loss of {loss.item()}"))

    def _refuse_other_parameters(self) -> None:
        """Refuse a parameter that `forward` makes: the optimizer does not know it and would silently not train it."""
        now = dict(self.module.named_parameters())
        other = [name for name in {**self.learned, **now} if self.learned.get(name) is not now.get(name)]
        if other:
            raise self.model.refused(OTHER_PARAMETERS.format(some(other)))

        updated = self._updated()
        if updated != self.updated:
            kept = len(self.updated & updated)
            raise self.optimizer_component.refused(OTHER_GROUPS.format(kept, len(self.updated)))

    def _updated(self) -> set[int]:
        """Which tensors the optimizer has in its groups; none where it has no groups."""
        groups = getattr(self.optimizer, "param_groups", None) or ()
        return {id(tensor) for group in groups for tensor in group["params"]}

    def _validate(self) -> Figures:
        self.module.eval()
        self.loss.train(False)
        logits = predict(self.model, take(self.images, self.validation), self.parameters["normalize"])
        labels = self.labels[self.validation]
        return mean_loss(self.loss, logits, labels), accuracy(logits, labels)
