"""A step of training, as everyone writes it with PyTorch."""

from collections.abc import Callable
from typing import Any

from torch import Tensor

Function = Callable[[Tensor], Tensor]  # a model: logits [B, K] of inputs [B, C, H, W]
Loss = Callable[[Tensor, Tensor], Tensor]  # of logits [B, K] and labels [B]


def gradients(model: Function, loss: Loss, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Forward, loss, backward: the gradients are in the parameters' `grad` then; return logits [B, K] and loss."""
    logits = model(inputs)
    value = loss(logits, labels)
    value.backward()
    return logits.detach(), value.detach()


def step(
    model: Function,
    loss: Loss,
    optimizer: Any,
    inputs: Tensor,
    labels: Tensor,
    gradients: Callable[..., tuple[Tensor, Tensor]] = gradients,
) -> tuple[Tensor, Tensor]:
    """Learn from one batch, inputs [B, C, H, W] and labels [B]; return its logits [B, K] and loss before the update.

    `gradients` may be what does the same faster (recorded.py).
    """
    answers = []

    def closure() -> Tensor:  # one optimizer calls it once a step, another (LBFGS) as often as it likes
        optimizer.zero_grad()
        answers.append(gradients(model, loss, inputs, labels))
        return answers[-1][1]

    optimizer.step(closure)
    return answers[0]
