"""What differs between the recipe that a job ran from and the one it should have now, in words.

Used by the plan; the sentences are on the page and in `make why`.
"""

from typing import Any

from experiment_grid.config.columns import name_of
from experiment_grid.config.labels import AUGMENT, COMPONENTS
from experiment_grid.config.parameters import OPTIONAL, TARGET, as_json
from experiment_grid.config.shortnames import short
from experiment_grid.format import plain
from experiment_grid.runtime.errors import one_line, some

ABSENT = object()  # from one of the two recipes
PARTIAL = ("missing", "logs")
PACKAGE = "experiment_grid."  # of the modules' names; everything is in it


def differences(before: dict[str, Any], after: dict[str, Any], stage: str) -> list[str]:
    """Sentences such as "learning_rate 0.001 → 0.005" or "code of train changed (training.loop)"; empty: the same."""
    old, new = before.get("settings"), after["settings"]
    sentences = _partial(old, new) if isinstance(old, dict) else []
    sentences += _settings(_whole(old), _whole(new))
    code = [
        name
        for name in sorted({*before.get("code", {}), *after["code"]})
        if before.get("code", {}).get(name) != after["code"].get(name)
    ]
    if code:
        names = dict.fromkeys(name.removeprefix(PACKAGE) for name in code)
        sentences.append(f"code of {stage} changed ({some([*names])})")
    return [one_line(sentence, 200) for sentence in sentences]


def _partial(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Differences in what a partial page lacks: cells, and the ends of their logs (`Decisions.recipe`)."""
    old, new = (_list(recipe.get("missing")) for recipe in (before, after))
    back, gone = [name for name in old if name not in new], [name for name in new if name not in old]
    sentences = [f"now with {some(back)}"] if back else []
    sentences += [f"without {some(gone)}, not finished"] if gone else []
    if not sentences and any(before.get(key) != after.get(key) for key in PARTIAL):
        sentences.append(f"log of a missing cell changed: {some(new)}")
    return sentences


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _whole(settings: Any) -> Any:
    if not isinstance(settings, dict):
        return settings
    return {key: value for key, value in settings.items() if key not in PARTIAL}


def _settings(before: Any, after: Any) -> list[str]:
    """Differences of settings: of two components of one kind their options, or the one against the other."""
    if not (isinstance(before, dict) and isinstance(after, dict)) or before == after:
        return _values(before, after, "")
    old, new = before.get("parameters"), after.get("parameters")
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return _values(before, after, "")
    old, new = (_with_defaults(parameters) for parameters in (old, new))
    before, after = before | {"parameters": old}, after | {"parameters": new}
    kinds = [kind for kind in COMPONENTS if _is_component(new.get(kind))]
    if not all(_is_component(old.get(kind)) for kind in kinds):
        return ["parameters as an earlier version wrote them"]
    sentences = [sentence for kind in kinds for sentence in _component(kind, old[kind], new[kind])]
    sentences += _augment(old.pop(AUGMENT), new.pop(AUGMENT))
    old_rest, new_rest = (
        {key: value for key, value in settings.items() if key != "packages"}
        | {"parameters": {key: value for key, value in settings["parameters"].items() if key not in kinds}}
        for settings in (before, after)
    )
    sentences += _values(old_rest, new_rest, "")
    return sentences + _packages(before.get("packages"), after.get("packages"), reported=bool(sentences))


def _with_defaults(parameters: dict[str, Any]) -> dict[str, Any]:
    """A recipe's parameters with the optional ones that it leaves out."""
    return {name: as_json(value) for name, value in OPTIONAL.items()} | parameters


def _packages(before: Any, after: Any, *, reported: bool) -> list[str]:
    """Versions that differ; without those of one side, where the component that is in them was `reported`."""
    old, new = (given if isinstance(given, dict) else {} for given in (before, after))
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return [
        f"package {name} {_show(old.get(name, ABSENT))} → {_show(new.get(name, ABSENT))}"
        for name in names
        if not reported or (name in old and name in new)
    ]


def _is_component(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get(TARGET), str)


def _component(kind: str, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    if before[TARGET] != after[TARGET]:
        return [f"{kind} {short(before[TARGET])} → {short(after[TARGET])}"]
    return [
        sentence
        for key in {**before, **after}
        for sentence in _values(before.get(key, ABSENT), after.get(key, ABSENT), name_of(kind, key))
    ]


def _augment(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[str]:
    """What changes training images: other components, or other options of the same."""
    old, new = ([short(one[TARGET]) for one in components] for components in (before, after))
    if old != new:
        return [f"{AUGMENT} {', '.join(old) or 'none'} → {', '.join(new) or 'none'}"]
    pairs = zip(new, before, after, strict=True)
    return [sentence for name, one, other in pairs for sentence in _values(one, other, f"{AUGMENT}.{name}")]


def _values(before: Any, after: Any, place: str) -> list[str]:
    if before == after:
        return []
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            sentence
            for key in {**before, **after}
            for sentence in _values(
                before.get(key, ABSENT),
                after.get(key, ABSENT),
                key if place in ("", "parameters") else f"{place}.{key}",
            )
        ]
    if _named(before) and _named(after):
        return _lists(before, after, place)
    return [f"{place} {_show(before)} → {_show(after)}"]


def _lists(before: list[dict[str, Any]], after: list[dict[str, Any]], place: str) -> list[str]:
    """Differences between two lists of things with names, such as the cells."""
    old = {item["name"]: item for item in before}
    new = {item["name"]: item for item in after}
    sentences = [f"{place} with {name}" for name in new if name not in old]
    sentences += [f"{place} without {name}" for name in old if name not in new]
    common = [name for name in new if name in old]
    sentences += [f"{name}: {text}" for name in common for text in _values(old[name], new[name], "")]
    if not sentences:
        sentences.append(f"{place} in another order")
    return sentences if len(sentences) <= 4 else [*sentences[:3], f"{len(sentences) - 3} more changes of {place}"]


def _named(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, dict) and isinstance(item.get("name"), str) for item in value
    )


def _show(value: Any) -> str:
    if value is ABSENT:
        return "nothing"
    try:
        text = ", ".join(str(plain(item)) for item in value) or "none" if isinstance(value, list) else str(plain(value))
    except RecursionError:
        return "…"
    return text if len(text) <= 40 else "…"
