"""What figures, data sets and verdicts are called on the page; parameters: `experiment_grid.config.labels`."""

from typing import Any

from experiment_grid.column_values import CONFIRMED, CONSISTENT, DIFFERS, NEARLY, REFUTED, STATED, UNLIKE
from experiment_grid.config.labels import title
from experiment_grid.format import setting

FIGURES = {
    "train_loss": "Total training loss",
    "train_images": "Training images",
    "train_correct": "Training images right",
    "train_accuracy": "Training accuracy",
    "minutes": "Training time",
    "test_correct": "Test images right",
    "test_accuracy": "Test accuracy",
    "test_f1": "Test F1, weighted",
}
DATASETS = {
    "mnist": "MNIST",
    "fashion-mnist": "Fashion-MNIST",
    "kmnist": "KMNIST",
    "qmnist": "QMNIST",
    "emnist": "EMNIST",
    "cifar10": "CIFAR-10",
    "cifar100": "CIFAR-100",
    "svhn": "SVHN",
    "usps": "USPS",
    "digits": "scikit-learn’s digits",
}
INK = ("mnist", "kmnist", "qmnist", "emnist", "usps", "digits")  # light on dark: shown as ink on paper
# How a verdict is coloured; its word is beside the colour always.
VERDICTS = {
    **dict.fromkeys((CONFIRMED, CONSISTENT, STATED, NEARLY, "decided"), "good"),
    **dict.fromkeys((REFUTED, DIFFERS, UNLIKE, "failed", "diverged"), "bad"),
}


def verdict_class(verdict: str) -> str:
    """The class of a verdict's colours; whatever is neither good nor bad is open."""
    return VERDICTS.get(verdict, "open")


def epoch_words(epoch: str) -> str:
    """The epoch that test figures are taken at, in words."""
    return "last epoch" if epoch == "last" else "epoch of the best validation accuracy"


def settings_text(parameters: dict[str, Any]) -> str:
    """Parameters as one line of text."""
    return ", ".join(f"{title(key)} {_value(key, value)}" for key, value in parameters.items())


def _value(key: str, value: Any) -> str:
    return " ".join(setting(seed) for seed in value) if key == "seeds" else setting(value)


def device_name(device: Any) -> str:
    """A device as the record has it, or as a plain name."""
    return device if isinstance(device, str) else str(device.get("name") or device.get("type"))
