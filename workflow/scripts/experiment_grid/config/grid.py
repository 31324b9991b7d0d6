"""From the config's list of cells to every cell of the grid: `grid: {axis: [values]}` means each combination."""

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

SHORT = {  # axes with a shorter name in a cell's name; the others keep their own
    "learning_rate": "lr",
    "batch_size": "batch",
    "weight_decay": "decay",
    "train_fraction": "train",
}


def size(item: Mapping[str, Any]) -> int:
    """Number of cells that an item of the list stands for."""
    return math.prod(len(values) for values in item.get("grid", {}).values())


def expand(item: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and own parameters of every cell that an item of the list stands for, the last axis changing fastest."""
    own = {key: value for key, value in item.items() if key not in ("name", "note", "grid")}
    if "grid" not in item:
        yield item["name"], own
        return
    axes = item["grid"]
    prefix = f"{item['name']}-" if "name" in item else ""
    for values in itertools.product(*axes.values()):
        labels = [label(axis, value) for axis, value in zip(axes, values, strict=True)]
        yield prefix + "_".join(labels), own | dict(zip(axes, values, strict=True))


def label(axis: str, value: Any) -> str:
    """A value of an axis as a part of a cell's name: lr-0.005, hidden-128-64, normalize-true. Safe in a path."""
    return f"{SHORT.get(axis, axis)}-{_text(value)}"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "-".join(map(_text, value)) or "none"
    if isinstance(value, float):  # by value: 0.001 and 1.0e-3 are one name, 64.0 and 64 too
        return repr(int(value) if value.is_integer() else value)
    return str(value)
