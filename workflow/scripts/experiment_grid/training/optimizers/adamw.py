"""torch.optim.AdamW by its fused kernel."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from experiment_grid.training.optimizers.adam import Adam


class AdamW(Adam):
    """Loshchilov & Hutter (2019): Adam whose weight decay acts on the weights, apart from the gradient."""

    kernel = staticmethod(torch._fused_adamw_)

    def __init__(self, parameters: Iterable[Tensor], lr: float, weight_decay: float = 0.01, **options: Any):
        super().__init__(parameters, lr, weight_decay=weight_decay, **options)
