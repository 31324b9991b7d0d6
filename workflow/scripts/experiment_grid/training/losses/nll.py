"""Negative log-likelihood behind a log-softmax, as the original report trains."""

import torch.nn.functional as F
from torch import Tensor, nn


class NLL(nn.Module):
    """Mean over the images of -log p of the true class, p by softmax. `torch.nn.CrossEntropyLoss` is the same function
    under another name."""

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The loss of logits [B, K] and labels [B]."""
        return F.nll_loss(F.log_softmax(logits, dim=1), labels)
