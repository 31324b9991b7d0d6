"""What one cell trains with: every parameter resolved, equal values written alike."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

TARGET = "_target_"
COMPONENTS = ("model", "loss", "optimizer")
# Options with a key of their own in a cell and in `defaults`, and the component that they belong to.
SHORT_KEYS = {
    "hidden": "model",
    "activation": "model",
    "dropout": "model",
    "batch_norm": "model",
    "momentum": "optimizer",
    "weight_decay": "optimizer",
}


class Component(NamedTuple):
    """A class or function and its options, those of its signature that are not given included.

    `target` is a dotted name, or a file relative to the working directory and a name in it: `models/lenet.py:LeNet`.
    """

    target: str
    options: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        return {TARGET: self.target, **self.options}


@dataclass(frozen=True, slots=True)
class Parameters:
    """Parameters of a cell. What each means and may be: `keys`."""

    model: Component
    loss: Component
    optimizer: Component
    learning_rate: float
    batch_size: int
    epochs: int
    normalize: bool
    train_fraction: float
    seeds: list[int]  # sorted: a seed's training does not depend on the others
    device: str
    packages: dict[str, str] = field(default_factory=dict)  # versions of those that targets are in, where they count

    def as_dict(self) -> dict[str, Any]:
        """The parameters as JSON values."""
        return {name: _plain(getattr(self, name)) for name in FIELDS}


def _plain(value: Any) -> Any:
    return value.as_dict() if isinstance(value, Component) else value


FIELDS = tuple(name for name in Parameters.__slots__ if name != "packages")
NUMBERS = tuple(name for name in FIELDS if name not in COMPONENTS)


def _names() -> Iterator[str]:
    for name in FIELDS:
        yield name
        owner = {"model": "model", "learning_rate": "optimizer"}.get(name)
        yield from (key for key, component in SHORT_KEYS.items() if component == owner)


NAMES = tuple(_names())  # the keys of a cell's parameters, in the order of tables
