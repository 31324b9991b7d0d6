"""Parameters of cells as columns: what compare, errors, report and the page see."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from experiment_grid.config.components import defaults_of
from experiment_grid.config.labels import AUGMENT, COMPONENTS, SHORT_KEYS
from experiment_grid.config.locate import locate
from experiment_grid.config.parameters import FIELDS, Component, Parameters, as_json, is_default
from experiment_grid.config.shortnames import short
from experiment_grid.format import plain

Shown = Mapping[tuple[str, str], list[str]]  # names of options by component and target


def flat(cells: Mapping[str, Parameters]) -> dict[str, dict[str, Any]]:
    """The parameters of every cell by name, in the order of the table.

    A component is its short name or its target. Options with a key of their own in the config have it here too, and are
    always there where the component has them; others are called `model.channels`, and are there if a cell with that
    target has another value than the signature's default. A cell without such an option has no such key. An optional
    parameter, such as `schedule`, is there if a cell has another value than the default. `augment` is a text.
    """
    shown = _shown(cells.values())
    used = [name for name in FIELDS if any(not is_default(name, getattr(cell, name)) for cell in cells.values())]
    return {name: dict(_columns(parameters, used, shown)) for name, parameters in cells.items()}


def name_of(kind: str, option: str) -> str:
    """What an option of a component is called."""
    return option if SHORT_KEYS.get(option) == kind else f"{kind}.{option}"


def _shown(cells: Any) -> Shown:
    found: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    usual: dict[tuple[str, str], dict[str, Any]] = {}
    for parameters in cells:
        for kind in COMPONENTS:
            component: Component = getattr(parameters, kind)
            key = kind, component.target
            if key not in usual:
                usual[key] = defaults_of(locate(*key, tuple(parameters.packages)))
            for option, value in component.options.items():
                if SHORT_KEYS.get(option) == kind or usual[key].get(option) != value:
                    found[key][option] = None
    orders = {key: list(defaults) for key, defaults in usual.items()}
    return {key: sorted(found[key], key=partial(_place, order=orders[key])) for key in usual}


def _place(name: str, order: list[str]) -> tuple[int, str]:
    return (order.index(name), "") if name in order else (len(order), name)


def _columns(parameters: Parameters, names: list[str], shown: Shown) -> Iterator[tuple[str, Any]]:
    for name in names:
        value = getattr(parameters, name)
        if name == AUGMENT:
            yield name, _augment_text(value, tuple(parameters.packages))
        elif name not in COMPONENTS:
            yield name, as_json(value)
        else:
            yield name, short(value.target)
        if name in ("model", "loss", "schedule"):
            yield from _options(name, value, shown)
        elif name == "learning_rate":
            yield from _options("optimizer", parameters.optimizer, shown)


def _augment_text(augment: tuple[Component, ...], packages: tuple[str, ...]) -> str:
    """`RandomAffine(degrees=0, translate=0.1-0.1) + RandomInvert`: options that are not the default; `none`."""
    texts = []
    for one in augment:
        usual = defaults_of(locate(AUGMENT, one.target, packages))
        options = [f"{name}={plain(value)}" for name, value in one.options.items() if usual.get(name) != value]
        texts.append(short(one.target) + (f"({', '.join(options)})" if options else ""))
    return " + ".join(texts) or "none"


def _options(kind: str, component: Component, shown: Shown) -> Iterator[tuple[str, Any]]:
    for option in shown[kind, component.target]:
        yield name_of(kind, option), component.options.get(option)
