"""What one cell trains with: every parameter resolved, equal values written alike."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Parameters:
    """Parameters of a cell. What each means and may be: `workflow/schemas/config.schema.json`."""

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
        return cls(
            hidden=tuple(int(width) for width in values["hidden"]),
            activation=values["activation"],
            loss=values["loss"],
            optimizer=values["optimizer"],
            learning_rate=float(values["learning_rate"]),
            momentum=float(values["momentum"]) + 0.0 if values["optimizer"] in WITH_MOMENTUM else 0.0,
            weight_decay=float(values["weight_decay"]) + 0.0,
            batch_size=int(values["batch_size"]),
            epochs=int(values["epochs"]),
            normalize=values["normalize"],
            train_fraction=float(values["train_fraction"]),
            seeds=tuple(sorted(int(seed) for seed in values["seeds"])),
            device=values["device"],
        )

    def as_dict(self) -> dict[str, Any]:
        """The parameters as JSON values: lists for tuples, every number in its own type."""
        return asdict(self) | {"hidden": list(self.hidden), "seeds": list(self.seeds)}


NAMES = tuple(field.name for field in fields(Parameters))
WITH_MOMENTUM = ("sgd",)  # the optimizers that have one


def split(images: int, train_fraction: float) -> tuple[int, int]:
    """Numbers of training and validation images out of `images`: rounded, as 0.7 * 60,000 is not quite 42,000."""
    training = round(images * train_fraction)
    return training, images - training
