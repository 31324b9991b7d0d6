"""Everything random in training is drawn from the seed: a stream of its own for each purpose and epoch, so that a
resumed training draws what it would have drawn."""

import random

import numpy as np
import torch

# What a seed is used for: the split into training and validation images, the initial weights, the order of an epoch's
# images, what the model and the loss draw in an epoch (dropout), what a model draws on the test images.
SPLIT, INITIAL_WEIGHTS, ORDER, EPOCH, TEST = range(5)


def generator(seed: int, *purpose: int) -> torch.Generator:
    """Random numbers for one purpose of one seed, independent of every other's (NumPy's SeedSequence mixes them)."""
    return torch.Generator().manual_seed(_state(seed, *purpose))


def seed_all(seed: int, *purpose: int) -> None:
    """Seed the generators that a model may draw from, for one purpose of one seed: of torch, `random` and NumPy."""
    state = _state(seed, *purpose)
    torch.default_generator.manual_seed(state)
    if torch.cuda.is_initialized():  # torch.manual_seed would queue a lazy CUDA call with a stack trace each time
        torch.cuda.manual_seed_all(state)
    if torch.backends.mps.is_available():
        torch.mps.manual_seed(state)
    random.seed(state)
    np.random.seed(state % 2**32)


def _state(seed: int, *purpose: int) -> int:
    (state,) = np.random.SeedSequence([seed, *purpose]).generate_state(1, np.uint64)
    return int(state)
