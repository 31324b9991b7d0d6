"""What one cell trains with: every parameter resolved, equal values written alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ConfigDict

from experiment_grid.config import parameter_keys
from experiment_grid.config.labels import AUGMENT, COMPONENTS
from experiment_grid.config.parameter_keys import Handling, TrainingKeys
from experiment_grid.config.shortnames import SHORT_NAMES

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


class Parameters(TrainingKeys, Handling):
    """Parameters of a cell. What each number means and may be: `parameter_keys`."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    model: Component
    loss: Component
    optimizer: Component
    schedule: Component
    augment: tuple[Component, ...] = ()
    step: str = "recorded"  # or eager, which gives the same bits
    packages: dict[str, str]  # versions of those that targets are in, where they count

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Parameters) and self._compared() == other._compared()

    def __hash__(self) -> int:
        return hash(self._compared())

    def _compared(self) -> tuple[Any, ...]:
        """The fields that the result depends on."""
        return tuple(getattr(self, name) for name in FIELDS)

    def as_dict(self) -> dict[str, Any]:
        """The parameters as JSON values; optional ones that have their default are left out."""
        given = {name: getattr(self, name) for name in (*FIELDS, *RECIPE)}
        parameters = {name: as_json(value) for name, value in given.items() if not is_default(name, value)}
        return parameters | ({} if self.step == "recorded" else {"step": self.step})


def as_json(value: Any) -> Any:
    """A parameter as JSON has it."""
    if isinstance(value, Component):
        return value.as_dict()
    return [as_json(item) for item in value] if isinstance(value, tuple) else value


def is_default(name: str, value: Any) -> bool:
    """Whether an optional parameter has its default: a config that doesn't name it means the same."""
    return name in OPTIONAL and value == OPTIONAL[name]


TRAINING_KEYS = tuple(TrainingKeys.model_fields)
OPTIONAL = {
    "schedule": Component(SHORT_NAMES["schedule"]["none"], {"warmup": 0.0}),
    AUGMENT: (),
    **{name: TrainingKeys.model_fields[name].default for name in parameter_keys.OPTIONAL},
    **{name: field.default for name, field in Handling.model_fields.items()},
}
HANDLING = tuple(Handling.model_fields)
RECIPE = ("keep", "threads")  # of these, what a training's result depends on
FIELDS = (*COMPONENTS, AUGMENT, *TRAINING_KEYS)
