"""Models, losses and optimizers as users write them, with everything that PyTorch allows: targets for tests."""

import random

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


class Base(nn.Module):
    """Two layers for images of 6 by 5 pixels; `between`, from [B, 16] to [B, 16], is what subclasses put in."""

    def __init__(self, classes):
        super().__init__()
        self.first, self.last = nn.Linear(30, 16), nn.Linear(16, classes)

    def forward(self, images):
        return self.last(self.between(F.relu(self.first(images.flatten(1)))))

    def between(self, hidden):
        return hidden


class Frozen(Base):
    """The first layer keeps its initial weights."""

    def __init__(self, classes):
        super().__init__(classes)
        self.first.requires_grad_(False)


class Unused(Base):
    """A layer that `forward` does not call."""

    def __init__(self, classes):
        super().__init__(classes)
        self.spare = nn.Linear(3, 3)


class Tied(nn.Module):
    """Two layers that share one weight."""

    def __init__(self, input_shape, classes):
        super().__init__()
        self.inner, self.outer = nn.Linear(30, 30), nn.Linear(30, 30)
        self.outer.weight = self.inner.weight
        self.head = nn.Linear(30, classes)

    def forward(self, images):
        return self.head(F.relu(self.outer(F.relu(self.inner(images.flatten(1))))))


class Noisy(Base):
    """Batch norm and dropout, a layer dropped by `random`, noise by NumPy."""

    def __init__(self, classes):
        super().__init__(classes)
        self.norm, self.dropout = nn.BatchNorm1d(16), nn.Dropout(0.3)

    def between(self, hidden):
        hidden = self.dropout(self.norm(hidden))
        if self.training and random.random() < 0.3:
            hidden = hidden * 0.5
        return hidden + float(np.random.normal(0, 0.01)) * self.training


class Remembering(Base):
    """State that is in no state dict: a counter, a tensor, a buffer that is not persistent."""

    def __init__(self, classes):
        super().__init__(classes)
        self.steps, self.mean = 0, torch.zeros(16)
        self.register_buffer("largest", torch.zeros(()), persistent=False)

    def between(self, hidden):
        if self.training:
            self.steps += 1
            self.mean = 0.9 * self.mean + 0.1 * hidden.detach().mean(dim=0)
            self.largest = torch.maximum(self.largest, hidden.detach().max())
        return hidden / (1 + self.largest) - self.mean + 1 / (1 + self.steps)


class Warming(Remembering):
    """The same state, used in training only."""

    def between(self, hidden):
        return super().between(hidden) if self.training else hidden


class Unregistered(Base):
    """A batch norm as in a textbook, with its moving mean in a plain attribute."""

    def __init__(self, classes):
        super().__init__(classes)
        self.moving_mean = torch.zeros(16)

    def between(self, hidden):
        if self.training:
            self.moving_mean = 0.9 * self.moving_mean + 0.1 * hidden.detach().mean(dim=0)
        return hidden - self.moving_mean


class Unsaved(Base):
    """The largest value so far, in a buffer that is not persistent."""

    def __init__(self, classes):
        super().__init__(classes)
        self.register_buffer("largest", torch.ones(()), persistent=False)

    def between(self, hidden):
        if self.training:
            self.largest = torch.maximum(self.largest, hidden.detach().max())
        return hidden / self.largest


class Listing(Base):
    """State in a list."""

    def __init__(self, classes):
        super().__init__(classes)
        self.seen = []

    def forward(self, images):
        if self.training:
            self.seen.append(float(images.mean()))
        return super().forward(images) + sum(self.seen)


class Lazy(nn.Sequential):
    """Sizes inferred from the first images."""

    def __init__(self, classes):
        super().__init__(nn.LazyConv2d(3, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(classes))


class Untrainable(Base):
    """Everything is frozen."""

    def __init__(self, classes):
        super().__init__(classes)
        self.requires_grad_(False)


class Noting(Base):
    """State that is not a tensor."""

    def get_extra_state(self):
        return {"notes": []}

    def set_extra_state(self, state):
        pass


class MovingLoss(nn.Module):
    """Cross-entropy of logits, divided by a moving average of their size in training."""

    def __init__(self, momentum=0.9):
        super().__init__()
        self.momentum = momentum
        self.register_buffer("scale", torch.ones(()))

    def forward(self, logits, labels):
        if self.training:
            self.scale = self.momentum * self.scale + (1 - self.momentum) * logits.detach().abs().mean()
        return F.cross_entropy(logits / self.scale.clamp_min(0.1), labels, reduction="none")


class CountingLoss:
    """A loss that is not a module and counts its calls."""

    def __init__(self):
        self.calls = 0

    def __call__(self, logits, labels):
        self.calls += 1
        return F.cross_entropy(logits, labels) * (1 + 1 / self.calls)


def focal(logits, labels, gamma=2.0):
    """A focal loss: one number for each image."""
    cross_entropy = F.cross_entropy(logits, labels, reduction="none")
    return (1 - (-cross_entropy).exp()) ** gamma * cross_entropy


class Own(torch.optim.Optimizer):
    """Steps by the sign of the gradient; the step is halved every fifth time."""

    def __init__(self, parameters, lr, factor=0.5):
        super().__init__(parameters, {"lr": lr, "factor": factor})

    @torch.no_grad()
    def step(self, closure):
        with torch.enable_grad():
            loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    state = self.state[parameter]
                    state["count"] = state.get("count", 0) + 1
                    parameter -= group["lr"] * group["factor"] ** (state["count"] // 5) * parameter.grad.sign()
        return loss


class Unkept(Own):
    """With a state that cannot be saved."""

    def state_dict(self):
        return super().state_dict() | {"seen": {1, 2}}


class NoGroups:
    """An optimizer with every method that training calls, and no param_groups."""

    def __init__(self, params, lr):
        self.params, self.lr = list(params), lr

    def zero_grad(self):
        for parameter in self.params:
            parameter.grad = None

    @torch.no_grad()
    def step(self, closure=None):
        for parameter in self.params:
            parameter -= self.lr * parameter.grad

    def state_dict(self):
        return {}

    def load_state_dict(self, kept):
        pass


class Looped(torch.optim.SGD):
    """Contains itself in its state."""

    def step(self, closure=None):
        self.state["all"] = self.state
        return super().step(closure)


class Sparse(torch.optim.SGD):
    """Has a sparse tensor in its state."""

    def step(self, closure=None):
        self.state["edges"] = torch.eye(3).to_sparse()
        return super().step(closure)


class Counting(torch.optim.SGD):
    """Counts its steps in an attribute; each step is smaller than the one before."""

    def __init__(self, params, lr):
        super().__init__(params, lr)
        self.steps, self.first = 0, self.param_groups[0]["params"][0]

    def step(self, closure=None):
        self.steps += 1
        self.param_groups[0]["lr"] = 0.1 / self.steps
        return super().step(closure)
