"""Models, losses and optimizers that change from step to step, so that replaying one step gives wrong results."""

import random
import types

import numpy as np
import torch
import torch.nn.functional as F
from odd_components import Base
from recorded_models import Checkpointed, Hoarding
from torch import nn


class Counter(Base):
    def __init__(self, classes):
        super().__init__(classes)
        self.steps = 0

    def between(self, hidden):
        self.steps += self.training
        return hidden * (1 + 1 / (1 + self.steps // 20))


class CounterInList(Base):
    def __init__(self, classes):
        super().__init__(classes)
        self.steps = [{"steps": 0}]

    def between(self, hidden):
        self.steps[0]["steps"] += self.training
        return hidden * 2 if self.steps[0]["steps"] > 15 else hidden


class CounterInObject(Base):
    def __init__(self, classes):
        super().__init__(classes)
        self.state = types.SimpleNamespace(inner=types.SimpleNamespace(steps=0))

    def between(self, hidden):
        self.state.inner.steps += self.training
        return hidden * 2 if self.state.inner.steps > 15 else hidden


class CounterOfClass(Base):
    steps = 0

    def __init__(self, classes):
        super().__init__(classes)
        type(self).steps = 0

    def between(self, hidden):
        type(self).steps += self.training
        return hidden * 2 if self.steps > 15 else hidden


class CounterInHook(Base):
    def __init__(self, classes):
        super().__init__(classes)
        steps = 0

        def double(gradient):
            nonlocal steps
            steps += 1
            return gradient * 2 if steps > 15 else gradient

        self.first.weight.register_hook(double)


class CounterInGenerator(Base):
    def __init__(self, classes):
        super().__init__(classes)
        self.steps = (number for number in range(10**6))

    def between(self, hidden):
        return hidden * 2 if self.training and next(self.steps) > 15 else hidden


class CounterAsTensor(Base):
    def __init__(self, classes):
        super().__init__(classes)
        self.register_buffer("steps", torch.zeros((), dtype=torch.long))

    def between(self, hidden):
        if self.training:
            self.steps += 1
        return hidden * 2 if self.steps > 15 else hidden


class CounterByNumpy(CounterAsTensor):
    """Reads its counter without the dispatcher."""

    def between(self, hidden):
        if self.training:
            self.steps += 1
        return hidden * 2 if self.steps.numpy() > 15 else hidden


class HookByNumpy(Base):
    """Reads gradients in the backward pass."""

    def between(self, hidden):
        if hidden.requires_grad:
            hidden.register_hook(lambda gradient: gradient * (2 if abs(gradient.numpy()).max() > 0.02 else 1))
        return hidden


class Listed(Base):
    def between(self, hidden):
        return hidden * 2 if max(hidden.detach().flatten().tolist()) > 2 else hidden


class DropByRandom(Base):
    def between(self, hidden):
        return hidden * 0.5 if self.training and random.random() < 0.1 else hidden


class DropByNumpy(Base):
    def between(self, hidden):
        return hidden * 0.5 if self.training and np.random.rand() < 0.1 else hidden


class DropByOwnGenerator(Base):
    def __init__(self, classes):
        super().__init__(classes)
        self.draws = np.random.default_rng(0)

    def between(self, hidden):
        return hidden * 0.5 if self.training and self.draws.random() < 0.1 else hidden


class NoiseByOwnGenerator(Base):
    def __init__(self, classes):
        super().__init__(classes)
        self.draws = torch.Generator().manual_seed(0)

    def between(self, hidden):
        return hidden + torch.randn(hidden.shape, generator=self.draws) if self.training else hidden


class ChangingDropout(Base):
    """p rises every 15 steps."""

    def __init__(self, classes):
        super().__init__(classes)
        self.dropout, self.steps = nn.Dropout(0.1), 0

    def between(self, hidden):
        self.steps += 1
        self.dropout.p = min(0.5, 0.1 * (1 + self.steps // 15))
        return self.dropout(hidden)


class Positive(Base):
    """A boolean index."""

    def between(self, hidden):
        return hidden - hidden[hidden > 0.3].mean()


class Rebound(Base):
    def __init__(self, classes):
        super().__init__(classes)
        self.register_buffer("mean", torch.zeros(16))

    def between(self, hidden):
        if self.training:
            self.mean = 0.9 * self.mean + 0.1 * hidden.detach().mean(0)
        return hidden - self.mean


class ReboundData(Rebound):
    def between(self, hidden):
        if self.training:
            self.mean.data = 0.9 * self.mean + 0.1 * hidden.detach().mean(0)
        return hidden - self.mean


class Seeding(Base):
    """Draws the same numbers at every step."""

    def between(self, hidden):
        torch.manual_seed(3)
        return F.dropout(hidden, 0.3, self.training)


class CheckpointedDropout(Checkpointed):
    """The second forward pass must draw what the first drew."""

    def __init__(self, classes):
        super().__init__(classes)
        self.inner.append(nn.Dropout(0.3))


class ChangingGamma(nn.Module):
    """A focal loss whose gamma falls after some steps."""

    def __init__(self):
        super().__init__()
        self.gamma, self.steps = 2.0, 0

    def forward(self, logits, labels):
        self.steps += self.training
        gamma = self.gamma if self.steps < 15 else self.gamma / 2
        cross_entropy = F.cross_entropy(logits, labels, reduction="none")
        return (1 - (-cross_entropy).exp()) ** gamma * cross_entropy


class Rebinding(Hoarding):
    """Moves the weights to new memory at every step."""

    @torch.no_grad()
    def step(self, closure):
        with torch.enable_grad():
            loss = closure()
        for parameter in self.param_groups[0]["params"]:
            if parameter.grad is not None:
                parameter.data = parameter.data - self.param_groups[0]["lr"] * parameter.grad
        return loss


class Adding(Hoarding):
    """Adds half of the gradient before."""

    def zero_grad(self):
        for parameter in self.param_groups[0]["params"]:
            if parameter.grad is not None:
                parameter.grad.mul_(0.5)


class Freezing(Rebinding):
    """Freezes a weight after some steps."""

    @torch.no_grad()
    def step(self, closure):
        with torch.enable_grad():
            loss = closure()
        weight = self.param_groups[0]["params"][0]
        for parameter in self.param_groups[0]["params"]:
            if parameter.grad is not None:
                parameter -= self.param_groups[0]["lr"] * parameter.grad
        self.state[weight]["steps"] = self.state[weight].get("steps", 0) + 1
        if self.state[weight]["steps"] == 6:
            weight.requires_grad_(False)
        return loss


class AnotherAfterValidation(Base):
    """Trains differently in every epoch; a step changes nothing."""

    def __init__(self, classes):
        super().__init__(classes)
        self.validations = 0

    def forward(self, images):
        self.validations += not self.training
        return super().forward(images) * (1 + self.validations * self.training)


VALIDATIONS = []


class AnotherByGlobal(Base):
    """The same, by a global that no inspection of the model finds."""

    def __init__(self, classes):
        super().__init__(classes)
        VALIDATIONS.clear()

    def forward(self, images):
        VALIDATIONS.extend([1] * (not self.training))
        return super().forward(images) * (1 + len(VALIDATIONS) * self.training)
