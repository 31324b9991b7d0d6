"""The learning rate of every step, by a scheduler of PyTorch's that is stepped beside the training.

A scheduler reads and writes `param_groups` alone. It gets those of an optimizer that has no weights: making a real one
would import torch._dynamo, 3 to 8 seconds.
"""

import inspect
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn

from experiment_grid.training.components import CellComponent, named, signature
from experiment_grid.training.schedule_names import FILLED_IN

Group = dict[str, Any]  # options of a group of parameters, without the parameters


class Groups(torch.optim.Optimizer):
    """The groups of an optimizer, each with an untrained parameter: all that a scheduler sees of it."""

    def __init__(self, groups: list[Group]):  # not the base's, which imports torch._dynamo
        self.param_groups = [{"params": [nn.Parameter(torch.zeros(1))], **group} for group in groups]
        self.defaults = {**groups[0]}
        self.state = defaultdict(dict)

    def step(self, closure: Any = None) -> None:  # type: ignore[override]  # there is no loss to return
        """Nothing; a scheduler warns where this was not called before its own step."""


class Schedule(CellComponent):
    """What a schedule makes of the options of an `optimizer`'s groups, step by step; an epoch has `steps` of them.

    It runs through once before the training, so that a scheduler that fails does so there.
    """

    def __init__(self, cell: str, parameters: Mapping[str, Any], optimizer: Any, steps: int):
        super().__init__(cell, "schedule", parameters["schedule"])
        self.optimizer, self.steps = optimizer, steps
        self.kind = self.found()
        known = signature(self.kind)
        own = {name: self.options.pop(name, None) for name in ("warmup", "interval") if name not in known}
        self.each_step = own.get("interval") == "step"
        self.warmup = round((own.get("warmup") or 0) * steps)
        left = parameters["epochs"] * steps - self.warmup
        calls = left if self.each_step else -(-left // steps)
        fill = dict(zip(FILLED_IN, (calls, calls, parameters["learning_rate"]), strict=True))
        self.fill = {name: value for name, value in fill.items() if name in known and name not in self.options}
        self.before = [_options(group) for group in self._groups()]
        self._start()
        for _ in range(calls - 1):
            self._next()
        self.sets = self.written  # options of the groups, in all steps
        self._start()

    def epoch(self, number: int) -> Iterator[None]:
        """Before each step of epoch `number`, from 1 on, put the options of the optimizer's groups in place."""
        for step in range((number - 1) * self.steps, number * self.steps):
            behind = max(0, step - self.warmup)
            while self.calls < (behind if self.each_step else behind // self.steps):  # after a resume it catches up
                self._next()
            rising = min(1.0, (step + 1) / self.warmup) if self.warmup else 1.0
            for group, planned in zip(self._groups(), self.planned.param_groups, strict=True):
                group |= {name: planned[name] for name in self.written}
                group["lr"] *= rising
            yield

    def _start(self) -> None:
        """A new scheduler, before its first step."""
        self.calls, self.written = 0, {"lr"}
        self.planned = Groups(self.before)
        self.scheduler = self.made(self.kind, self.planned, **self.fill)
        if not callable(getattr(self.scheduler, "step", None)):
            raise self.refused(f"returns {named(self.scheduler)} without step; expected a scheduler of torch.optim")
        if _needs_arguments(self.scheduler.step):
            raise self.refused("needs a figure of every epoch; a schedule is fixed before the training")
        self._note_written()

    def _next(self) -> None:
        self.planned.step()
        try:
            self.scheduler.step()
        except BaseException as error:
            raise self.failed(error) from error
        self.calls += 1
        self._note_written()

    def _note_written(self) -> None:
        """Which options the scheduler sets: OneCycleLR sets the momentum too."""
        for group, planned in zip(self.before, self.planned.param_groups, strict=True):
            self.written |= {name for name, value in _options(planned).items() if group.get(name) != value}

    def _groups(self) -> list[Group]:
        groups = getattr(self.optimizer, "param_groups", None)
        if not groups:
            raise self.refused("sets the learning rate in param_groups, which the optimizer does not have")
        found: list[Group] = groups
        return found


def _options(group: Group) -> Group:
    return {name: value for name, value in group.items() if name != "params"}


def _needs_arguments(step: Any) -> bool:
    """Whether `step` must be given something: ReduceLROnPlateau's wants the validation loss."""
    return any(
        one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
        for one in inspect.signature(step).parameters.values()
    )
