"""Validation of a document by a typed model such as that in `keys`; what the errors say: `messages`."""

import functools
import itertools
import math
import re
import sys
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.json_schema import GenerateJsonSchema

from experiment_grid.config.messages import UNKNOWN, explain, is_tag
from experiment_grid.config.problems import Keys, Problem

NODES = 2_000_000  # values in a document: YAML's aliases make billions of a few lines
DEPTH = 20  # levels of a document: aliases can loop
MOST = 100  # problems looked for
SMALLEST = sys.float_info.min  # of the normal floating-point numbers


def problems(document: Any, model: type[BaseModel]) -> list[Problem]:
    """What is wrong with a document by a typed model; at first whether it is JSON at all."""
    found = list(itertools.islice(_not_json(document), MOST))
    if found:
        return found
    try:
        model.model_validate(document)
    except ValidationError as raised:
        root = schema_of(model)
        errors = [(_keys(error["loc"]), error) for error in raised.errors(include_url=False)]
        unknown = {keys for keys, error in errors if error["type"] in UNKNOWN}  # no word on such a key's value
        errors = [(keys, error) for keys, error in errors if error["type"] in UNKNOWN or keys not in unknown]
        errors.sort(key=lambda pair: _order(*pair))
        return [explain(keys, error, document, root) for keys, error in errors[:MOST]]
    return []


class Schema(GenerateJsonSchema):
    """JSON Schema as a person would write it: no titles made of keys, no null where a key is simply left out."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def default_schema(self, schema: Any) -> dict[str, Any]:
        made = super().default_schema(schema)
        if "default_factory" in schema:
            return {**made, "default": schema["default_factory"]()}
        if made.get("default", 0) is None and schema["schema"]["type"] != "nullable":
            del made["default"]
        return made


@functools.cache
def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of a typed model."""
    return model.model_json_schema(schema_generator=Schema)


def _not_json(document: Any) -> Iterator[Problem]:
    """What YAML can say and JSON can't: dates, sets, infinite numbers, keys that are not text, loops."""
    stack: list[tuple[Any, Keys]] = [(document, ())]
    visited = 0
    while stack:
        value, keys = stack.pop()
        visited += 1
        if visited > NODES or len(keys) > DEPTH:
            yield Problem(keys[:3], "has too many levels or values", allowed=f"{DEPTH} levels, {NODES} values")
            return
        if isinstance(value, dict):
            names = [key for key in value if isinstance(key, str) and _clean(key)]
            for key in value.keys() - set(names):
                yield Problem(keys, "has a key that is not plain text", key, "text")
            stack.extend((value[key], (*keys, key)) for key in reversed(names))
        elif isinstance(value, list):
            stack.extend((value[index], (*keys, index)) for index in reversed(range(len(value))))
        elif isinstance(value, float) and not math.isfinite(value):
            yield Problem(keys, "is not finite", value, "a finite number")
        elif isinstance(value, float) and 0 < abs(value) < SMALLEST:  # training takes these for 0
            yield Problem(keys, "is too small a number", value, f"0, or {SMALLEST:.4g} and more")
        elif isinstance(value, int) and abs(value) >= 2**63:
            yield Problem(keys, "is too large a number", value, "less than 2**63")
        elif isinstance(value, str) and not _clean(value):
            yield Problem(keys, "has characters that are not text", value, "text without control characters")
        elif not isinstance(value, str | int | float | None):
            yield Problem(keys, f"is a {type(value).__name__}, which has no place here", value, 'text goes in "..."')


# Control characters but tab and line end, further line ends, what turns the direction of the text after it, the mark of
# a file's byte order, halves of surrogate pairs, no characters.
UNCLEAN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)


def _clean(text: str) -> bool:
    return not UNCLEAN.search(text)


def _keys(loc: tuple[str | int, ...]) -> Keys:
    """Where an error is in the document."""
    return tuple(key for key in loc if not is_tag(key) and key != "[key]")


def _order(keys: Keys, error: Any) -> tuple[Any, ...]:
    """Problems of an object's keys come before those inside of it, unknown keys before missing ones."""
    missing = error["type"] == "missing"
    place = keys[:-1] if missing or error["type"] in UNKNOWN else keys
    return [str(key) for key in place], missing
