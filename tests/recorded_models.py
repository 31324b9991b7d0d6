"""Models and losses of small images, 6 by 5 pixels: ordinary ones, and such as a replay would train otherwise."""

import random
import types

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint


class Base(nn.Module):
    """Two layers with `between`, from [B, 16] to [B, 16], between them."""

    def __init__(self, classes):
        super().__init__()
        self.first, self.last = nn.Linear(30, 16), nn.Linear(16, classes)

    def forward(self, images):
        return self.last(self.between(F.relu(self.first(images.flatten(1)))))

    def between(self, hidden):
        return hidden


# Ordinary ones.


class Tied(Base):
    def __init__(self, classes):
        super().__init__(classes)
        self.one, self.other = nn.Linear(16, 16), nn.Linear(16, 16)
        self.other.weight = self.one.weight

    def between(self, hidden):
        return self.other(torch.tanh(self.one(hidden)))


class Recurrent(nn.Module):
    """Rows of an image one after another."""

    kind = nn.GRU

    def __init__(self, classes):
        super().__init__()
        self.rows, self.last = self.kind(5, 8, batch_first=True), nn.Linear(8, classes)

    def forward(self, images):
        return self.last(self.rows(images.squeeze(1))[0][:, -1])


class LSTM(Recurrent):
    kind = nn.LSTM


class Transformer(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.place = nn.Parameter(torch.randn(6, 8) * 0.1)
        self.embed, self.last = nn.Linear(5, 8), nn.Linear(8, classes)
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True)

    def forward(self, images):
        return self.last(self.layer(self.embed(images.squeeze(1)) + self.place).mean(1))


class Sandwich(Base):
    """Base with one more module between its layers."""

    def __init__(self, classes):
        super().__init__(classes)
        self.extra = self.module()

    def between(self, hidden):
        return self.extra(hidden)


def sandwich(name, module):
    return type(name, (Sandwich,), {"module": staticmethod(module), "__module__": __name__})


BatchNorm = sandwich("BatchNorm", lambda: nn.BatchNorm1d(16))
LayerNorm = sandwich("LayerNorm", lambda: nn.LayerNorm(16))
RMSNorm = sandwich("RMSNorm", lambda: nn.RMSNorm(16))
GroupNorm = sandwich("GroupNorm", lambda: nn.GroupNorm(4, 16))
Dropout = sandwich("Dropout", lambda: nn.Dropout(0.3))
InPlace = sandwich(
    "InPlace", lambda: nn.Sequential(nn.Linear(16, 16), nn.ReLU(True), nn.Linear(16, 16), nn.Dropout(0.2, True))
)
Gaussian = sandwich("Gaussian", lambda: nn.RReLU())
WeightNorm = sandwich("WeightNorm", lambda: nn.utils.parametrizations.weight_norm(nn.Linear(16, 16)))
SpectralNorm = sandwich("SpectralNorm", lambda: nn.utils.parametrizations.spectral_norm(nn.Linear(16, 16)))
Embedded = sandwich("Embedded", lambda: nn.Sequential(nn.Linear(16, 16), nn.GLU(), nn.Linear(8, 16), nn.Softplus()))


class InstanceNorm(nn.Sequential):
    def __init__(self, classes):
        convolution = nn.Conv2d(1, 4, 3, padding=1)
        super().__init__(convolution, nn.InstanceNorm2d(4, True, True), nn.PReLU(4), nn.AvgPool2d(2), nn.Flatten())
        self.append(nn.Linear(24, classes))


class Noise(Base):
    """Numbers drawn by torch, a residual connection, labels of places, a part of a tensor written in place."""

    def between(self, hidden):
        hidden = hidden + 0.1 * torch.randn_like(hidden)
        hidden = torch.cat([hidden[:, 1:], hidden[:, :1]], 1) + hidden
        zeros = torch.zeros_like(hidden)
        zeros[:, 3:] = hidden[:, 3:]
        return zeros * torch.tensor(1.5)


class Checkpointed(Base):
    def __init__(self, classes):
        super().__init__(classes)
        self.inner = nn.Sequential(nn.Linear(16, 16), nn.Tanh())

    def between(self, hidden):
        return checkpoint(self.inner, hidden, use_reentrant=False)


class Frozen(Base):
    def __init__(self, classes):
        super().__init__(classes)
        self.first.requires_grad_(False)


class Unused(Base):
    def __init__(self, classes):
        super().__init__(classes)
        self.spare = nn.Linear(3, 3)


class Averaging(Base):
    """A buffer that is written in place."""

    def __init__(self, classes):
        super().__init__(classes)
        self.register_buffer("mean", torch.zeros(16))

    def between(self, hidden):
        if self.training:
            self.mean.mul_(0.9).add_(hidden.detach().mean(0), alpha=0.1)
        return hidden - self.mean


class Clamped(Base):
    """Weights that `forward` itself writes."""

    def between(self, hidden):
        with torch.no_grad():
            self.last.weight.clamp_(-0.1, 0.1)
        return hidden


class Half(Base):
    def between(self, hidden):
        with torch.autocast("cpu", torch.bfloat16):
            return F.linear(hidden, self.first.weight[:, :16]).float()


class Square(torch.autograd.Function):
    """Derivatives by hand."""

    @staticmethod
    def forward(ctx, values):
        ctx.save_for_backward(values)
        return values * values

    @staticmethod
    def backward(ctx, gradient):
        return 2 * gradient * ctx.saved_tensors[0]


class ByHand(Base):
    def between(self, hidden):
        return Square.apply(hidden)


def resnet18(classes):
    """With colours made of grey."""
    from torchvision.models import resnet18

    return nn.Sequential(nn.Conv2d(1, 3, 1), resnet18(num_classes=classes))


# Ones that a replay would train otherwise.


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
    """Reads its counter past the dispatcher."""

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
    """Draws the same at every step."""

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


class Hoarding(torch.optim.Optimizer):
    """Steps by the last two gradients, whose memory it keeps."""

    def __init__(self, parameters, lr):
        super().__init__(parameters, {"lr": lr})

    @torch.no_grad()
    def step(self, closure):
        with torch.enable_grad():
            loss = closure()
        for parameter in self.param_groups[0]["params"]:
            if parameter.grad is not None:
                last = self.state[parameter].get("last", parameter.grad)
                parameter -= self.param_groups[0]["lr"] * (parameter.grad + last)
                self.state[parameter]["last"] = parameter.grad
        return loss


class Rebinding(Hoarding):
    """Puts the weights into new memory."""

    @torch.no_grad()
    def step(self, closure):
        with torch.enable_grad():
            loss = closure()
        for parameter in self.param_groups[0]["params"]:
            if parameter.grad is not None:
                parameter.data = parameter.data - self.param_groups[0]["lr"] * parameter.grad
        return loss


class Adding(Hoarding):
    """Forgets no gradient."""

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
    """Trains otherwise in every epoch; a step changes nothing."""

    def __init__(self, classes):
        super().__init__(classes)
        self.validations = 0

    def forward(self, images):
        self.validations += not self.training
        return super().forward(images) * (1 + self.validations * self.training)


VALIDATIONS = []


class AnotherByGlobal(Base):
    """The same, by what no look at the model finds."""

    def __init__(self, classes):
        super().__init__(classes)
        VALIDATIONS.clear()

    def forward(self, images):
        VALIDATIONS.extend([1] * (not self.training))
        return super().forward(images) * (1 + len(VALIDATIONS) * self.training)
