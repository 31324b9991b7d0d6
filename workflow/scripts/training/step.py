"""A step of training: what one batch teaches the networks, by backpropagation (Rumelhart, Hinton & Williams 1986).

A step is written down once, as a list of operations on places that stay, and carried out for every batch. A small batch
is soon multiplied: finding the way through layers, views and fresh memory at every step took a tenth of the time.
"""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from configuration.parameters import Parameters
from training.activations import ACTIVATIONS
from training.losses import LOSSES
from training.model import inputs_of, layers
from training.optimizers import Optimizer


class Step:
    """Teaches the networks of an optimizer's weights one batch after the other, each of `size` images.

    `widths` are the numbers of pixels, of neurons in each hidden layer, of classes.
    """

    def __init__(self, parameters: Parameters, size: int, widths: Sequence[int], optimizer: Optimizer):
        self.parameters = parameters
        self.count, self.size = len(optimizer.weights), size  # of networks, of images
        self.network, self.gradients = (layers(of, widths) for of in (optimizer.weights, optimizer.gradient))
        self.operations: list[Callable[[], object]] = []
        passed = self._record_forward()
        gradient = self._record_loss()
        self._record_backward(passed, gradient, optimizer.keep)
        self._record(optimizer.step)

    def __call__(self, images: Tensor, truth: Tensor) -> Tensor:
        """Learn from images uint8 [seeds, batch, pixels] and their true classes, one-hot [seeds, classes, batch].

        Returns the logits [seeds, classes, batch] as they were before.
        """
        self.images, self.truth = images, truth
        for operation in self.operations:
            operation()
        return self.logits

    def _record(self, operation: Callable[..., object], *args: object, **kwargs: object) -> None:
        """Write an operation down."""
        self.operations.append(partial(operation, *args, **kwargs))

    def _place(self, weight: Tensor) -> Tensor:
        """Memory for what a layer of these weights [seeds, out, in] computes, [seeds, out, batch]."""
        return weight.new_empty(self.count, weight.shape[-2], self.size)

    def _record_forward(self) -> list[Tensor]:
        """Places, filled when the step is carried out: for the inputs, then for each hidden layer before and after its
        activation, all [seeds, width, batch]. What the last layer computes will be `self.logits`."""
        activate = ACTIVATIONS[self.parameters.activation].value
        *hidden, last = self.network
        rows = last.weight.new_empty(self.count, self.size, self.network[0].weight.shape[-1])  # images come in rows
        self._record(self._scale, rows)
        passed = [rows.mT]
        for weight, bias in hidden:
            before, after = self._place(weight), self._place(weight)
            # Expanded here, since a small bias would be expanded at each step.
            self._record(torch.baddbmm, bias.expand_as(before), weight, passed[-1], out=before)
            self._record(activate, before, out=after)
            passed += [before, after]
        self._record(self._compute_logits, last.bias.expand(-1, -1, self.size), last.weight, passed[-1])
        return passed

    def _scale(self, rows: Tensor) -> None:
        inputs_of(self.images, self.parameters.normalize, out=rows)

    def _compute_logits(self, bias: Tensor, weight: Tensor, inputs: Tensor) -> None:
        self.logits = torch.baddbmm(bias, weight, inputs)  # a new tensor: logits are kept until the epoch ends

    def _record_loss(self) -> Tensor:
        """A place for the derivative of each image's loss by its logits."""
        gradient = self._place(self.network[-1].weight)
        self._record(self._differentiate_loss, gradient, LOSSES[self.parameters.loss].gradient)
        return gradient

    def _differentiate_loss(self, gradient: Tensor, derivative: Callable[[Tensor, Tensor], Tensor]) -> None:
        gradient.copy_(derivative(self.logits, self.truth))

    def _record_backward(self, passed: list[Tensor], gradient: Tensor, keep: float) -> None:
        """From the last layer to the first: gradients of the batch's mean loss are added to `keep` times what is there.

        `gradient` is of the loss by what a layer computes.
        """
        derivative = ACTIVATIONS[self.parameters.activation].gradient
        ones = gradient.new_ones(self.count, self.size, 1)
        add = {"beta": keep, "alpha": 1 / self.size}
        for index in reversed(range(len(self.network))):
            weight_gradient, bias_gradient = self.gradients[index]
            self._record(weight_gradient.baddbmm_, gradient, passed[2 * index].mT, **add)
            self._record(bias_gradient.baddbmm_, gradient, ones, **add)  # the sum over the batch
            if index:
                before, after = passed[2 * index - 1 : 2 * index + 1]
                input_gradient = torch.empty_like(after)
                self._record(torch.bmm, self.network[index].weight.mT, gradient, out=input_gradient)
                self._record(derivative, input_gradient, before, after)
                gradient = input_gradient
