"""The activations of the config, each with its derivative, by the kernels that PyTorch's autograd itself calls."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

aten = torch.ops.aten
# Overloads, chosen here: choosing one at every call takes microseconds.
relu_backward = aten.threshold_backward.grad_input
leaky_relu_backward = aten.leaky_relu_backward.grad_input
elu_backward = aten.elu_backward.grad_input
gelu_backward = aten.gelu_backward.grad_input
silu_backward = aten.silu_backward.grad_input
tanh_backward = aten.tanh_backward.grad_input
sigmoid_backward = aten.sigmoid_backward.grad_input


class Activation(NamedTuple):
    """`value(before)` gives what a layer passes on; `out` is a place for it. `gradient(gradient, before, after)` turns
    ∂loss/∂after into ∂loss/∂before, in place, with `before` the activation's input and `after` its output."""

    value: Callable[..., Tensor]
    gradient: Callable[[Tensor, Tensor, Tensor], Tensor]


ACTIVATIONS = {
    "relu": Activation(
        partial(torch.clamp_min, min=0),  # torch.relu takes no `out`, aten.relu's takes twice as long
        lambda gradient, _, after: relu_backward(gradient, after, 0, grad_input=gradient),
    ),
    "leaky_relu": Activation(
        aten.leaky_relu,
        lambda gradient, before, _: leaky_relu_backward(gradient, before, 0.01, False, grad_input=gradient),
    ),
    "elu": Activation(
        aten.elu, lambda gradient, before, _: elu_backward(gradient, 1, 1, 1, False, before, grad_input=gradient)
    ),
    "gelu": Activation(aten.gelu, lambda gradient, before, _: gelu_backward(gradient, before, grad_input=gradient)),
    "silu": Activation(aten.silu, lambda gradient, before, _: silu_backward(gradient, before, grad_input=gradient)),
    "tanh": Activation(torch.tanh, lambda gradient, _, after: tanh_backward(gradient, after, grad_input=gradient)),
    "sigmoid": Activation(
        torch.sigmoid, lambda gradient, _, after: sigmoid_backward(gradient, after, grad_input=gradient)
    ),
}
