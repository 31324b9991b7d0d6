"""torch.optim.SGD by its fused kernel."""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from experiment_grid.training.optimizers.base import FusedOptimizer, rows


class SGD(FusedOptimizer):
    """Stochastic gradient descent with momentum as PyTorch defines it: velocity ← momentum · velocity + gradient."""

    options = frozenset({"momentum", "dampening", "weight_decay", "nesterov", "maximize"})

    @classmethod
    def allowed(cls, options: Mapping[str, Any]) -> bool:
        """Nesterov's momentum is defined without dampening."""
        nesterov = options.get("momentum") and not options.get("dampening")
        return super().allowed(options) and (not options.get("nesterov") or bool(nesterov))

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        maximize: bool = False,
    ):
        super().__init__(
            parameters,
            lr=lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
            maximize=maximize,
        )

    def update(self, group: dict[str, Any], parameters: list[Tensor], gradients: list[Tensor]) -> None:
        """Update parameters in place; the first velocity of each is its gradient."""
        if not group["momentum"]:
            self._update(group, parameters, gradients, [], first=False)
            return
        known = [parameter in self.state for parameter in parameters]
        for started in {*known}:  # one that had no gradient before starts later than the others
            places = [place for place, old in enumerate(known) if old == started]
            chosen = [parameters[place] for place in places]
            for parameter in chosen if not started else ():
                self.state[parameter]["momentum_buffer"] = torch.empty_like(parameter)
            velocities = [self.state[parameter]["momentum_buffer"] for parameter in chosen]
            self._update(group, chosen, [gradients[place] for place in places], velocities, first=not started)

    def _update(
        self,
        group: dict[str, Any],
        parameters: list[Tensor],
        gradients: list[Tensor],
        velocities: list[Tensor],
        *,
        first: bool,
    ) -> None:
        torch._fused_sgd_(
            rows(parameters),
            rows(gradients),
            rows(velocities),
            lr=group["lr"],
            momentum=group["momentum"],
            dampening=group["dampening"],
            weight_decay=group["weight_decay"],
            nesterov=group["nesterov"],
            maximize=group["maximize"],
            is_first_step=first,
        )
