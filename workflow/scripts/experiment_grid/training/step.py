"""A step of training: what one batch teaches the networks, by backpropagation (Rumelhart, Hinton & Williams 1986).

A step is written down once, as a list of operations on places that stay, and carried out for every batch. A small batch
is soon multiplied: finding the way through layers, views and fresh memory at every step took a tenth of the time.
"""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from experiment_grid.config.parameters import Parameters
from experiment_grid.training.activations import ACTIVATIONS
from experiment_grid.training.losses import LOSSES
from experiment_grid.training.model import Layer, inputs_of, layers
from experiment_grid.training.optimizers import Optimizer
from experiment_grid.training.products import Operation, multiply


class Step:
    """Teaches the networks of an optimizer's weights one batch after the other, each of `size` images.

    `widths` are the numbers of pixels, of neurons in each hidden layer, of classes.
    """

    def __init__(self, parameters: Parameters, size: int, widths: Sequence[int], optimizer: Optimizer):
        self.parameters = parameters
        self.count, self.size = len(optimizer.weights), size  # of networks, of images
        self.network, self.gradients = (layers(of, widths) for of in (optimizer.weights, optimizer.gradient))
        self.operations: list[Operation] = []
        passed, self.logits = self._record_forward()
        gradient = self._record_loss()
        self._record_backward(passed, gradient)
        self._append_op(optimizer.step)

    def __call__(self, images: Tensor, truth: Tensor) -> Tensor:
        """Learn from images uint8 [seeds, batch, pixels] and their true classes, one-hot [seeds, classes, batch].

        Returns the logits [seeds, classes, batch] as they were before, in a place that the next step uses again.
        """
        self.images, self.truth = images, truth
        for operation in self.operations:
            operation()
        return self.logits

    def _append_op(self, operation: Callable[..., object], *args: object, **kwargs: object) -> None:
        """Write an operation down."""
        self.operations.append(partial(operation, *args, **kwargs))

    def _record_forward(self) -> tuple[list[Tensor], Tensor]:
        """Places, filled when the step is carried out: for the inputs, then for each hidden layer before and after its
        activation; and for the logits. All are [seeds, width, batch]."""
        activate = ACTIVATIONS[self.parameters.activation].value
        *hidden, last = self.network
        rows = last.weight.new_empty(self.count, self.size, self.network[0].weight.shape[-1])  # images come in rows
        self._append_op(self._scale, rows)
        passed = [rows.mT]
        for layer in hidden:
            before = self._record_layer(layer, passed[-1])
            after = torch.empty_like(before)
            self._append_op(activate, before, out=after)
            passed += [before, after]
        return passed, self._record_layer(last, passed[-1])

    def _record_layer(self, layer: Layer, inputs: Tensor) -> Tensor:
        """A place for what a layer computes."""
        weight, bias = layer
        outputs = weight.new_empty(self.count, weight.shape[-2], self.size)
        self.operations += multiply(weight, inputs, outputs, plus=bias)
        return outputs

    def _scale(self, rows: Tensor) -> None:
        inputs_of(self.images, self.parameters.normalize, out=rows)

    def _record_loss(self) -> Tensor:
        """A place for the derivative of the batch's mean loss by the logits."""
        gradient = torch.empty_like(self.logits)
        self._append_op(self._differentiate_loss, gradient, LOSSES[self.parameters.loss].gradient)
        return gradient

    def _differentiate_loss(self, gradient: Tensor, derivative: Callable[[Tensor, Tensor], Tensor]) -> None:
        torch.mul(derivative(self.logits, self.truth), 1 / self.size, out=gradient)

    def _record_backward(self, passed: list[Tensor], gradient: Tensor) -> None:
        """From the last layer to the first; `gradient` is the loss's by what a layer computes."""
        derivative = ACTIVATIONS[self.parameters.activation].gradient
        ones = gradient.new_ones(self.count, self.size, 1)
        for index in reversed(range(len(self.network))):
            weight_gradient, bias_gradient = self.gradients[index]
            self.operations += multiply(gradient, passed[2 * index].mT, weight_gradient)
            self.operations += multiply(gradient, ones, bias_gradient)  # the sum over the batch
            if index:
                before, after = passed[2 * index - 1 : 2 * index + 1]
                input_gradient = torch.empty_like(after)
                self.operations += multiply(self.network[index].weight.mT, gradient, input_gradient)
                self._append_op(derivative, input_gradient, before, after)
                gradient = input_gradient
