"""Validation by JSON Schema, with errors that say what was given and what is allowed."""

import functools
import itertools
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from experiment_grid.config.problems import Keys, Problem, closest

SCHEMAS = Path(__file__).parent / "schemas"
NODES = 2_000_000  # values in a document: YAML's aliases make billions of a few lines
DEPTH = 20  # levels of a document: aliases can loop
MOST = 100  # problems looked for
UNITS = {"number": "a number", "integer": "a whole number", "boolean": "true or false", "string": "text"}
UNITS |= {"array": "a list", "object": "key: value pairs", "null": "null"}


@functools.cache
def read(name: str) -> dict[str, Any]:
    """A schema of this project by its file name; an object that is like another (`allOf`) with its keys written out."""
    root = json.loads((SCHEMAS / name).read_text("utf-8"))
    return _written_out(root, root)


def problems(document: Any, name: str) -> list[Problem]:
    """What is wrong with a document by the schema `name`; at first whether it is JSON at all."""
    found = list(itertools.islice(_not_json(document), MOST))
    if found:
        return found
    import jsonschema  # late: 0.2 s

    validator = jsonschema.Draft7Validator(read(name))
    errors = sorted(validator.iter_errors(document), key=lambda error: [str(key) for key in error.absolute_path])
    return [problem for error in itertools.islice(errors, MOST) for problem in _explain(error, read(name))]


def allowed(schema: dict[str, Any], root: dict[str, Any]) -> str:
    """What a schema allows, in words; its own `allowed` where it has one."""
    schema = resolve(schema, root)
    if "allowed" in schema:
        return schema["allowed"]
    if "enum" in schema:
        return ", ".join(json.dumps(value).strip('"') for value in schema["enum"])
    kind = schema["type"]
    if kind == "array":
        text = f"a list of {_count(schema, 'minItems', 'maxItems', 'items')}, each {allowed(schema['items'], root)}"
        return text + ("; no two alike" if schema.get("uniqueItems") else "")
    if kind == "string":
        return f"text of {_count(schema, 'minLength', 'maxLength', 'characters')}"
    if kind == "object":
        return "{" + ", ".join(schema.get("properties", {})) + "}"
    return UNITS[kind] + _range(schema)


def resolve(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """The schema behind a $ref into the same file, or the schema itself."""
    while "$ref" in schema:
        schema = functools.reduce(dict.__getitem__, schema["$ref"].removeprefix("#/").split("/"), root)
    return schema


def _written_out(part: Any, root: dict[str, Any]) -> Any:
    """A part of a schema without `allOf`: draft 7 can't close an object that takes another's keys."""
    if isinstance(part, list):
        return [_written_out(item, root) for item in part]
    if not isinstance(part, dict):
        return part
    part = {key: _written_out(item, root) for key, item in part.items()}
    for base in part.pop("allOf", ()):
        base = resolve(base, root)
        keys = base["properties"] | part.get("properties", {})
        part = base | part | {"properties": {key: item for key, item in keys.items() if item is not False}}
    return part


def _range(schema: dict[str, Any]) -> str:
    bounds = []
    if "exclusiveMinimum" in schema:
        bounds.append(f"above {schema['exclusiveMinimum']}")
    if "minimum" in schema:
        bounds.append(f"from {schema['minimum']}")
    if "exclusiveMaximum" in schema:
        bounds.append(f"to below {schema['exclusiveMaximum']}")
    if "maximum" in schema:
        bounds.append(f"to {schema['maximum']}")
    return "".join(f" {bound}" for bound in bounds)


def _count(schema: dict[str, Any], least: str, most: str, what: str) -> str:
    low, high = schema.get(least), schema.get(most)
    if high is None:
        return f"{low or 0} or more {what}"
    return f"{low} to {high} {what}" if low else f"at most {high} {what}"


def _not_json(document: Any) -> Iterator[Problem]:
    """What YAML can say and JSON can't: dates, sets, infinite numbers, keys that are no text, loops."""
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
                yield Problem(keys, "has a key that is no plain text", key, "text")
            stack.extend((value[key], (*keys, key)) for key in reversed(names))
        elif isinstance(value, list):
            stack.extend((value[index], (*keys, index)) for index in reversed(range(len(value))))
        elif isinstance(value, float) and not math.isfinite(value):
            yield Problem(keys, "is not finite", value, "a finite number")
        elif isinstance(value, int) and abs(value) >= 2**63:
            yield Problem(keys, "is too large a number", value, "less than 2**63")
        elif isinstance(value, str) and not _clean(value):
            yield Problem(keys, "has characters that are no text", value, "text without control characters")
        elif not isinstance(value, str | int | float | None):
            yield Problem(keys, f"is a {type(value).__name__}, which has no place here", value, 'text goes in "..."')


def _clean(text: str) -> bool:
    """Whether text has neither control characters (but tab and line end) nor halves of surrogate pairs."""
    return not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]", text)


def _explain(error: Any, root: dict[str, Any]) -> Iterator[Problem]:
    """The problems behind one error of jsonschema, in this project's words."""
    keys, given, schema = tuple(error.absolute_path), error.instance, error.schema
    what = allowed(schema, root)
    match error.validator:
        case "additionalProperties":
            known = list(schema["properties"])
            for key in given:
                if key not in known:
                    yield Problem((*keys, key), f"unknown key{closest(key, known)}", given[key], ", ".join(known))
        case "required":
            for key in [key for key in error.validator_value if key not in given]:
                yield Problem((*keys, key), "is missing", allowed=allowed(schema["properties"][key], root))
        case "type":
            yield Problem(keys, _wrong_type(error.validator_value, given), given, what)
        case "enum":
            near = closest(given, [str(value) for value in schema["enum"]]) if isinstance(given, str) else ""
            yield Problem(keys, f"is not one of those known{near}", given, what)
        case "anyOf":
            kinds = [resolve(one, root).get("type") for one in schema["anyOf"]]
            if isinstance(given, dict) and "object" in kinds:
                for inner in error.context:
                    if kinds[inner.schema_path[0]] == "object":
                        yield from _explain(inner, root)
            else:
                names = [name for one in schema["anyOf"] for name in resolve(one, root).get("enum", ())]
                near = closest(given, names) if isinstance(given, str) else ""
                yield Problem(keys, f"is not valid{near}", given, what)
        case "uniqueItems":
            yield Problem(keys, "says a value twice", given, what)
        case "minItems" | "minProperties" | "minLength":
            yield Problem(keys, "is empty", given, what)
        case "maxItems" | "maxLength":
            yield Problem(keys, "is too long", given, what)
        case "pattern":
            yield Problem(keys, "has a form or characters that are not allowed", given, what)
        case _:
            yield Problem(keys, "is out of range", given, what)


def _wrong_type(kind: str | list[str], given: Any) -> str:
    kinds = [kind] if isinstance(kind, str) else kind
    wanted = " or ".join(UNITS[one] for one in kinds)
    if isinstance(given, str) and {"number", "integer"} & set(kinds):
        try:
            value = float(given)
        except ValueError:
            return f"must be {wanted}, not text"
        return f"must be {wanted}: YAML reads {given} as text, write {_plainly(value)}"
    return f"must be {wanted}"


def _plainly(value: float) -> str:
    """A number in digits that YAML reads as one."""
    if not math.isfinite(value):
        return "a finite number"
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    text = repr(value)
    if "e" not in text:
        return text
    mantissa, exponent = text.split("e")
    scientific = f"{mantissa if '.' in mantissa else mantissa + '.0'}e{int(exponent):+d}"
    plain = f"{value:.20f}".rstrip("0")
    return f"{plain} or {scientific}" if float(plain) == value and len(plain) < 16 else scientific
