"""Mean squared error of the probabilities."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class MSE(nn.Module):
    """Mean over images and classes of (p - t)², p by softmax, t the one-hot truth: Brier's score divided by K."""

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The loss of logits [B, K] and labels [B]."""
        probabilities = logits.softmax(dim=1)
        truth = torch.zeros_like(probabilities).scatter_(1, labels.unsqueeze(1), 1.0)  # F.one_hot reads values
        return F.mse_loss(probabilities, truth)
