"""From the values of a cell and of `defaults` to its parameters: components found, options inherited."""

from collections.abc import Iterator, Mapping
from typing import Any

from experiment_grid.config.components import Given, ProblemsError, component, fits, options_of, target_of
from experiment_grid.config.grid import Axis
from experiment_grid.config.key_types import as_list
from experiment_grid.config.labels import AUGMENT, COMPONENTS, SHORT_KEYS
from experiment_grid.config.locate import Located, RefusedError, locate
from experiment_grid.config.parameters import HANDLING, OPTIONAL, TARGET, TRAINING_KEYS, Component, Parameters
from experiment_grid.config.problems import MISSING, Keys, Problem
from experiment_grid.config.shortnames import short
from experiment_grid.source_code.fingerprint import version

Packages = list[str]  # that the config lists, and a target is in
DEFAULT = {"model": "mlp", "schedule": "none"}  # of a config that names none


class CellValues:
    """What an item of the list of cells says, for one of the cells that it makes."""

    def __init__(self, name: str, own: Mapping[str, Any], keys: Keys = (), axes: Mapping[str, Axis] | None = None):
        self.name, self.own, self.keys, self.axes = name, own, keys, axes or {}

    def where(self, key: str) -> Keys:
        """The key path of a parameter: the cell's own, an axis, or in `defaults`."""
        if key in self.axes:
            return (*self.keys, *self.axes[key].keys)
        return (*self.keys, key) if key in self.own else ("defaults", key)

    def place(self, kind: str) -> Keys:
        """Where the component itself is given; of an axis the value that counts."""
        place = self.where(kind)
        if kind in self.axes and (kind == AUGMENT or not isinstance(self.own[kind], str)):
            return (*place, self.axes[kind].values.index(self.own[kind]))
        return place


class Resolution:
    """Makes parameters of cells under `defaults` that are valid by the schema."""

    def __init__(self, defaults: Mapping[str, Any], packages: list[str]):
        self._defaults = defaults
        self._packages = tuple(packages)
        self._made: dict[tuple[str, str], tuple[Component, Packages]] = {}

    def parameters(self, cell: CellValues) -> Parameters:
        """The parameters of a cell. Raises ProblemsError with all that is wrong."""
        values = {**OPTIONAL, **self._defaults, **cell.own}
        missing = [key for key in (*COMPONENTS, *TRAINING_KEYS) if key not in {**DEFAULT, **values}]
        problems = [Problem(("defaults", key), f"is missing, and cell {cell.name} has none") for key in missing]
        made: dict[str, Any] = {}
        packages: dict[str, str] = {}
        for kind in (*COMPONENTS, AUGMENT):
            if kind in missing:
                continue
            try:
                made[kind], found = self._augment(cell) if kind == AUGMENT else self._component(kind, cell)
                packages |= {name: version(name) for name in found}
            except ProblemsError as error:
                problems += error.problems
        if problems:
            raise ProblemsError(problems)
        numbers = {key: values[key] for key in (*TRAINING_KEYS, *HANDLING)}
        return Parameters(**made, **numbers, step=values.get("step", "recorded"), packages=packages)

    def _component(self, kind: str, cell: CellValues) -> tuple[Component, Packages]:
        """A component of a cell; nearly all cells of a large grid have one that another cell has too."""
        about = {key: value for key, value in cell.own.items() if kind in (SHORT_KEYS.get(key), key.partition(".")[0])}
        same = kind, repr(about)
        if same not in self._made:
            self._made[same] = self._new_component(kind, cell)
        return self._made[same]

    def _augment(self, cell: CellValues) -> tuple[tuple[Component, ...], Packages]:
        """What changes a cell's training images, in this order."""
        said = cell.own[AUGMENT] if AUGMENT in cell.own else self._defaults.get(AUGMENT)
        whole = cell.place(AUGMENT) if AUGMENT in cell.own else ("defaults", AUGMENT)
        made: list[Component] = []
        packages: list[str] = []
        problems: list[Problem] = []
        for number, one in enumerate(as_list(said)):
            place = (*whole, number) if isinstance(said, list) else whole
            try:
                located = self._locate(AUGMENT, one, place, cell)
                made.append(component(f"augmentation of cell {cell.name}", located, _options(one, place), place))
                packages += [located.package] if located.package else []
            except ProblemsError as error:
                problems += error.problems
        if problems:
            raise ProblemsError(problems)
        return tuple(made), packages

    def _new_component(self, kind: str, cell: CellValues) -> tuple[Component, Packages]:
        inherited, own = self._defaults.get(kind, DEFAULT.get(kind)), cell.own.get(kind)
        replaced = own is not None and (isinstance(own, str) or TARGET in own)
        place = cell.place(kind) if replaced else ("defaults", kind)
        located = self._locate(kind, own if replaced else inherited, place, cell)
        options = {} if replaced else _options(inherited, ("defaults", kind))
        problems = list(self._own_options(kind, cell, located, options))
        if problems:
            raise ProblemsError(problems)
        for key, value in self._defaults.items():
            if SHORT_KEYS.get(key) == kind and key not in options and fits(located, key, value):
                options[key] = Given(value, ("defaults", key))
        return component(f"{kind} of cell {cell.name}", located, options, place), [
            located.package
        ] if located.package else []

    def _locate(self, kind: str, said: Any, place: Keys, cell: CellValues) -> Located:
        target = target_of(said)
        if isinstance(said, Mapping):
            place = (*place, TARGET)
        if not isinstance(target, str):
            missing = target is None and (said is None or TARGET not in said)
            if missing and kind in DEFAULT:
                return locate(kind, DEFAULT[kind])
            wrong = f"is missing: the {kind} of cell {cell.name}" if missing else "must be text"
            given = MISSING if missing else target
            raise ProblemsError([Problem(place, wrong, given, "a name or a target")])
        try:
            return locate(kind, target, self._packages)
        except RefusedError as error:
            raise ProblemsError([Problem(place, error.wrong, target, error.allowed)]) from None

    def _own_options(
        self, kind: str, cell: CellValues, located: Located, options: dict[str, Given]
    ) -> Iterator[Problem]:
        """Add to `options` those that the cell itself gives; what is wrong with their keys."""
        own = _options(cell.own.get(kind), cell.place(kind))
        options |= own
        for key, value in cell.own.items():
            component, _, option = key.partition(".")
            by_key = SHORT_KEYS.get(key) == kind
            option = key if by_key else option
            if not by_key and (component != kind or not option):
                continue
            if option == TARGET:
                yield Problem(cell.where(key), f"is not an option: {kind} itself is the key", value, kind)
                continue
            if option in own:
                yield Problem(
                    own[option].keys, f"is given twice: here and by {key}", own[option].value, "one of the two"
                )
            elif by_key and located.parameters is not None and key not in located.parameters:
                if value:
                    what = f"{short(located.target)}, the {kind} of cell {cell.name}"
                    yield Problem(
                        cell.where(key), f"has no effect on {what}", value, _nothing(kind, key, located, value)
                    )
            else:
                own[option] = options[option] = Given(value, cell.where(key))


def _options(said: Any, place: Keys) -> dict[str, Given]:
    return {option: Given(value, (*place, option)) for option, value in options_of(said).items()}


def _nothing(kind: str, key: str, located: Located, value: Any) -> str:
    """What a component that does not name such an option allows: nothing, or what means the same."""
    if located.open:
        return f"{kind}.{key} for its **kwargs, or nothing here"
    if isinstance(value, str):
        return "nothing here"
    none = "false" if isinstance(value, bool) else "[]" if isinstance(value, list) else "0"
    return f"{none} or nothing here"
