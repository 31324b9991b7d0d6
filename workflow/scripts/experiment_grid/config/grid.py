"""From an item of the config's list to the cells that it makes: combinations of a grid, points of a sample."""

import itertools
import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from experiment_grid.config import sampling
from experiment_grid.config.labels import AUGMENT, COMPONENTS
from experiment_grid.config.parameters import TARGET
from experiment_grid.config.problems import Keys

UNNAMED = "sample"
OF_ITEM = ("name", "note", "grid", "sample", "exclude")  # keys that are not parameters
SHORT = {  # axes with a shorter name in a cell's name; the others keep their own
    "learning_rate": "lr",
    "batch_size": "batch",
    "weight_decay": "decay",
    "train_fraction": "train",
}


class Axis(NamedTuple):
    """What varies between the cells of an item: where the item says so, and the values, or the ends of a range."""

    keys: Keys
    values: list[Any]


def axes(item: Mapping[str, Any]) -> dict[str, Axis]:
    """The axes of an item's grid or sample by parameter; none of a cell."""
    if "sample" in item:
        drawn = sampling.distributions(item["sample"])
        return {axis: Axis(("sample", axis, kind), values) for axis, (kind, values) in drawn.items()}
    return {axis: Axis(("grid", axis), values) for axis, values in item.get("grid", {}).items()}


def size(item: Mapping[str, Any]) -> int:
    """Number of cells that an item of the list makes at most."""
    if "sample" in item:
        number: int = item["sample"]["number"]
        return number
    return math.prod(len(axis.values) for axis in axes(item).values())


def expand(item: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and own parameters of every cell that an item of the list makes; of a grid the last axis changes
    fastest."""
    own = {key: value for key, value in item.items() if key not in OF_ITEM}
    exclude = item.get("exclude", ())
    if "sample" in item:
        prefix = item.get("name", UNNAMED)
        for number, values in sampling.draw(item["sample"], exclude).items():
            yield f"{prefix}-{number:03}", own | values
    elif "grid" in item:
        prefix = f"{item['name']}-" if "name" in item else ""
        for name, values in _combinations(item["grid"]):
            if not any(sampling.matches(entry, values) for entry in exclude):
                yield prefix + name, own | values
    else:
        yield item["name"], own


def _combinations(grid: Mapping[str, list[Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    labels = [_labels(axis, values, grid) for axis, values in grid.items()]
    for chosen in itertools.product(*(range(len(values)) for values in grid.values())):
        parts = [names[number] for names, number in zip(labels, chosen, strict=True)]
        values = [axis[number] for axis, number in zip(grid.values(), chosen, strict=True)]
        yield "_".join(parts), dict(zip(grid, values, strict=True))


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
