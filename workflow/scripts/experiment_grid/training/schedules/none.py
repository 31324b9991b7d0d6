"""No schedule: the learning rate stays, but for a warm-up."""

from torch import Tensor
from torch.optim.lr_scheduler import LRScheduler


class Constant(LRScheduler):
    """The learning rate that the optimizer was made with."""

    def get_lr(self) -> list[float | Tensor]:
        """The learning rate of each group of parameters."""
        return list(self.base_lrs)
