"""The data set of a config: its name, what it comes from, in canonical form."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from experiment_grid.config.cell_keys import NameKeys
from experiment_grid.config.components import Given, ProblemsError, component, defaults_of
from experiment_grid.config.key_types import NAME
from experiment_grid.config.locate import RefusedError, locate
from experiment_grid.config.parameters import TARGET
from experiment_grid.config.problems import MOST_NAMES, Keys, Problem, closest
from experiment_grid.config.shortnames import short
from experiment_grid.config.validation import problems
from experiment_grid.data.datasets import DATASETS, TORCHVISION
from experiment_grid.runtime.errors import some
from experiment_grid.source_code.definitions import Reader

EMBEDDED = "digits"  # of scikit-learn: the one name that is not a class of torchvision
LARGEST = 1024  # pixels of a side that images are resized to
OURS = ("name", "test_fraction", "size")  # keys beside the options of a target


@dataclass(frozen=True)
class Dataset:
    """The images: those at `path`, or of a class of torchvision or a function in a file, `target`, with its options.

    With neither, they are scikit-learn's digits. `test_fraction` of images in one piece is to test with; `size` is the
    side in pixels that images of several sizes get.
    """

    name: str
    path: Path | None = None
    target: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    test_fraction: float | None = None
    size: int | None = None


def resolved(given: str | Mapping[str, Any], packages: list[str]) -> Dataset:
    """The data set that a config means, valid by the schema. Raises ProblemsError."""
    said = {TARGET: given} if isinstance(given, str) else given
    more: dict[str, Any] = {key: said[key] for key in OURS[1:] if key in said}
    others = [key for key in said if key not in (TARGET, "path", *OURS)]
    if "path" in said:
        path = Path(said["path"])
        return Dataset(_own_name(said, path.resolve().name.removesuffix(".npz"), "path"), path, **more)
    place: Keys = ("dataset",) if isinstance(given, str) else ("dataset", TARGET)
    if said[TARGET] == EMBEDDED:
        if others:
            wrong = f"is not an option of {EMBEDDED}, the data set"
            raise ProblemsError([Problem(("dataset", key), wrong, said[key], "name") for key in others])
        return Dataset(_own_name(said, EMBEDDED, TARGET), **more)
    try:
        located = locate("dataset", said[TARGET], tuple(packages))
    except RefusedError as error:
        wrong, allowed = error.wrong, error.allowed
        if wrong.startswith("is not one of those known"):
            wrong = f"is not one of those known{closest(said[TARGET], DATASETS)}"
            allowed = f"{', '.join(DATASETS)}; {{path: …}}; or a target: torchvision.datasets.Name, folder/file.py:name"
        raise ProblemsError([Problem(place, wrong, said[TARGET], allowed)]) from None
    if ":" not in located.target and not located.target.startswith(f"{TORCHVISION}."):
        allowed = "a class of torchvision.datasets, or a function in a file: folder/file.py:name"
        raise ProblemsError([Problem(place, "is not a data set", said[TARGET], allowed)])
    if located.parameters is None and ":" not in located.target:  # its package answers for any name
        names = classes_of_torchvision()
        wrong = f"is not a class of {TORCHVISION}{closest(said[TARGET].rpartition('.')[2], names)}"
        raise ProblemsError([Problem(place, wrong, said[TARGET], some(names, MOST_NAMES))])
    if "size" in more and (
        isinstance(more["size"], str) or (":" in located.target and "size" in (located.parameters or ()))
    ):
        others.append("size")
        del more["size"]
    if "size" in more and (type(more["size"]) is not int or not 1 <= more["size"] <= LARGEST):
        allowed = f"a whole number from 1 to {LARGEST}"
        raise ProblemsError([Problem(("dataset", "size"), "is out of range", more["size"], allowed)])
    options = {key: Given(said[key], ("dataset", key)) for key in others}
    made = component("data set", located, options, place)
    usual = defaults_of(located)
    values = [str(value) for key, value in made.options.items() if usual.get(key) != value]
    called = short(located.target)
    called = called if called in DATASETS else re.split(r"[.:/]", called)[-1].lower()
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", "-".join([called, *values]))[: NAME["longest"]]
    return Dataset(_own_name(said, name, TARGET), None, located.target, made.options, **more)


def classes_of_torchvision() -> list[str]:
    """The names of torchvision.datasets, read without an import; none where it is not installed."""
    reader = Reader()
    module = reader.module(TORCHVISION, None)
    return list((reader.index(module).all if module else None) or [])


def _own_name(said: Mapping[str, Any], name: str, key: str) -> str:
    """What to call the data set. Raises ProblemsError for the name of another one, or one that is not a folder's."""
    key = "name" if "name" in said else key
    name = said.get("name", name)
    if name in DATASETS and key != TARGET:
        wrong = "gives the name of a built-in data set"
        raise ProblemsError([Problem(("dataset", key), wrong, said[key], "another name, by dataset.name")])
    if problems({"name": name}, NameKeys):
        wrong = "gives no safe name, so dataset.name is needed"
        raise ProblemsError([Problem(("dataset", key), wrong, said[key], NAME["allowed"])])
    return name
