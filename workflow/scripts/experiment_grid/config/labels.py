"""What the parameters are called, and what a difference in one is: in findings, in tables and on the page.

A parameter is a key of a cell's flat parameters: `learning_rate`, a component (`model`), or an option of one (`hidden`,
`model.channels`). One without a title here is called by its key.
"""

from collections.abc import Iterable

COMPONENTS = ("model", "loss", "optimizer", "schedule")
AUGMENT = "augment"  # a list of components
# Options with a key of their own at the top of a cell; all others are called `component.option`.
SHORT_KEYS = {
    "hidden": "model",
    "activation": "model",
    "dropout": "model",
    "batch_norm": "model",
    "momentum": "optimizer",
    "weight_decay": "optimizer",
}
TITLES = {
    "augment": "augmentation",
    "hidden": "hidden layers",
    "l1": "L1 penalty",
    "amp": "mixed precision",
    "tf32": "TF32",
    "deterministic": "deterministic kernels",
    "batch_norm": "batch normalization",
    "loss": "loss function",
    "normalize": "normalized",
    "train_fraction": "training fraction",
}
# A difference in the hidden layers is named after what differs in them: their depth, their width, or both.
DIFFERENCES = {
    "depth": "number of hidden layers",
    "width": "number of neurons in the hidden layers",
    "hidden": "hidden layers and neurons together",
    "activation": "activation function",
    "epochs": "number of epochs",
    "normalize": "normalization",
    "train_fraction": "split of training and validation images",
}
# What the assignment asks about, in its order.
ASKED = ("depth", "width", "loss", "batch_size", "learning_rate", "train_fraction", "epochs", "normalize", "device")


def component(key: str) -> str | None:
    """The component that a parameter is an option of; None for components themselves and for all else."""
    first, _, option = key.partition(".")
    return first if option and first in COMPONENTS else SHORT_KEYS.get(key)


def column(key: str) -> str:
    """A config's key of an option as a cell's flat parameters have it: model.hidden is hidden."""
    first, _, option = key.partition(".")
    return option if SHORT_KEYS.get(option) == first else key


def title(key: str) -> str:
    """A parameter's name in words: hidden layers, learning rate, label smoothing (loss)."""
    if key in TITLES:
        return TITLES[key]
    first, _, option = key.partition(".")
    return f"{option} ({first})".replace("_", " ") if option else key.replace("_", " ")


def factor_name(factor: str) -> str:
    """What a difference in a parameter is called: number of epochs."""
    return DIFFERENCES.get(factor) or title(factor)


def in_order(factors: Iterable[str]) -> list[str]:
    """Factors without repetition, those that the assignment asks about first."""
    unique = dict.fromkeys(factors)
    return [*(factor for factor in ASKED if factor in unique), *(factor for factor in unique if factor not in ASKED)]
