"""torch.optim.Adam by its fused kernel."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from experiment_grid.training.optimizers.base import FusedOptimizer, rows


class Adam(FusedOptimizer):
    """Kingma & Ba (2015); weight decay joins the gradient."""

    options = frozenset({"betas", "eps", "weight_decay", "amsgrad", "maximize"})
    kernel = staticmethod(torch._fused_adam_)

    @classmethod
    def allowed(cls, options: Mapping[str, Any]) -> bool:
        """Two betas below 1."""
        betas = options.get("betas", (0.9, 0.999))
        return super().allowed(options) and len(betas) == 2 and all(0 <= beta < 1 for beta in betas)

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float,
        betas: Sequence[float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        maximize: bool = False,
    ):
        super().__init__(
            parameters,
            lr=lr,
            betas=tuple(betas),
            eps=eps,
            weight_decay=weight_decay,
            amsgrad=amsgrad,
            maximize=maximize,
        )

    def update(self, group: dict[str, Any], parameters: list[Tensor], gradients: list[Tensor]) -> None:
        """Update parameters in place."""
        for parameter in parameters:
            if parameter not in self.state:
                names = ["exp_avg", "exp_avg_sq"] + ["max_exp_avg_sq"] * group["amsgrad"]
                self.state[parameter] = {name: torch.zeros_like(parameter) for name in names}
                self.state[parameter]["step"] = torch.zeros((), device=parameter.device)
        states = [self.state[parameter] for parameter in parameters]
        steps = [state["step"] for state in states]
        torch._foreach_add_(steps, 1)
        self.kernel(
            rows(parameters),
            rows(gradients),
            rows([state["exp_avg"] for state in states]),
            rows([state["exp_avg_sq"] for state in states]),
            rows([state["max_exp_avg_sq"] for state in states]) if group["amsgrad"] else [],
            steps,
            lr=group["lr"],
            beta1=group["betas"][0],
            beta2=group["betas"][1],
            eps=group["eps"],
            weight_decay=group["weight_decay"],
            amsgrad=group["amsgrad"],
            maximize=group["maximize"],
        )
