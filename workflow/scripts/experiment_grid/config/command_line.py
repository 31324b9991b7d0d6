"""Values of --config. Snakemake reads what is nested in one as text, and so `true`: 'defaults={"dropout": 0.1}'."""

import json
from collections.abc import Mapping
from typing import Any

import yaml

from experiment_grid.config.problems import LOADER as SafeLoader


def typed(config: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The merged `config` with numbers, true, false and null where --config, which said `given`, has their text."""
    try:
        return {key: _typed(value, given[key]) if key in given else value for key, value in config.items()}
    except RecursionError:  # aliases that go round in a ring, which the check of the configuration reports
        return dict(config)


def _typed(value: Any, given: Any) -> Any:
    if isinstance(value, Mapping) and isinstance(given, Mapping):
        return typed(value, given)
    if value != given:  # a file's
        return value
    return _read(value)


def _read(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _read(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_read(item) for item in value]
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
