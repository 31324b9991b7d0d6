"""A step of training, as everyone writes it with PyTorch."""

import inspect
from collections.abc import Callable
from functools import cache
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

    if needs_closure(type(optimizer)):
        optimizer.step(closure)
    else:
        closure()
        optimizer.step()
    if not answers:
        raise RuntimeError("step(closure) does not call closure, which computes the gradients")
    return answers[0]


@cache
def needs_closure(kind: type) -> bool:
    """Whether the `step` of an optimizer's class has an argument without a default, beside `self`: LBFGS has."""
    _, *parameters = inspect.signature(kind.step).parameters.values()
    named = [one for one in parameters if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)]
    return any(one.default is one.empty for one in named)
