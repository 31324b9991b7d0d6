"""What a target names: a class or function of a package or of a file in the project, and its options."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePosixPath

from experiment_grid.config.labels import AUGMENT
from experiment_grid.config.problems import MOST_NAMES, closest
from experiment_grid.config.shortnames import SHORT_NAMES, TRANSFORMS, full
from experiment_grid.data.datasets import EMNIST, TORCHVISION
from experiment_grid.runtime.errors import some
from experiment_grid.source_code import signatures
from experiment_grid.source_code.constructor_limits import Guard
from experiment_grid.source_code.definitions import NotThereError
from experiment_grid.source_code.signatures import Parameter
from experiment_grid.training.schedule_names import EACH_STEP, FILLED_IN

ALWAYS = ("torch", "torchvision", "experiment_grid")
OF_DATASET = {
    "root": "the results folder has it",
    "train": "both parts are taken",
    "split": "both parts are taken",
    "what": "both parts are taken",
    "download": "it is downloaded where it is not there",
    "transform": "images stay as they are; augment changes them",
    "target_transform": "labels stay as they are",
    "transforms": "images stay as they are; augment changes them",
    "loader": "Pillow reads the images",
}
GIVEN = {  # parameters that the trainer fills in
    "input_shape": "the data set gives it",
    "classes": "the data set gives it",
    "lr": "it is the cell's learning_rate",
    "params": "they are the model's",
}
OF_SCHEDULE = {
    "optimizer": "it is the cell's",
    "last_epoch": "training counts",
    "epochs": "total_steps counts them",
    "steps_per_epoch": "total_steps counts them",
}
CHECKED_LATE = {  # options that PyTorch checks only after construction, by their package
    "torch.nn": {
        "label_smoothing": "Annotated[float, Interval(ge=0, le=1)]",
        "reduction": "Literal['mean', 'sum', 'none']",
    },
    "torch.optim.lr_scheduler": {"step_size": "Annotated[int, Ge(1)]"},
}


@dataclass(frozen=True)
class Located:
    """A target in its canonical form, and what it takes: `parameters` by name, None where no source shows them."""

    target: str
    parameters: dict[str, Parameter] | None
    open: bool = True  # takes others too
    package: str | None = None  # one that the config lists
    guards: tuple[Guard, ...] = ()
    given: Mapping[str, str] = field(default_factory=lambda: GIVEN)  # what is not an option, and why

    @property
    def known(self) -> str:
        return ", ".join(self.parameters or ())


class RefusedError(Exception):
    """A target that can't be used; `wrong` and `allowed` for the user's line."""

    def __init__(self, wrong: str, allowed: str):
        super().__init__(wrong)
        self.wrong, self.allowed = wrong, allowed


def locate(kind: str, target: str, packages: tuple[str, ...] = ()) -> Located:
    """What a short name or a target resolves to, for a component of a kind such as "loss". Raises RefusedError."""
    target = full(kind, target)
    if "/" in target or ":" in target or "\\" in target or target.endswith(".py"):
        found = _in_file(target)
        return _located(kind, found.shortest, found, None)
    return in_package(kind, target, packages)


@cache
def in_package(kind: str, target: str, packages: tuple[str, ...]) -> Located:
    """What a dotted name resolves to. Raises RefusedError."""
    package = target.partition(".")[0]
    if package == target or not all(part.isidentifier() for part in target.split(".")):
        names = SHORT_NAMES.get(kind, ())
        known = ", ".join(names) or f"a class of {TRANSFORMS}"
        allowed = f"{known}; or a target: package.module.name, or folder/file.py:name"
        raise RefusedError(f"is not one of those known{closest(target, names)}", allowed)
    folders, _, name = target.rpartition(".")
    file = f"{folders.replace('.', '/')}.py"
    if package not in (*ALWAYS, *packages) and Path(file).is_file():
        raise RefusedError(f"is in a file (did you mean {file}:{name}?)", "folder/file.py:name")
    _refuse_others("is in", (package,), packages)
    try:
        found = signatures.of_name(target)
    except NotThereError as error:
        raise _not_there(error, target.rpartition(".")[2], target.rpartition(".")[0]) from None
    _refuse_others("resolves to", found.packages, packages)
    return _located(kind, found.shortest, found, package if package not in ALWAYS else None)


def _refuse_others(how: str, named: tuple[str, ...], packages: tuple[str, ...]) -> None:
    """Raise RefusedError for a package that the config does not list, such as `os` in `torch.os.system`."""
    for package in named:
        if package not in (*ALWAYS, *packages):
            listed = ", ".join(["torch", "torchvision", *packages])
            raise RefusedError(
                f"{how} {package}, which the config does not list", f"{listed}; others by packages: [{package}]"
            )


def _in_file(target: str) -> signatures.Target:
    text, _, name = target.partition(":")
    path = PurePosixPath(text)
    if path.is_absolute() or text.startswith("~") or "\\" in text or name[:1] in ("/", "\\"):
        raise RefusedError("is not a path inside of the project", "a path relative to the working directory")
    if ".." in path.parts:
        raise RefusedError("leads out of the project by `..`", "a path inside of the working directory")
    if path.suffix != ".py" or not name.isidentifier():
        raise RefusedError("names no class or function in a file", "folder/file.py:name")
    try:
        if not Path(path).is_file():
            others = sorted(other.as_posix() for other in Path(path.parent).glob("*.py") if other.is_file())
            allowed = some(others, MOST_NAMES) or "path of a Python file"
            raise RefusedError(f"names no file{closest(path.as_posix(), others)}", allowed)
        if not Path(path).resolve().is_relative_to(Path.cwd().resolve()):
            raise RefusedError("leads out of the project by a link", "a file inside of the working directory")
        return signatures.of_file(Path(path), name)
    except NotThereError as error:
        raise _not_there(error, name, str(path)) from None
    except SyntaxError as error:
        line = f", line {error.lineno}" if error.lineno else ""
        raise RefusedError(
            f"needs {error.filename or path}, which is not valid Python ({error.msg}{line})", ""
        ) from None
    except (OSError, ValueError):  # a name too long for the file system, a folder that may not be read
        raise RefusedError("names no file", "path of a Python file") from None


def _not_there(error: NotThereError, name: str, place: str) -> RefusedError:
    names = [other for other in dict.fromkeys(error.names) if not other.startswith("_")]
    missing = str(error).startswith("no such")
    wrong = f"{error} by this name in {place}" if missing else str(error)
    classes = [other for other in names if other[:1].isupper()]
    allowed = names if place.endswith(".py") else classes or names
    near = names if missing else [other for other in names if other.lower() == name.lower()]
    return RefusedError(f"{wrong}{closest(name, near)}", some(allowed, MOST_NAMES))


def _located(kind: str, target: str, found: signatures.Target, package: str | None) -> Located:
    signature = found.signature
    if signature is None:
        return Located(target, None, package=package)
    function = not signature.is_class
    skipped = 1 if kind in ("optimizer", "schedule") else {"loss": 2, AUGMENT: 1}.get(kind, 0) if function else 0
    named = {one.name for one in signature.parameters}
    if target.startswith(f"{TORCHVISION}.") and not signature.open and "download" not in named:
        raise RefusedError("downloads nothing", "a class that does; images of your own: {path: …}")
    given = {"schedule": GIVEN | OF_SCHEDULE, AUGMENT: {}, "dataset": _of_dataset(target)}.get(kind, GIVEN)
    taken = {one.name: one for one in signature.parameters[skipped:] if one.name not in given}
    if kind == "schedule":
        taken = _of_schedule(target, taken)
    if target == f"{TORCHVISION}.EMNIST":
        taken["split"] = taken["split"]._replace(annotation=f"Literal[{', '.join(map(repr, EMNIST))}]")
    for place, late in CHECKED_LATE.items():
        if target.startswith(f"{place}."):
            taken |= {name: taken[name]._replace(annotation=late[name]) for name in taken.keys() & late}
    return Located(target, taken, signature.open, package, signature.guards, given)


def _of_dataset(target: str) -> dict[str, str]:
    """The parameters of a data set that the workflow fills in."""
    if not target.startswith("torchvision."):
        return {}
    return {name: why for name, why in OF_DATASET.items() if (target, name) != (f"{TORCHVISION}.EMNIST", "split")}


def _of_schedule(target: str, taken: dict[str, Parameter]) -> dict[str, Parameter]:
    """Options of a schedule: those that every one has, and those of its own, of which training fills in some."""
    steps = "step" if target.rpartition(".")[2] in EACH_STEP else "epoch"
    every = {
        "warmup": Parameter("warmup", "Annotated[float, Ge(0)]", required=False, literal=True, default=0.0),
        "interval": Parameter("interval", 'Literal["epoch", "step"]', required=False, literal=True, default=steps),
    }
    if target == SHORT_NAMES["schedule"]["none"]:
        del every["interval"]
    own = {
        name: one._replace(required=False, literal=False, default=None) if name in FILLED_IN else one
        for name, one in taken.items()
    }
    return own | {name: one for name, one in every.items() if name not in own}
