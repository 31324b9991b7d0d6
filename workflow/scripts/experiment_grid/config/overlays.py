"""Components of `defaults` that several files give.

Snakemake merges mappings key by key, so that an overlay's `model: {_target_: cnn}` would keep the options that the file
below gives its own model. This module merges them again, file by file.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from snakemake.utils import update_config

from experiment_grid.config.components import options_of
from experiment_grid.config.labels import AUGMENT, COMPONENTS, SHORT_KEYS
from experiment_grid.config.parameters import TARGET
from experiment_grid.config.problems import Problem, Sources

Said = str | Mapping[str, Any] | None


def defaults(merged: Mapping[str, Any], sources: Sources) -> dict[str, Any]:
    """`defaults` as Snakemake merged it from files and --config, each component as the last file has it."""
    if not needed(merged):
        return dict(merged)
    files = [said for said in sources.values("defaults") if isinstance(said, dict)]
    made = dict(merged)
    for name in (*COMPONENTS, AUGMENT):
        if isinstance(merged.get(name), Mapping):
            made[name] = _component(name, merged, files)
    return made


def needed(merged: Mapping[str, Any]) -> bool:
    """Whether a component has options, which merging may have mixed."""
    return any(isinstance(merged.get(name), Mapping) for name in (*COMPONENTS, AUGMENT))


def twice(sources: Sources) -> Iterator[Problem]:
    """Options that one file gives by their own key and within the component too."""
    for said in sources.values("defaults"):
        if isinstance(said, dict):
            yield from given_twice(said, ("defaults",))


def given_twice(said: Mapping[str, Any], keys: tuple[Any, ...]) -> Iterator[Problem]:
    """Options in `said` that are given by their own key and within their component."""
    for key, name in SHORT_KEYS.items():
        if key in said and isinstance(said.get(name), Mapping) and key in said[name]:
            wrong = f"is given twice: here and as an option of {name}"
            yield Problem((*keys, key), wrong, said[key], "one of the two")


def _component(name: str, merged: Mapping[str, Any], files: list[dict[str, Any]]) -> Said:
    """A component from what the files say, the lowest first, and what is left of the merged value for --config."""
    said: Said = None
    for file in files:
        said = _under(said, file, name)
    before: dict[str, Any] = {}
    for file in files:
        update_config(before, {key: file[key] for key in (name, *SHORT_KEYS) if key in file})
    if not files:
        given: Said = merged[name]
        return given
    own = {key: merged[key] for key in (name, *SHORT_KEYS) if key in merged and before.get(key) != merged[key]}
    if name in own and isinstance(before.get(name), Mapping):  # --config gave what differs
        known = before[name]
        own[name] = {key: value for key, value in own[name].items() if key not in known or known[key] != value}
    return _under(said, own, name)


def _under(said: Said, file: Mapping[str, Any], name: str) -> Said:
    """A component after one more file: replaced where that names a target, else with the options that it gives."""
    own = file.get(name)
    if isinstance(own, str) or (isinstance(own, Mapping) and TARGET in own):
        said = own
    elif isinstance(own, Mapping):
        said = {**({TARGET: said} if isinstance(said, str) else said or {}), **own}
    later = {key for key, owner in SHORT_KEYS.items() if owner == name and key in file} - {*options_of(own)}
    if isinstance(said, Mapping):  # a key of a later file is about the same option
        said = {key: value for key, value in said.items() if key not in later}
    return said
