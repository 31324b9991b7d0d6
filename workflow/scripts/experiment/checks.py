"""What has to hold between keys of the config, where each key alone is valid."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from experiment.gpus import gpus_available
from experiment.grid import expand, size
from experiment.parameters import NAMES, WITH_MOMENTUM, Parameters
from experiment.problems import Keys, Problem, closest
from experiment.schema import allowed, read

REQUIRED = ("dataset", "defaults", "cells", "baseline", "final")
MOST_CELLS = 20_000
TRAINING_IMAGES = {"mnist": 60_000, "fashion-mnist": 60_000, "kmnist": 60_000, "digits": 1_297}


def missing(config: Mapping[str, Any]) -> Iterator[Problem]:
    """The keys that no file has and that nothing stands in for."""
    schema = read("config.schema.json")
    for key in REQUIRED:
        if key not in config:
            yield Problem((key,), "is missing", allowed=allowed(schema["properties"][key], schema))


def grids(config: Mapping[str, Any]) -> Iterator[Problem]:
    """Items of the list of cells that can't be expanded."""
    total = 0
    for index, item in enumerate(config["cells"]):
        keys: Keys = ("cells", index)
        if "name" not in item and "grid" not in item:
            yield Problem(keys, "has neither a name nor a grid", item, "a cell needs a name")
        for axis in item.get("grid", {}):
            if axis in item:
                yield Problem(
                    (*keys, axis), "is told twice: here and as an axis of the grid", item[axis], "one of both"
                )
        total += size(item)
    if total > MOST_CELLS:
        yield Problem(("cells",), f"is a grid of {total} cells", allowed=f"at most {MOST_CELLS}")


class Cells:
    """The cells of a config whose grids can be expanded, with the problems met on the way."""

    def __init__(self, config: Mapping[str, Any]):
        self.problems: list[Problem] = []
        self.parameters: dict[str, Parameters] = {}
        self.notes: dict[str, str] = {}
        self._keys: dict[str, Keys] = {}
        self._names: dict[str, str] = {}  # in small letters: some file systems know no others
        self._same: dict[Parameters, str] = {}
        self._defaults = config["defaults"]
        self._images = TRAINING_IMAGES.get(config["dataset"]) if isinstance(config["dataset"], str) else None
        self._gpus = gpus_available(config["gpus"]) if self._any_cuda(config) else 0
        for index, item in enumerate(config["cells"]):
            for name, own in expand(item):
                self._add(("cells", index), name, own, item)

    def names(self, config: Mapping[str, Any]) -> Iterator[Problem]:
        """baseline and final have to be among the cells."""
        for key in ("baseline", "final"):
            if config[key] not in self.parameters:
                some = ", ".join([*self.parameters][:12]) + (", ..." if len(self.parameters) > 12 else "")
                near = closest(config[key], self.parameters)
                yield Problem((key,), f"is no configured cell{near}", config[key], f"one of the cells: {some}")

    def _add(self, keys: Keys, name: str, own: dict[str, Any], item: Mapping[str, Any]) -> None:
        values = {**self._defaults, **own}
        problems = [
            Problem(("defaults", key), f"is missing, and cell {name} does not tell it")
            for key in NAMES
            if key not in values
        ]
        if not problems:
            parameters = Parameters.of(values)
            problems = [*self._name(keys, name, item), *self._values(keys, name, own, parameters)]
            problems += self._alike(keys, name, parameters)
            self.parameters[name] = parameters
            self.notes[name] = item.get("note", "")
            self._keys.setdefault(name, keys)
        self.problems += problems

    def _name(self, keys: Keys, name: str, item: Mapping[str, Any]) -> Iterator[Problem]:
        where = (*keys, "name") if "name" in item else (*keys, "grid")
        most = read("config.schema.json")["definitions"]["name"]["maxLength"]
        if len(name) > most:
            yield Problem(where, f"makes a name of {len(name)} characters", name, f"at most {most}: shorten the name")
        other = self._names.setdefault(name.lower(), name)
        if other != name or name in self.parameters:
            hint = "another name" if other == name else "names that differ in more than large and small letters"
            first = self._keys[other][1]
            yield Problem(where, f"names a cell like cells[{first}]", name, hint)

    def _alike(self, keys: Keys, name: str, parameters: Parameters) -> Iterator[Problem]:
        other = self._same.setdefault(parameters, name)
        if other != name:
            yield Problem(keys, f"has the same parameters as cell {other}", name, "one cell for each setting")

    def _values(self, keys: Keys, name: str, own: dict[str, Any], parameters: Parameters) -> Iterator[Problem]:
        if parameters.optimizer not in WITH_MOMENTUM and own.get("momentum"):
            names = " and ".join(WITH_MOMENTUM)
            yield Problem(
                (*keys, "momentum"),
                f"has no meaning in cell {name}, whose optimizer is {parameters.optimizer}",
                own["momentum"],
                f"0 or no momentum here; {names} have one",
            )
        if parameters.device == "cuda" and self._gpus == 0:
            yield Problem(
                self._where(keys, own, "device"),
                f"cell {name} wants a GPU and none is found here",
                parameters.device,
                "auto or cpu; or gpus: 1 in the config if the cluster that trains has them",
            )
        if self._images:
            yield from self._split(keys, name, own, parameters)

    def _split(self, keys: Keys, name: str, own: dict[str, Any], parameters: Parameters) -> Iterator[Problem]:
        training, validation = parameters.split(self._images)
        if training == 0 or validation == 0:
            yield Problem(
                self._where(keys, own, "train_fraction"),
                f"leaves no {'training' if training == 0 else 'validation'} image of {self._images} in cell {name}",
                parameters.train_fraction,
                f"from {1 / self._images:.2g} to {1 - 1 / self._images:.7g}",
            )
        elif parameters.batch_size > training:
            yield Problem(
                self._where(keys, own, "batch_size"),
                f"is more than the training images of cell {name}",
                parameters.batch_size,
                f"1 to {training}",
            )

    @staticmethod
    def _where(keys: Keys, own: dict[str, Any], key: str) -> Keys:
        """Where a cell's parameter is told."""
        return (*keys, key) if key in own else ("defaults", key)

    @staticmethod
    def _any_cuda(config: Mapping[str, Any]) -> bool:
        told = [config["defaults"].get("device")]
        told += [
            device for item in config["cells"] for device in item.get("grid", {}).get("device", [item.get("device")])
        ]
        return "cuda" in told


def files(config: Mapping[str, Any]) -> Iterator[Problem]:
    """Files and folders that the config names have to be there."""
    if config["reference"] is not None and not Path(config["reference"]).is_file():
        yield Problem(
            ("reference",), "is no file", config["reference"], "path of a file from the working directory, or null"
        )
    if isinstance(config["dataset"], dict) and not Path(config["dataset"]["path"]).is_dir():
        yield Problem(("dataset", "path"), "is no folder", config["dataset"]["path"], "path of a folder")
