"""A step of training, as everyone writes it with PyTorch."""

from collections.abc import Callable
from typing import Any

from torch import Tensor


def step(
    model: Callable[[Tensor], Tensor],
    loss: Callable[[Tensor, Tensor], Tensor],
    optimizer: Any,
    inputs: Tensor,
    labels: Tensor,
) -> tuple[Tensor, Tensor]:
    """Learn from one batch, inputs [B, C, H, W] and labels [B]; return its logits [B, K] and loss before the update."""
    answers = []

    def closure() -> Tensor:  # one optimizer calls it once a step, another (LBFGS) as often as it likes
        optimizer.zero_grad()
        logits = model(inputs)
        value = loss(logits, labels)
        value.backward()
        answers.append((logits.detach(), value.detach()))
        return value

    optimizer.step(closure)
    return answers[0]
