"""What has to hold between keys of the config, where each key alone is valid; of the cells: see `cells`."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from experiment_grid.config.definitions import places
from experiment_grid.config.grid import size
from experiment_grid.config.keys import MOST_CELLS, REQUIRED, Config
from experiment_grid.config.overlays import told_twice
from experiment_grid.config.problems import Keys, Problem
from experiment_grid.config.reference import Report
from experiment_grid.config.validation import allowed, schema_of


def report(config: Mapping[str, Any]) -> Iterator[Problem]:
    """The file of a report that is audited, given as a configuration: one line instead of one for each of its keys."""
    if isinstance(config, Mapping) and config.keys() >= {
        name for name, field in Report.model_fields.items() if field.is_required()
    }:
        wrong = "belongs to a report that is audited, which is no configuration"
        yield Problem(("rows",), wrong, allowed="`reference: path of that file` in a configuration")


def missing(config: Mapping[str, Any]) -> Iterator[Problem]:
    """The keys that no file has and that nothing stands in for."""
    for key in REQUIRED:
        if key not in config:
            schema = schema_of(Config)
            yield Problem((key,), "is missing", allowed=allowed(schema["properties"][key], schema))


def grids(config: Mapping[str, Any]) -> Iterator[Problem]:
    """Items of the list of cells that can't be expanded, or would be too many."""
    for index, item in enumerate(config["cells"]):
        keys: Keys = ("cells", index)
        if "name" not in item and "grid" not in item:
            yield Problem(keys, "has neither a name nor a grid", item, "a cell needs a name")
        for axis in item.get("grid", {}):
            if axis in item:
                wrong = "is told twice: here and as an axis of the grid"
                yield Problem((*keys, axis), wrong, item[axis], "one of the two")
        yield from told_twice(item, keys)
    total = sum(map(size, config["cells"]))
    if total > MOST_CELLS:
        yield Problem(("cells",), f"stands for {total} cells", allowed=f"at most {MOST_CELLS}")


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
        yield Problem(("reference",), "is no file", reference, "path of a file, or null")
    if isinstance(dataset, dict) and "path" in dataset and not _is(_readable, dataset["path"]):
        yield Problem(("dataset", "path"), "is no folder", dataset["path"], "path of a folder, or of an .npz file")


def _readable(path: Path) -> bool:
    return path.is_dir() or (path.suffix == ".npz" and path.is_file())


def _is(kind: Callable[[Path], bool], path: str) -> bool:
    try:
        return kind(Path(path))
    except OSError:  # a name too long for the file system, a folder that may not be read
        return False
