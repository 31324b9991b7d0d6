"""What the parameters are called, and what a difference in one is: in findings, in tables and on the page.

A name that is not told here is the key itself, with spaces.
"""

from experiment_grid.config.parameters import NAMES

TITLES = {
    "hidden": "hidden layers",
    "loss": "loss function",
    "normalize": "normalised",
    "train_fraction": "training fraction",
}
# A difference in the hidden layers is told by what differs in them: their depth, their width, or both.
DIFFERENCES = {
    "depth": "number of hidden layers",
    "width": "number of neurons in the hidden layers",
    "hidden": "hidden layers and neurons together",
    "activation": "activation function",
    "epochs": "number of epochs",
    "normalize": "normalisation",
    "train_fraction": "split of training and validation images",
}
# What the assignment asks about, in its order.
ASKED = ("depth", "width", "loss", "batch_size", "learning_rate", "train_fraction", "epochs", "normalize", "device")

PARAMETERS = {name: TITLES.get(name, name.replace("_", " ")) for name in NAMES}
_FACTORS = [factor for factor in dict.fromkeys([*ASKED, *NAMES]) if factor != "seeds"]
FACTORS = {factor: DIFFERENCES.get(factor) or PARAMETERS[factor] for factor in _FACTORS}  # asked ones first
