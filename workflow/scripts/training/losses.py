"""The losses of the config: each takes logits [images, classes] and true classes [images], and gives the loss of
every image [images]. A batch's loss is their mean.
"""

import torch.nn.functional as F
from torch import Tensor


def negative_log_likelihood(logits: Tensor, targets: Tensor) -> Tensor:
    """-log p of the true class, with p from a log-softmax output layer: what the original report trains with."""
    return F.nll_loss(F.log_softmax(logits, dim=-1), targets, reduction="none")


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """The same function as `negative_log_likelihood`, fused by PyTorch."""
    return F.cross_entropy(logits, targets, reduction="none")


def mean_squared_error(logits: Tensor, targets: Tensor) -> Tensor:
    """Squared distance of the softmax from the one-hot true class, mean over the classes (half of Brier's score
    for two classes)."""
    probabilities = logits.softmax(dim=-1)
    truth = F.one_hot(targets, logits.shape[-1]).to(probabilities.dtype)
    return F.mse_loss(probabilities, truth, reduction="none").mean(dim=-1)


def multi_class_margin(logits: Tensor, targets: Tensor) -> Tensor:
    """Σ max(0, 1 - logit of the true class + logit of another) over the others, divided by the number of classes."""
    return F.multi_margin_loss(logits, targets, reduction="none")


LOSSES = {
    "nll": negative_log_likelihood,
    "cross_entropy": cross_entropy,
    "mse": mean_squared_error,
    "multi_margin": multi_class_margin,
}
