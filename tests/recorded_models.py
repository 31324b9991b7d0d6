"""Models, and an optimizer, whose steps can be recorded or captured and replayed. Images have 6 by 5 pixels."""

import torch
import torch.nn.functional as F
from odd_components import Base, Frozen, Tied, Unused  # noqa: F401  recorded too, by the names here
from torch import nn
from torch.utils.checkpoint import checkpoint


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
    """Random numbers of torch, a residual connection, a part of a tensor written in place."""

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
    """Weights that `forward` itself changes."""

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
    """With three channels made of one."""
    from torchvision.models import resnet18

    return nn.Sequential(nn.Conv2d(1, 3, 1), resnet18(num_classes=classes))


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
