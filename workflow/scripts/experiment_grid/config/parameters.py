"""What one cell trains with: every parameter resolved, equal values written alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from experiment_grid.config.labels import COMPONENTS

TARGET = "_target_"


@dataclass(frozen=True, slots=True)
class Component:
    """A class or function and its options, those of its signature that are not given included.

    `target` is a dotted name, or a file relative to the working directory and a name in it: `models/lenet.py:LeNet`.
    """

    target: str
    options: Mapping[str, Any]

    def __hash__(self) -> int:
        return hash((self.target, repr(self.options)))

    def as_dict(self) -> dict[str, Any]:
        """The component as JSON values, as the config could give it."""
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
    seeds: tuple[int, ...]  # sorted: a seed's training does not depend on the others
    device: str
    step: str = field(default="recorded", compare=False)  # or eager, which gives the same bits
    packages: dict[str, str] = field(
        default_factory=dict, compare=False
    )  # versions of those that targets are in, where they count

    def as_dict(self) -> dict[str, Any]:
        """The parameters as JSON values."""
        parameters = {name: plain(getattr(self, name)) for name in FIELDS}
        return parameters | ({} if self.step == "recorded" else {"step": self.step})


def plain(value: Any) -> Any:
    if isinstance(value, Component):
        return value.as_dict()
    return list(value) if isinstance(value, tuple) else value


FIELDS = tuple(name for name in Parameters.__slots__ if name not in ("step", "packages"))
NUMBERS = tuple(name for name in FIELDS if name not in COMPONENTS)
