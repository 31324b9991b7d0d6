"""The activations of the config, each with its derivative, by the kernels that PyTorch's autograd itself calls."""

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

aten = torch.ops.aten


class Activation(NamedTuple):
    """`value(before)` gives what a layer passes on; `gradient(gradient, before, after)` takes ∂loss/∂after and gives
    ∂loss/∂before, with `before` the activation's input and `after` its output."""

    value: Callable[[Tensor], Tensor]
    gradient: Callable[[Tensor, Tensor, Tensor], Tensor]


ACTIVATIONS = {
    "relu": Activation(torch.relu, lambda gradient, _, after: aten.threshold_backward.default(gradient, after, 0)),
    "leaky_relu": Activation(
        F.leaky_relu, lambda gradient, before, _: aten.leaky_relu_backward.default(gradient, before, 0.01, False)
    ),
    "elu": Activation(F.elu, lambda gradient, before, _: aten.elu_backward.default(gradient, 1, 1, 1, False, before)),
    "gelu": Activation(F.gelu, lambda gradient, before, _: aten.gelu_backward.default(gradient, before)),
    "silu": Activation(F.silu, lambda gradient, before, _: aten.silu_backward.default(gradient, before)),
    "tanh": Activation(torch.tanh, lambda gradient, _, after: aten.tanh_backward.default(gradient, after)),
    "sigmoid": Activation(torch.sigmoid, lambda gradient, _, after: aten.sigmoid_backward.default(gradient, after)),
}
