"""Components of a cell (model, loss, augment, ...) and the data set: their options, checked and canonical."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from experiment_grid.config import annotations
from experiment_grid.config.labels import SHORT_KEYS
from experiment_grid.config.locate import Located
from experiment_grid.config.parameter_keys import ParameterKeys as Keyed
from experiment_grid.config.parameters import TARGET, Component
from experiment_grid.config.problems import MISSING, Keys, Problem, closest
from experiment_grid.config.shortnames import SHORT_NAMES, short
from experiment_grid.config.validation import problems
from experiment_grid.source_code.signatures import Parameter

TARGETS = ("target", "_target", "class_path", "class", "type", "name")  # what others call it
ANYTHING = Parameter("", "", required=False, literal=False, default=None)


@dataclass
class Given:
    """An option as the config gives it, and where."""

    value: Any
    keys: Keys


def component(what: str, located: Located, options: Mapping[str, Given], place: Keys) -> Component:
    """A component in its canonical form: `what` is its name in messages, `place` its key path in the config.

    Raises ProblemsError.
    """
    what = f"{short(located.target)}, the {what}"
    found = list(_problems(what, located, options, place))
    if found:
        raise ProblemsError(found)
    parameters = located.parameters or {}
    values = defaults_of(located)
    for name in (*(name for name in parameters if name in options), *sorted(options.keys() - parameters.keys())):
        values[name] = _canonical(parameters.get(name, ANYTHING), options[name].value)
    found = list(_guarded(what, located, values, options, place))
    if found:
        raise ProblemsError(found)
    said = {name for name in options if name not in parameters or parameters[name].default is not None}
    return Component(
        located.target, {name: value for name, value in values.items() if value is not None or name in said}
    )


def defaults_of(located: Located) -> dict[str, Any]:
    """The options of a component that is given none, in the order of its signature; None where there is no value."""
    parameters = (located.parameters or {}).values()
    return {one.name: _canonical(one, one.default) if one.literal else None for one in parameters}


def _canonical(parameter: Parameter, value: Any) -> Any:
    try:
        return annotations.fit(parameter.annotation, value, parameter.default)
    except annotations.MisfitError:  # a default that is not as its annotation says: `size: int = None`
        return value


class ProblemsError(Exception):
    """What is wrong with a component."""

    def __init__(self, problems: list[Problem]):
        super().__init__(problems)
        self.problems = problems


def _problems(what: str, located: Located, options: Mapping[str, Given], place: Keys) -> Iterator[Problem]:
    for name, given in options.items():
        if name in located.given:
            yield Problem(
                given.keys, f"is not an option: {located.given[name]}", given.value, located.known or "no such key"
            )
        elif located.parameters is None or (name not in located.parameters and located.open):
            continue
        elif name not in located.parameters:
            yield Problem(
                given.keys,
                f"unknown option of {what}{_near(name, located)}",
                given.value,
                located.known or "no options",
            )
        else:
            yield from _misfits(name, located, given)
    for name, parameter in (located.parameters or {}).items():
        if parameter.required and name not in options:
            yield Problem(
                (*place, name), f"is missing: an option of {what}", allowed=annotations.words(parameter.annotation)
            )


def _near(name: str, located: Located) -> str:
    """What an unknown option may be meant for, if not for another option then for the target."""
    if name in TARGETS:
        return f" (did you mean {TARGET}?)"
    known = any(name in names for names in SHORT_NAMES.values())
    return f" (write {TARGET}: {name})" if known else closest(name, located.parameters or ())


def _misfits(name: str, located: Located, given: Given) -> Iterator[Problem]:
    try:
        annotations.fit((located.parameters or {})[name].annotation, given.value)
    except annotations.MisfitError as error:
        yield Problem((*given.keys, *error.keys), error.wrong, error.value, error.allowed)
        return
    if name in SHORT_KEYS and located.target.startswith("torch.optim.") and given.value is not None:
        for problem in problems({name: given.value}, Keyed):
            yield Problem((*given.keys, *problem.keys[1:]), problem.wrong, problem.given, problem.allowed)


def _guarded(
    what: str, located: Located, values: Mapping[str, Any], options: Mapping[str, Given], place: Keys
) -> Iterator[Problem]:
    """Values that the constructor would refuse, in its own words."""
    known = {name for name, parameter in (located.parameters or {}).items() if parameter.literal} | options.keys()
    values = {name: value for name, value in values.items() if name in known}
    for guard in located.guards:
        if guard.refuses(values):
            found = [options[name] for name in guard.names if name in options] or [Given(MISSING, place)]
            given = min(found, key=lambda one: one.keys[0] == "defaults")  # one of the cell's own, if there is
            said = f" ({guard.message})" if guard.message else ""
            yield Problem(given.keys, f"is refused by {what}{said}", given.value, guard.allowed)


def fits(located: Located, name: str, value: Any) -> bool:
    """Whether an inherited option is one of this component: named in its signature, with such a value."""
    parameter = (located.parameters or {}).get(name)
    if parameter is None:
        return False
    try:
        annotations.fit(parameter.annotation, value)
    except annotations.MisfitError as error:
        return error.out_of_range
    return True


def target_of(said: str | Mapping[str, Any] | None) -> str | None:
    """The target that a component's value names, if it does."""
    return said if isinstance(said, str) or said is None else said.get(TARGET)


def options_of(said: str | Mapping[str, Any] | None) -> dict[str, Any]:
    """The options that a component's value gives."""
    return {} if isinstance(said, str) or said is None else {key: said[key] for key in said if key != TARGET}
