"""From the config's list of cells to every cell of the grid: `grid: {axis: [values]}` means each combination."""

import itertools
import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from experiment_grid.config.labels import AUGMENT, COMPONENTS
from experiment_grid.config.parameters import TARGET

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
    labels = [_labels(axis, values, axes) for axis, values in axes.items()]
    for chosen in itertools.product(*(range(len(values)) for values in axes.values())):
        parts = [names[number] for names, number in zip(labels, chosen, strict=True)]
        values = [axis[number] for axis, number in zip(axes.values(), chosen, strict=True)]
        yield prefix + "_".join(parts), own | dict(zip(axes, values, strict=True))


def _labels(axis: str, values: list[Any], axes: Mapping[str, Any]) -> list[str]:
    """The values of an axis as parts of cells' names: lr-0.005, channels-6-16, model-LeNet. Safe in a path."""
    option = axis.rpartition(".")[2]
    alone = [other.rpartition(".")[2] for other in axes].count(option) == 1 and option[0].isalnum()
    name = SHORT.get(axis, option if alone else axis)
    texts = [_text(value, target=axis in (*COMPONENTS, AUGMENT)) for value in values]
    if len({*texts}) < len(texts):  # two files with a class of one name each
        texts = [_text(value) for value in values]
    return [f"{name}-{text}" for text in texts]


def _text(value: Any, *, target: bool = False) -> str:
    """A value in a name; of a `target` its class alone."""
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, list):
        return "-".join(_text(item, target=target) for item in value) or "none"
    if isinstance(value, dict):
        named = [_text(value[TARGET], target=target)] if TARGET in value else []
        options = (f"{key}-{_text(option)}" for key, option in value.items() if key != TARGET)
        return "-".join([*named, *options]) or "none"
    if isinstance(value, float):  # by value: 0.001 and 1.0e-3 are one name, 64.0 and 64 too
        return repr(int(value) if value.is_integer() else value)
    text = str(value)
    if target:
        text = re.split(r"[.:/]", text)[-1]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text)
