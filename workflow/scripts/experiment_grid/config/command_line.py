"""Values of --config. Snakemake reads what is nested in one as text, and so `true`: 'defaults={"dropout": 0.1}'; and it
takes a title such as 007 for a number. What the configuration's model has as text stays the text that was typed."""

import json
from collections.abc import Mapping
from typing import Any, get_args

import yaml
from pydantic import BaseModel

from experiment_grid.config.keys import Config
from experiment_grid.config.problems import SafeLoader


def typed(
    config: Mapping[str, Any], given: Mapping[str, Any], texts: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The merged `config`, in which values that --config passed as text (`given`) become numbers, true, false or null.

    `texts` are the values of --config as they were typed.
    """
    kept = {key: text for key, text in (texts or {}).items() if key in given and _is_text(_kind(Config, key), text)}
    try:
        return _merged(config, given, Config) | kept
    except RecursionError:  # aliases that go round in a ring, which the check of the configuration reports
        return dict(config)


def _merged(config: Mapping[str, Any], given: Mapping[str, Any], kind: Any) -> dict[str, Any]:
    return {
        key: _typed(value, given[key], _kind(kind, key)) if key in given else value for key, value in config.items()
    }


def _typed(value: Any, given: Any, kind: Any) -> Any:
    if isinstance(value, Mapping) and isinstance(given, Mapping):
        return _merged(value, given, kind)
    if value != given:  # a file's
        return value
    return _read(value, kind)


def _parts(kind: Any) -> list[Any]:
    """The types that a type is a choice of, and those of a list's items."""
    return [kind, *(part for inner in get_args(kind) for part in _parts(inner))]


def _kind(kind: Any, key: str) -> Any:
    """The type of a key's value in one of this type; None where no model says it."""
    for part in _parts(kind):
        if isinstance(part, type) and issubclass(part, BaseModel) and key in part.model_fields:
            return part.model_fields[key].annotation
    return None


def _is_text(kind: Any, text: str) -> bool:
    """Whether a text stays one for a value of this type."""
    parts = _parts(kind)
    return str in parts and not (text == "null" and type(None) in parts)


def _read(value: Any, kind: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _read(item, _kind(kind, key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_read(item, kind) for item in value]
    if isinstance(value, str) and _is_text(kind, value):
        return value
    if not isinstance(value, str):
        return value
    try:
        found = json.loads(value)  # 1e-3, which YAML 1.1 takes for text
    except ValueError:
        try:
            found = yaml.load(value, Loader=SafeLoader)
        except (yaml.YAMLError, ValueError):
            return value
    return found if isinstance(found, bool | int | float) or value == "null" else value
