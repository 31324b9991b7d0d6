"""Every cell of a config: its grids expanded, its components resolved, and what is wrong with one of them."""

import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from experiment_grid.config.components import ProblemsError
from experiment_grid.config.dataset import Dataset
from experiment_grid.config.gpus import gpus_available
from experiment_grid.config.grid import axes, expand
from experiment_grid.config.key_types import NAME
from experiment_grid.config.parameters import Component, Parameters
from experiment_grid.config.problems import MOST_NAMES, Keys, Problem, closest
from experiment_grid.config.resolution import CellValues, Resolution
from experiment_grid.config.shortnames import SHORT_NAMES
from experiment_grid.data import source
from experiment_grid.runtime.errors import some
from experiment_grid.training.split import split_sizes

MISSING_IN_TABLES = {"NA", "NaN", "nan", "null", "NULL", "None"}
REPEATED = re.compile(r"(.+)\1{19}$")


class Cells:
    """Every cell of a config whose grids can be expanded: `parameters` and `notes` by name, and the `problems` met."""

    def __init__(self, config: Mapping[str, Any], dataset: Dataset | None):
        self.problems: list[Problem] = []
        self.parameters: dict[str, Parameters] = {}
        self.notes: dict[str, str] = {}
        self.of_item: dict[int, list[str]] = {}  # names by the number of the item
        self._keys: dict[str, Keys] = {}
        self._names: dict[str, str] = {}  # in lower case: some file systems ignore case
        self._same: dict[Parameters, str] = {}
        self._resolution = Resolution(config["defaults"], config["packages"])
        self._images = source.training_images(dataset) if dataset else None
        self._no_gpu = _cuda_asked(config) and gpus_available(config["gpus"]) == 0
        for index, item in enumerate(config["cells"]):
            for name, own in expand(item):
                self._add(("cells", index), name, own, item)
        if not self.problems:
            for key in ("baseline", "final"):
                self.problems += self._among_them(key, config[key])

    def _add(self, keys: Keys, name: str, own: dict[str, Any], item: Mapping[str, Any]) -> None:
        cell = CellValues(name, own, keys, axes(item))
        try:
            parameters = self._resolution.parameters(cell)
        except ProblemsError as error:
            self.problems += error.problems
            return
        if "sample" in item and parameters in self._same:  # another item has it
            return
        self.problems += self._name(keys, name, item)
        self.problems += self._alike(keys, name, parameters)
        self.problems += self._values(cell, parameters)
        self.parameters[name] = parameters
        self.notes[name] = item.get("note", "")
        self.of_item.setdefault(int(keys[1]), []).append(name)
        self._keys.setdefault(name, keys)

    def _among_them(self, key: str, name: str) -> Iterator[Problem]:
        if name not in self.parameters:
            wrong = f"is not a configured cell{closest(name, self.parameters)}"
            yield Problem((key,), wrong, name, some([*self.parameters], MOST_NAMES))

    def _name(self, keys: Keys, name: str, item: Mapping[str, Any]) -> Iterator[Problem]:
        where = (*keys, next((key for key in ("grid", "sample") if key in item), "name"))
        if len(name) > NAME["longest"]:
            yield Problem(where, f"makes a name of {len(name)} characters", name, f"at most {NAME['longest']}")
        elif name in MISSING_IN_TABLES:
            yield Problem(where, "is what pandas and R read as a missing value", name, "another name")
        elif REPEATED.search(name):
            wrong = "makes a name that ends in 20 repetitions, which Snakemake takes for an endless loop"
            yield Problem(where, wrong, name, "another name, or a cell of its own instead of one of a grid")
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

    def _values(self, cell: CellValues, parameters: Parameters) -> Iterator[Problem]:
        name, where = cell.name, cell.where
        if parameters.device == "cuda" and self._no_gpu:
            wrong = f"is asked for by cell {name}, and no GPU is found"
            yield Problem(where("device"), wrong, "cuda", "auto, cpu; or gpus: 1 if the cluster that trains has one")
        if parameters.device == "mps" and sys.platform != "darwin":
            wrong = f"is asked for by cell {name}, and this machine is not a Mac"
            yield Problem(where("device"), wrong, "mps", "auto, cpu, cuda")
        if parameters.tf32 and parameters.device in ("cpu", "mps"):
            device = "a CPU" if parameters.device == "cpu" else parameters.device
            wrong = f"has no effect on cell {name}, which trains on {device}"
            yield Problem(where("tf32"), wrong, True, "false; or device: auto, cuda")
        if parameters.batch_size == 1 and _normalizes_batches(parameters.model):
            wrong = f"is too small for the batch normalization of cell {name}"
            yield Problem(where("batch_size"), wrong, 1, "2 or more; or batch_norm: false")
        warmup = parameters.schedule.options.get("warmup", 0)
        if warmup >= parameters.epochs:
            place = "schedule.warmup" if "schedule.warmup" in {**cell.own, **cell.axes} else "schedule"
            wrong = f"has a warm-up that is no shorter than the {parameters.epochs} epochs of cell {name}"
            yield Problem(where(place), wrong, warmup, f"warmup from 0 to below {parameters.epochs}")
        if self._images is None:
            return
        training, validation = split_sizes(self._images, parameters.train_fraction)
        if training < 1 or validation < 1:
            wrong = f"leaves cell {name} no {'training' if training < 1 else 'validation'} image of {self._images}"
            yield Problem(where("train_fraction"), wrong, parameters.train_fraction, "at least one image for each")
        elif training == 1 and _normalizes_batches(parameters.model):
            wrong = f"leaves cell {name} one training image, too few for batch normalization"
            yield Problem(where("train_fraction"), wrong, parameters.train_fraction, "at least two training images")
        elif parameters.batch_size > training:
            wrong = f"is more than the {training} training images of cell {name}"
            yield Problem(where("batch_size"), wrong, parameters.batch_size, f"1 to {training}")


def _normalizes_batches(model: Component) -> bool:
    """Whether a built-in network has layers that need more than one image in a batch."""
    options = model.options if model.target in SHORT_NAMES["model"].values() else {}
    return bool(options.get("batch_norm") and (options.get("hidden") or options.get("channels")))


def _cuda_asked(config: Mapping[str, Any]) -> bool:
    """Whether a cell may name CUDA: only then is it worth counting GPUs."""
    asked = [config["defaults"].get("device")]
    for item in config["cells"]:
        asked += [item.get("device"), *(value for axis in axes(item).values() for value in axis.values)]
    return "cuda" in asked
