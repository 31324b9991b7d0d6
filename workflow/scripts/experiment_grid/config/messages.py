"""What is wrong with a value, in words: pydantic's errors as the line that the user reads, and what is allowed."""

import json
import math
from typing import Any

from experiment_grid.config.problems import MISSING, Keys, Problem, closest

UNITS = {"number": "a number", "integer": "a whole number", "boolean": "true or false", "string": "text"}
UNITS |= {"array": "a list", "object": "key: value pairs", "null": "null"}
TYPES = {
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "string": "string",
    "list": "array",
    "dict": "object",
    "model": "object",
}
UNKNOWN = ("extra_forbidden", "unknown_key")


def explain(keys: Keys, error: Any, document: Any, root: dict[str, Any]) -> Problem:
    """The problem behind one error of pydantic's, in this project's words."""
    given, kind = _value(document, keys), error["type"]
    if error["loc"][-1:] == ("[key]",):
        known = _part(root, keys[:-1])["propertyNames"]
        return Problem(keys[:-1], f"unknown key{closest(str(keys[-1]), _names(known))}", keys[-1], allowed(known, root))
    if kind in UNKNOWN:
        whole = _object(_part(root, keys[:-1]), root)
        known = list(whole["properties"])
        key = str(keys[-1])
        component, _, option = key.partition(".")
        within = component in known and option.isidentifier()
        hint = f" (write {component}: {{{option}: ...}})" if within else closest(key, known)
        options = "; options of a component as model.channels" if "patternProperties" in whole else ""
        return Problem(keys, f"unknown key{hint}", given, ", ".join(known) + options)
    part = _part(root, keys)
    what = allowed(part, root)
    if kind == "missing":
        return Problem(keys, "is missing", allowed=what)
    if is_tag(error["loc"][-1] if error["loc"] else 0):
        names = [name for one in part["oneOf"] for name in _names(resolve(one, root))]
        near = closest(given, names) if isinstance(given, str) else ""
        return Problem(keys, f"is not valid{near}", given, what)
    if kind.removesuffix("_type") in TYPES:
        return Problem(keys, wrong_type(_types(part, root), given), given, what)
    if kind == "literal_error":
        near = closest(given, _names(part)) if isinstance(given, str) else ""
        return Problem(keys, f"is not one of those known{near}", given, what)
    return Problem(keys, WRONG.get(kind, "is out of range"), given, what)


WRONG = {
    "duplicates": "says a value twice",
    "empty": "is empty",
    "too_short": "is empty",
    "string_too_short": "is empty",
    "unordered": "has its ends in the wrong order, or at one value",
    "one_of": "is not one distribution",
    "too_long": "is too long",
    "string_too_long": "is too long",
    "string_pattern_mismatch": "has a form or characters that are not allowed",
}


def _value(document: Any, keys: Keys) -> Any:
    for key in keys:
        try:
            document = document[key]
        except (KeyError, IndexError, TypeError):
            return MISSING
    return document


def _part(root: dict[str, Any], keys: Keys) -> dict[str, Any]:
    """The part of a schema that is about the value at `keys`."""
    part = root
    for key in keys:
        whole = _object(part, root)
        if isinstance(key, int):
            part = whole["items"]
        else:
            others = [*whole.get("patternProperties", {}).values(), whole.get("additionalProperties")]
            part = whole.get("properties", {}).get(key) or others[0]
    return resolve(part, root)


def _object(part: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """A part of a schema; where it is a choice, the one with keys."""
    part = resolve(part, root)
    choices = (resolve(one, root) for one in part.get("oneOf", ()))
    return next((one for one in choices if one["type"] == "object"), part)


def _names(part: dict[str, Any]) -> list[str]:
    if "anyOf" in part:
        return [name for one in part["anyOf"] for name in _names(one)]
    return part.get("enum") or [part[key] for key in ("const",) if key in part]


def _types(part: dict[str, Any], root: dict[str, Any]) -> list[str]:
    options = [resolve(one, root) for one in part.get("anyOf", [part])]
    return [kind for one in options for kind in ([one["type"]] if isinstance(one["type"], str) else one["type"])]


def wrong_type(kinds: list[str], given: Any) -> str:
    """What is wrong with a value that is of none of these types of JSON: `must be a number, not text`."""
    wanted = " or ".join(UNITS[one] for one in kinds)
    if isinstance(given, str) and {"number", "integer"} & set(kinds):
        try:
            value = float(given)
        except ValueError:
            return f"must be {wanted}, not text"
        plainly = _plainly(value)
        if plainly == given:
            return f"must be {wanted}, not text: write {given} without quotes"
        return f"must be {wanted}: YAML reads {given} as text, write {plainly}"
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


def allowed(schema: dict[str, Any], root: dict[str, Any]) -> str:
    """What a schema allows, in words; its own `allowed` where it has one."""
    schema = resolve(schema, root)
    if "allowed" in schema:
        return str(schema["allowed"])
    if "enum" in schema:
        return ", ".join(json.dumps(value).strip('"') for value in schema["enum"])
    if "type" not in schema:
        return ""
    kind = schema["type"]
    if kind == "array":
        each = allowed(schema["items"], root)
        text = f"a list of {count(schema, 'minItems', 'maxItems', 'items')}" + (f", each {each}" if each else "")
        return text + ("; all different" if schema.get("uniqueItems") else "")
    if kind == "string":
        return f"text of {count(schema, 'minLength', 'maxLength', 'characters')}"
    if kind == "object":
        return "{" + ", ".join(schema.get("properties", {})) + "}"
    return UNITS[kind] + in_range(schema)


def resolve(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """The schema behind a $ref into the same file, with what is said beside it, or the schema itself."""
    while "$ref" in schema:
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        schema = root["$defs"][schema["$ref"].removeprefix("#/$defs/")] | beside
    return schema


def in_range(schema: dict[str, Any]) -> str:
    """The bounds of a number in words: ` from 0 to below 1`."""
    bounds = []
    if "exclusiveMinimum" in schema:
        bounds.append(f"above {schema['exclusiveMinimum']}")
    if "minimum" in schema:
        bounds.append(f"from {schema['minimum']}")
    to = "to " if bounds else ""
    if "exclusiveMaximum" in schema:
        bounds.append(f"{to}below {schema['exclusiveMaximum']}")
    if "maximum" in schema:
        bounds.append(f"{to or 'up to '}{schema['maximum']}")
    return "".join(f" {bound}" for bound in bounds)


def count(schema: dict[str, Any], least: str, most: str, what: str) -> str:
    """How many there may be, in words: `1 to 3 items`."""
    low, high = schema.get(least), schema.get(most)
    if high is None:
        return f"{low or 0} or more {what}"
    return f"{low} {what}" if low == high else f"{low} to {high} {what}" if low else f"at most {high} {what}"


def is_tag(key: str | int) -> bool:
    """Whether a part of an error's place is the tag of a union's member, which pydantic puts in."""
    return isinstance(key, str) and key.startswith("<")
