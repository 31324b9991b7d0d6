"""A step of training, as everyone writes it with PyTorch."""

import inspect
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

Function = Callable[[Tensor], Tensor]  # a model: logits [B, K] of inputs [B, C, H, W]
Loss = Callable[[Tensor, Tensor], Tensor]  # of logits [B, K] and labels [B]


def gradients(model: Function, loss: Loss, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Forward, loss, backward: fills the parameters' `grad`; returns logits [B, K] and loss."""
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
    change: Callable[[], None] | None = None,
) -> tuple[Tensor, Tensor]:
    """Train on one batch, inputs [B, C, H, W] and labels [B]; return its logits [B, K] and loss before the update.

    `gradients` may be what does the same faster (step_replay.py); `change` is called between it and the update.
    """
    answers = []

    def closure() -> Tensor:  # LBFGS calls it several times a step
        optimizer.zero_grad()
        answers.append(gradients(model, loss, inputs, labels))
        if change:
            change()
        return answers[-1][1]

    if needs_closure(type(optimizer)):  # type: ignore[arg-type]  # a class is hashable
        optimizer.step(closure)
    else:
        closure()
        optimizer.step()
    if not answers:
        raise RuntimeError("step(closure) does not call closure, which computes the gradients")
    return answers[0]


def change_gradients(parameters: Iterable[Tensor], l1: float, clip: float | None) -> None:
    """Add the gradient of `l1` times the sum of all absolute values; scale all to a common norm of at most `clip`."""
    with_gradient = [(parameter, parameter.grad) for parameter in parameters if parameter.grad is not None]
    if l1:
        with torch.no_grad():
            for parameter, gradient in with_gradient:
                gradient.add_(parameter.sign(), alpha=l1)
    if clip is not None:  # summed row by row, whatever memory_layout.py made of it: the last bits depend on the order
        norm = get_total_norm([gradient.contiguous() for _, gradient in with_gradient])
        clip_grads_with_norm_([parameter for parameter, _ in with_gradient], clip, norm)


@cache
def needs_closure(kind: type[Any]) -> bool:
    """Whether the `step` of an optimizer's class has an argument without a default, beside `self`: LBFGS has."""
    _, *parameters = inspect.signature(kind.step).parameters.values()
    named = [one for one in parameters if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)]
    return any(one.default is one.empty for one in named)
