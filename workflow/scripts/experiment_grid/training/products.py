"""Products of matrices, which are what most of training is.

On a CPU by NumPy, whose OpenBLAS uses AVX-512 where there is any: PyTorch's MKL does so on Intel's processors only, and
keeps to half of that width on others. Elsewhere, and for several networks at once, by PyTorch.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor

Operation = Callable[[], object]


def multiply(left: Tensor, right: Tensor, out: Tensor, plus: Tensor | None = None) -> list[Operation]:
    """Operations that compute left · right + `plus` into `out`, from what the tensors hold whenever they are called.

    Shapes are [seeds, M, K], [seeds, K, N] and [seeds, M, N]; `plus` is [seeds, M, 1]. Autograd does not see them.
    """
    column_by_row = left.shape[-1] == 1  # of a batch of one image: NumPy leaves it to no library
    if out.device.type == "cpu" and len(out) == 1 and not column_by_row:
        factors, product = [tensor[0].detach().numpy() for tensor in (left, right)], out[0].numpy()
        add = [] if plus is None else [partial(out.add_, plus)]
        return [partial(np.matmul, *factors, out=product), *add]
    if plus is None:
        return [partial(torch.bmm, left, right, out=out)]
    # Expanded here, since a small one would be expanded at each call.
    return [partial(torch.baddbmm, plus.expand_as(out), left, right, out=out)]


def affine(weight: Tensor, inputs: Tensor, bias: Tensor) -> Tensor:
    """What a layer computes before its activation, [seeds, out, images], of inputs [seeds, in, images]."""
    if torch.is_grad_enabled():
        return torch.baddbmm(bias, weight, inputs)
    outputs = weight.new_empty(len(weight), weight.shape[-2], inputs.shape[-1])
    for operation in multiply(weight, inputs, outputs, bias):
        operation()
    return outputs
