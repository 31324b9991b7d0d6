"""What one cell trains with: every parameter resolved, equal values written alike."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Parameters:
    """Parameters of a cell. What each means and may be: `schemas/config.schema.json`."""

    hidden: tuple[int, ...]
    activation: str
    loss: str
    optimizer: str
    learning_rate: float
    momentum: float  # 0 for an optimizer that has none
    weight_decay: float
    batch_size: int
    epochs: int
    normalize: bool
    train_fraction: float
    seeds: tuple[int, ...]  # sorted: a seed's training does not depend on the others
    device: str

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Parameters":
        """Parameters from valid JSON values, so that equal settings are equal objects: 1 and 1.0, -0.0 and 0."""
        own = {field.name: EXACTLY[field.type](values[field.name]) for field in fields(cls)}
        own["seeds"] = tuple(sorted(own["seeds"]))
        if own["optimizer"] not in WITH_MOMENTUM:
            own["momentum"] = 0.0
        return cls(**own)

    def as_dict(self) -> dict[str, Any]:
        """The parameters as JSON values: lists for tuples, every number in its own type."""
        return asdict(self) | {"hidden": list(self.hidden), "seeds": list(self.seeds)}


# A JSON value as one of a parameter's type.
EXACTLY = {
    str: str,
    bool: bool,
    int: int,
    float: lambda number: float(number) + 0.0,
    tuple[int, ...]: lambda numbers: tuple(map(int, numbers)),
}
NAMES = tuple(field.name for field in fields(Parameters))
WITH_MOMENTUM = ("sgd",)  # the optimizers that have one


def split(images: int, train_fraction: float) -> tuple[int, int]:
    """Numbers of training and validation images out of `images`: rounded, as 0.7 * 60,000 is not quite 42,000."""
    training = round(images * train_fraction)
    return training, images - training
