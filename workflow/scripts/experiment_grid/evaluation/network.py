"""The forward pass of saved weights in NumPy: importing torch would take longer than all that evaluation does."""

from collections.abc import Sequence

import numpy as np

CHUNK = 500  # images at a time: as in training/model.py


def _elu(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def _gelu(x: np.ndarray) -> np.ndarray:
    from scipy.special import erf  # late: 0.1 s that only this activation needs

    return x * (0.5 * (1 + erf(x * np.float32(0.5**0.5))))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


# The same functions as in training/activations.py, which a test holds together.
ACTIVATIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x > 0, x, np.float32(0.01) * x),
    "elu": _elu,
    "gelu": _gelu,
    "silu": lambda x: x * _sigmoid(x),
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
}


def inputs_of(images: np.ndarray, normalize: bool) -> np.ndarray:
    """Images uint8 [M, height, width] as the network sees them, an image a column: float32 [pixels, M]."""
    scale, shift = (2 / 255, -1) if normalize else (1 / 255, 0)
    inputs = np.ascontiguousarray(images.reshape(len(images), -1).T) * np.float32(scale)
    inputs += np.float32(shift)
    return inputs


def predict(weights: Sequence[np.ndarray], inputs: np.ndarray, activation: str) -> np.ndarray:
    """Logits float32 [M, classes] of inputs float32 [pixels, M]; NaN or infinite if the weights are.

    Layers are computed as [width, images]: the other way round NumPy's OpenBLAS took twice to three times as long on a
    first-generation EPYC.
    """
    activate = ACTIVATIONS[activation]
    logits = []
    with np.errstate(all="ignore"):  # a diverged network overflows, and says so by its figures
        for start in range(0, inputs.shape[-1], CHUNK):
            outputs = inputs[:, start : start + CHUNK]
            for weight, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
                outputs = activate(weight @ outputs + bias[:, np.newaxis])
            logits.append((weights[-2] @ outputs + weights[-1][:, np.newaxis]).T)
    return np.concatenate(logits)
