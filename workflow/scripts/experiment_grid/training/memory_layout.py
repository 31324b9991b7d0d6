"""How weights are laid out in memory.

A linear layer multiplies by the transpose of its weight [outputs, inputs]. Where that is in memory row by row, the
product of 64 images of MNIST and 128 units takes less time on a core with AVX-512 (docs/performance.md). Shapes,
names and state dicts stay as they are.
"""

from torch import nn

from experiment_grid.training.optimizers.base import FusedOptimizer, laid_out_as

OURS = "experiment_grid."  # a user's model may depend on the strides of its weights


def lay_out(module: nn.Module, optimizer: object) -> None:
    """Put the weights of a built-in network's linear layers into memory as their transposes.

    For the stand-ins alone: of torch.optim's classes, LBFGS takes gradients that are row by row.
    """
    if isinstance(optimizer, FusedOptimizer) and type(module).__module__.startswith(OURS):
        for layer in module.modules():
            if isinstance(layer, nn.Linear):
                layer.weight.data = layer.weight.data.t().contiguous().t()


def lay_out_as(module: nn.Module, other: nn.Module) -> None:
    """Put the parameters of a module into memory as those of another one of the same form."""
    for mine, theirs in zip(module.parameters(), other.parameters(), strict=True):
        mine.data = laid_out_as(theirs, mine.data)
