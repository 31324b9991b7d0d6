"""What has to hold between keys of the config, where each key alone is valid; of the cells: see `cells`."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from experiment_grid.config import sampling
from experiment_grid.config.cell_keys import MOST_CELLS
from experiment_grid.config.dataset import classes_of_torchvision
from experiment_grid.config.grid import Axis, axes, expand, size
from experiment_grid.config.keys import REQUIRED, Config
from experiment_grid.config.messages import allowed
from experiment_grid.config.overlays import given_twice
from experiment_grid.config.parameter_keys import NAMES, ParameterKeys
from experiment_grid.config.problems import Keys, Problem, closest, show
from experiment_grid.config.reference import Report
from experiment_grid.config.validation import problems, schema_of
from experiment_grid.data.datasets import DATASETS, TORCHVISION
from experiment_grid.source_code.definitions import places


def report(config: Mapping[str, Any]) -> Iterator[Problem]:
    """The file of a report that is audited, given as a configuration: one line instead of one for each of its keys."""
    if isinstance(config, Mapping) and config.keys() >= {
        name for name, field in Report.model_fields.items() if field.is_required()
    }:
        wrong = "belongs to a report that is audited, which is not a configuration"
        yield Problem(("rows",), wrong, allowed="`reference: path of that file` in a configuration")


def mirrors(config: Mapping[str, Any]) -> Iterator[Problem]:
    """Mirrors of what is not a data set: neither a name nor a class of torchvision."""
    given = config.get("mirrors") if isinstance(config, Mapping) else None
    named = [name for name, dataset in DATASETS.items() if dataset.target]
    others = {key: value for key, value in given.items() if key not in named} if isinstance(given, Mapping) else {}
    classes = classes_of_torchvision() if others else []
    for key, value in others.items():
        known_elsewhere = not classes and str(key)[:1].isupper()  # torchvision is where the download runs
        if isinstance(key, str) and key not in classes and not known_elsewhere:
            known = f"{', '.join(named)}; or a class of {TORCHVISION}"
            yield Problem(("mirrors", key), f"unknown key{closest(key, [*named, *classes])}", value, known)


def missing(config: Mapping[str, Any]) -> Iterator[Problem]:
    """The keys that no file has and that nothing replaces."""
    for key in REQUIRED:
        if key not in config:
            schema = schema_of(Config)
            yield Problem((key,), "is missing", allowed=allowed(schema["properties"][key], schema))


def cells(config: Mapping[str, Any]) -> Iterator[Problem]:
    """Items of the list of cells that can't be expanded, or would be too many."""
    found = list(_items(config))
    total = sum(map(size, config["cells"]))
    if total > MOST_CELLS:
        found.append(Problem(("cells",), f"makes {total} cells", allowed=f"at most {MOST_CELLS}"))
    yield from found
    if not found:
        yield from _left(config)


def _items(config: Mapping[str, Any]) -> Iterator[Problem]:
    for index, item in enumerate(config["cells"]):
        keys: Keys = ("cells", index)
        several = [key for key in ("grid", "sample") if key in item]
        if "name" not in item and not several:
            yield Problem(keys, "has neither a name nor a grid nor a sample", item, "a cell needs a name")
        if len(several) > 1:
            yield Problem((*keys, "sample"), "is given beside a grid", item["sample"], "one of the two")
        for axis in axes(item):
            if axis in item:
                wrong = f"is given twice: here and as an axis of the {several[0]}"
                yield Problem((*keys, axis), wrong, item[axis], "one of the two")
        yield from given_twice(item, keys)
        if "sample" in item:
            yield from _drawn(item["sample"], (*keys, "sample"))
        if "exclude" in item:
            yield from _excluded(item, keys)


def _drawn(sample: Mapping[str, Any], keys: Keys) -> Iterator[Problem]:
    """Values that a sample may draw and that its parameter can't be."""
    drawn = sampling.distributions(sample)
    if not drawn:
        yield Problem(keys, "draws no parameter", sample, "learning_rate: {log_uniform: [0.0001, 0.1]}, for example")
    for axis, (kind, values) in drawn.items():
        if axis not in NAMES:  # an option, which is checked with its component
            continue
        for number, value in enumerate(values):
            for problem in problems({axis: value}, ParameterKeys):
                where = (*keys, axis, kind, number, *problem.keys[1:])
                yield Problem(where, problem.wrong, problem.given, problem.allowed)
        if kind in ("uniform", "log_uniform") and not any(problems({axis: value}, ParameterKeys) for value in values):
            for problem in problems({axis: sampling.between(kind, values)}, ParameterKeys):
                wrong = f"draws numbers that {axis} can't be"
                yield Problem((*keys, axis, kind), wrong, values, f"{problem.allowed}; by int_{kind}, log_int_uniform")


def _excluded(item: Mapping[str, Any], keys: Keys) -> Iterator[Problem]:
    """Entries that leave nothing out."""
    known = axes(item)
    if not known:
        yield Problem((*keys, "exclude"), "has no grid or sample to leave out of", item["exclude"], "no such key")
        return
    for number, entry in enumerate(item["exclude"]):
        for axis, wanted in entry.items():
            where = (*keys, "exclude", number, axis)
            if axis not in known:
                wrong = f"is not an axis of this {known[next(iter(known))].keys[0]}{closest(axis, known)}"
                yield Problem(where, wrong, wanted, ", ".join(known))
            elif not _occurs(wanted, known[axis]):
                yield Problem(where, "is not a value of the axis", wanted, _values(known[axis]))


def _occurs(wanted: Any, axis: Axis) -> bool:
    numbers = all(isinstance(value, int | float) for value in axis.values)
    if sampling.is_range(wanted) and not numbers:
        return False
    if _listed(axis):
        return any(sampling.covers(wanted, value) for value in axis.values)
    low, high = axis.values
    if sampling.is_range(wanted):
        return bool(wanted.get("above", low) < high and wanted.get("below", high) > low)
    return isinstance(wanted, int | float) and low <= wanted <= high


def _listed(axis: Axis) -> bool:
    return axis.keys[0] == "grid" or axis.keys[-1] == "choice"


def _values(axis: Axis) -> str:
    if _listed(axis):
        return f"one of {show(axis.values)}"
    low, high = axis.values
    return f"a number from {low:g} to {high:g}, or {{above: …, below: …}}"


def _left(config: Mapping[str, Any]) -> Iterator[Problem]:
    """Grids and samples of which not enough is left."""
    for index, item in enumerate(config["cells"]):
        keys: Keys = ("cells", index)
        if "sample" in item:
            number, found = item["sample"]["number"], len(sampling.draw(item["sample"], item.get("exclude", ())))
            if found < number:
                wrong = "is more than the distinct combinations left after exclude"
                yield Problem(
                    (*keys, "sample", "number"), wrong, number, f"1 to {found}" if found else "fewer excluded"
                )
        elif "exclude" in item and next(expand(item), None) is None:
            allowed = "at least one combination that is not excluded"
            yield Problem((*keys, "exclude"), "leaves no cell", item["exclude"], allowed)


def packages(config: Mapping[str, Any]) -> Iterator[Problem]:
    """Packages that the config lists have to be installed, whether a cell uses them or not."""
    for index, name in enumerate(config["packages"]):
        if not places(name):
            wrong = f"no package {name} is installed"
            yield Problem(("packages", index), wrong, name, "an installed package, by the name that `import` takes")


def files(config: Mapping[str, Any]) -> Iterator[Problem]:
    """Files and folders that the config names have to be there."""
    reference, dataset = config["reference"], config["dataset"]
    if reference is not None and not _is(Path.is_file, reference):
        yield Problem(("reference",), "is not a file", reference, "path of a file, or null")
    if isinstance(dataset, dict) and "path" in dataset and not _is(_readable, dataset["path"]):
        yield Problem(("dataset", "path"), "is not a folder", dataset["path"], "path of a folder, or of an .npz file")


def _readable(path: Path) -> bool:
    return path.is_dir() or (path.suffix == ".npz" and path.is_file())


def _is(kind: Callable[[Path], bool], path: str) -> bool:
    try:
        return kind(Path(path))
    except OSError:  # a name too long for the file system, a folder that may not be read
        return False
