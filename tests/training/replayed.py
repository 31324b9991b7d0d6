"""For the tests of replayed steps: a trainer of small epochs, what an epoch leaves, which models can be replayed."""

import random

import changing_components
import numpy as np
import recorded_models
import torch
from trained_cell import canonical, images_of_classes

from experiment_grid.training.loop import Trainer

COUNT, BATCH = 195, 8  # 156 training images: 19 batches of 8 and one of 4

# Models that both ways of replaying reproduce.
ORDINARY = ["Base", "Tied", "Recurrent", "Transformer", "BatchNorm", "LayerNorm", "RMSNorm", "GroupNorm"]
ORDINARY += ["InstanceNorm", "Dropout", "InPlace", "Gaussian", "WeightNorm", "SpectralNorm", "Embedded", "Frozen"]
ORDINARY += ["Unused", "Averaging", "Clamped", "ByHand"]
# Models that neither may replay, and what the reason says of each.
CHANGING = {
    "Counter": "the model.steps changes",
    "CounterInList": "the model.steps[0][steps] changes",
    "CounterInObject": "the model.state.inner.steps changes",
    "CounterOfClass": "changing_components.CounterOfClass.steps changes",
    "CounterInHook": "cell 0 changes",
    "CounterInGenerator": "whose state cannot be seen",
    "CounterAsTensor": "reads a value into Python",
    "Listed": "tolist reads a tensor into Python",
    "DropByRandom": "draws from random",
    "DropByNumpy": "draws from random or numpy",
    "DropByOwnGenerator": "the model.draws state changes",
    "ChangingDropout": "the model.steps changes",
    "Positive": "depends on values",
    "Rebound": "the model._buffers[mean] changes",
    "ReboundData": "the model._buffers[mean] memory changes",
}


def target(name):
    module = recorded_models if hasattr(recorded_models, name) else changing_components
    return f"{module.__name__}.{name}"


def trainer(device="cpu", images=None, **changes):
    images, labels = (part.to(device) for part in images or map(torch.from_numpy, images_of_classes(COUNT)))
    return Trainer("cell", canonical(**{"batch_size": BATCH, "learning_rate": 0.02} | changes), 1, images, labels, 4)


def left(epoch, one):
    """What an epoch of trainer `one` leaves, on the CPU: metrics, weights, states of optimizer and random numbers."""
    tensors = [*epoch.model.values(), *epoch.loss.values()]
    for state in epoch.rest["optimizer"]["state"].values():
        tensors += [value for value in state.values() if isinstance(value, torch.Tensor)]
    metrics = [value for name, value in vars(epoch.row).items() if name != "seconds"]
    draws = torch.get_rng_state(), torch.tensor(random.getstate()[1]), torch.from_numpy(np.random.get_state()[1])
    on_gpu = [torch.cuda.get_rng_state()] if one.device.type == "cuda" else []
    return metrics, [tensor.detach().cpu().clone() for tensor in (*tensors, *draws, *on_gpu)]


def same(one, other):
    return one[0] == other[0] and all(map(torch.equal, one[1], other[1]))
