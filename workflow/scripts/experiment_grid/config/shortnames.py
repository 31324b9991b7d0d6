"""Short names of components, for the configuration alone: recipes and trainer know targets."""

from experiment_grid.config.labels import AUGMENT
from experiment_grid.data.datasets import DATASETS

OURS = "experiment_grid.training"
SHORT_NAMES = {
    "model": {
        "mlp": f"{OURS}.models.mlp.MLP",
        "linear": f"{OURS}.models.linear.Linear",
        "cnn": f"{OURS}.models.cnn.CNN",
    },
    "loss": {
        "nll": f"{OURS}.losses.nll.NLL",
        "cross_entropy": "torch.nn.CrossEntropyLoss",
        "mse": f"{OURS}.losses.mse.MSE",
        "multi_margin": "torch.nn.MultiMarginLoss",
    },
    "optimizer": {
        "sgd": "torch.optim.SGD",
        "adam": "torch.optim.Adam",
        "adamw": "torch.optim.AdamW",
        "rmsprop": "torch.optim.RMSprop",
        "adagrad": "torch.optim.Adagrad",
    },
    "schedule": {
        "none": f"{OURS}.schedules.none.Constant",
        "step": "torch.optim.lr_scheduler.StepLR",
        "exponential": "torch.optim.lr_scheduler.ExponentialLR",
        "cosine": "torch.optim.lr_scheduler.CosineAnnealingLR",
        "one_cycle": "torch.optim.lr_scheduler.OneCycleLR",
    },
}
SHORT_NAMES["dataset"] = {name: known.target for name, known in DATASETS.items() if known.target}
TRANSFORMS = "torchvision.transforms.v2"  # whose classes are short names of `augment`
_SHORT = {target: name for names in SHORT_NAMES.values() for name, target in names.items()}


def full(kind: str, name: str) -> str:
    """The full target of a short name; other names are returned unchanged."""
    if kind == AUGMENT:
        return f"{TRANSFORMS}.{name}" if name.isidentifier() else name
    return SHORT_NAMES[kind].get(name, name)


def short(target: str) -> str:
    """The short name of a target that has one, else the target."""
    package, _, name = target.rpartition(".")
    return name if package == TRANSFORMS else _SHORT.get(target, target)
