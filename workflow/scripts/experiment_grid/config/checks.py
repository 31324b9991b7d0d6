"""What has to hold between keys of the config, where each key alone is valid."""

import gzip
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from experiment_grid.config.gpus import gpus_available
from experiment_grid.config.grid import expand, size
from experiment_grid.config.parameters import NAMES, WITH_MOMENTUM, Parameters, split
from experiment_grid.config.problems import Keys, Problem, closest
from experiment_grid.config.reference import SCHEMA as REPORT
from experiment_grid.config.schema import allowed, read
from experiment_grid.data.datasets import DATASETS, own_file
from experiment_grid.runtime.errors import UserError

SCHEMA = "config.schema.json"
IDX_LABELS = bytes([0, 0, 8, 1])  # unsigned bytes, one dimension; a count of four bytes follows
REQUIRED = ("dataset", "defaults", "cells", "baseline", "final")


def report(config: Mapping[str, Any]) -> Iterator[Problem]:
    """The file of a report that is audited, given as a configuration: one line instead of one for each of its keys."""
    if isinstance(config, Mapping) and config.keys() >= set(read(REPORT)["required"]):
        wrong = "belongs to a report that is audited, which is no configuration"
        yield Problem(("rows",), wrong, allowed="`reference: path of that file` in a configuration")


def missing(config: Mapping[str, Any]) -> Iterator[Problem]:
    """The keys that no file has and that nothing stands in for."""
    schema = read(SCHEMA)
    for key in REQUIRED:
        if key not in config:
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
    total = sum(map(size, config["cells"]))
    most = read(SCHEMA)["properties"]["cells"]["maxItems"]
    if total > most:
        yield Problem(("cells",), f"stands for {total} cells", allowed=f"at most {most}")


def files(config: Mapping[str, Any]) -> Iterator[Problem]:
    """Files and folders that the config names have to be there."""
    reference, dataset = config["reference"], config["dataset"]
    if reference is not None and not _is(Path.is_file, reference):
        yield Problem(("reference",), "is no file", reference, "path of a file, or null")
    if isinstance(dataset, dict) and not _is(Path.is_dir, dataset["path"]):
        yield Problem(("dataset", "path"), "is no folder", dataset["path"], "path of a folder")


def _is(kind: Callable[[Path], bool], path: str) -> bool:
    try:
        return kind(Path(path))
    except OSError:  # a name too long for the file system, a folder that may not be read
        return False


class Cells:
    """Every cell of a config whose grids can be expanded: `parameters` and `notes` by name, and the `problems` met."""

    def __init__(self, config: Mapping[str, Any]):
        self.problems: list[Problem] = []
        self.parameters: dict[str, Parameters] = {}
        self.notes: dict[str, str] = {}
        self._keys: dict[str, Keys] = {}
        self._names: dict[str, str] = {}  # by small letters: some file systems know no others
        self._same: dict[Parameters, str] = {}
        self._defaults = config["defaults"]
        self._images = _training_images(config["dataset"])
        self._no_gpu = _cuda_asked(config) and gpus_available(config["gpus"]) == 0
        for index, item in enumerate(config["cells"]):
            for name, own in expand(item):
                self._add(("cells", index), name, own, item)
        if not self.problems:
            for key in ("baseline", "final"):
                self.problems += self._among_them(key, config[key])

    def _add(self, keys: Keys, name: str, own: dict[str, Any], item: Mapping[str, Any]) -> None:
        values = {**self._defaults, **own}
        untold = [key for key in NAMES if key not in values]
        if untold:
            self.problems += [Problem(("defaults", key), f"is missing, and cell {name} has none") for key in untold]
            return
        parameters = Parameters.of(values)
        self.problems += self._name(keys, name, item)
        self.problems += self._alike(keys, name, parameters)
        self.problems += self._values(keys, name, own, parameters, item.get("grid", {}))
        self.parameters[name] = parameters
        self.notes[name] = item.get("note", "")
        self._keys.setdefault(name, keys)

    def _among_them(self, key: str, name: str) -> Iterator[Problem]:
        if name not in self.parameters:
            some = ", ".join([*self.parameters][:12]) + (", ..." if len(self.parameters) > 12 else "")
            yield Problem((key,), f"is no configured cell{closest(name, self.parameters)}", name, some)

    def _name(self, keys: Keys, name: str, item: Mapping[str, Any]) -> Iterator[Problem]:
        where = (*keys, "grid" if "grid" in item else "name")
        most = read(SCHEMA)["definitions"]["name"]["maxLength"]
        if len(name) > most:
            yield Problem(where, f"makes a name of {len(name)} characters", name, f"at most {most}")
        other = self._names.setdefault(name.lower(), name)
        if name in self.parameters:
            yield Problem(where, f"is the name of cells[{self._keys[name][1]}] too", name, "a name of its own")
        elif other != name:
            wrong = f"differs from {other} (cells[{self._keys[other][1]}]) in large and small letters only"
            yield Problem(where, wrong, name, "a name of its own")

    def _alike(self, keys: Keys, name: str, parameters: Parameters) -> Iterator[Problem]:
        other = self._same.setdefault(parameters, name)
        if other != name:
            yield Problem(keys, f"has the same parameters as cell {other}", name, "parameters of its own")

    def _values(
        self, keys: Keys, name: str, own: dict[str, Any], parameters: Parameters, axes: Mapping[str, Any]
    ) -> Iterator[Problem]:
        def where(key: str) -> Keys:
            if key in axes:
                return (*keys, "grid", key)
            return (*keys, key) if key in own else ("defaults", key)

        if parameters.optimizer not in WITH_MOMENTUM and own.get("momentum"):
            wrong = f"means nothing to {parameters.optimizer}, the optimizer of cell {name}"
            yield Problem(where("momentum"), wrong, own["momentum"], "0 or nothing here")
        if parameters.device == "cuda" and self._no_gpu:
            wrong = f"is asked for by cell {name}, and no GPU is found"
            yield Problem(where("device"), wrong, "cuda", "auto, cpu; or gpus: 1 if the cluster that trains has one")
        if self._images is None:
            return
        training, validation = split(self._images, parameters.train_fraction)
        if training < 1 or validation < 1:
            wrong = f"leaves cell {name} no {'training' if training < 1 else 'validation'} image of {self._images}"
            yield Problem(where("train_fraction"), wrong, parameters.train_fraction, "at least one image for each")
        elif parameters.batch_size > training:
            wrong = f"is more than the {training} training images of cell {name}"
            yield Problem(where("batch_size"), wrong, parameters.batch_size, f"1 to {training}")


def _training_images(dataset: str | dict[str, str]) -> int | None:
    """Images to train and validate on; of files of one's own as the labels' header says, None if it can't be read."""
    if isinstance(dataset, str):
        return DATASETS[dataset].training_images
    try:
        file = own_file(dataset["path"], "train-labels-idx1-ubyte")
        with (gzip.open if file.suffix == ".gz" else open)(file, "rb") as stream:
            header = stream.read(8)
    except (OSError, EOFError, zlib.error, UserError):  # told in full where the files are checked
        return None
    return int.from_bytes(header[4:]) if header[:4] == IDX_LABELS else None


def _cuda_asked(config: Mapping[str, Any]) -> bool:
    """Whether a cell may name CUDA: only then is it worth counting GPUs."""
    asked = [config["defaults"].get("device")]
    for item in config["cells"]:
        asked += [item.get("device"), *item.get("grid", {}).get("device", [])]
    return "cuda" in asked
