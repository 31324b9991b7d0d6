"""Finished trainings, identified by their content, so that a cell under another name reuses them.

A folder `trained/<bits>-<amount>` has hard links to the files that a training job left, and the state of each seed
after its last epoch, for more epochs. `bits` is of all that a seed's numbers depend on, `amount` of seeds and epochs.
"""

import errno
import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiment_grid.runtime.files import digest, remove
from experiment_grid.runtime.records import changed_reads, trained_with

FOUND = "found again"  # begins the reason of a job which takes what is kept here
FOLDER = "trained"  # of a results folder
NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV)
NAME = re.compile(r"(?P<bits>[0-9a-f]{16})-(?P<amount>[0-9a-f]{8})")
RECORD, HISTORY, CHECKPOINTS = FILES = ("run.json", "history.csv", "checkpoints.safetensors")
PREPARED = "prepared.safetensors"
NO_PART = ("cell", "dataset", "parameters")  # settings left out of `bits`, which has images and parameters apart
AMOUNT = ("seeds", "epochs")
# Schedulers of torch whose rates depend on the number of epochs, unless this is given.
EPOCHS_COUNT = {"CosineAnnealingLR": "T_max", "OneCycleLR": "total_steps"}
SAME_BITS = ("device", "step")  # parameters; the kind of device is


def bits(recipe: Mapping[str, Any], data: str, device: str, versions: Mapping[str, str]) -> str:
    """A checksum of everything that a seed's results depend on, except the seed and the number of epochs.

    `data` is the SHA-256 of the prepared images, `device` cpu, cuda or mps, `versions` those of torch and numpy.
    """
    settings, code = recipe["settings"], recipe["code"]
    parameters = {key: value for key, value in settings["parameters"].items() if key not in (*AMOUNT, *SAME_BITS)}
    rest = {key: value for key, value in settings.items() if key not in NO_PART}
    code = {name: checksum for name, checksum in code.items() if name != "train_seed"}  # the same by another entry
    versions = {name: versions[name] for name in ("torch", "numpy")}
    return _checksum([parameters, rest, code, data, device, versions], 16)


def bits_of(record: Mapping[str, Any]) -> str:
    """The same of the record of a job that trained."""
    (data,) = (checksum for name, checksum in record["inputs"].items() if Path(name).name == PREPARED)
    return bits(record["recipe"], data, record["device"]["type"], record["versions"])


def name(record: Mapping[str, Any]) -> str:
    """What a job's folder in `trained` is called."""
    return f"{bits_of(record)}-{_checksum([trained_with(record)[key] for key in AMOUNT], 8)}"


def any_epochs(parameters: Mapping[str, Any]) -> bool:
    """Whether a training of more epochs begins with the same bits: its learning rate doesn't depend on their number."""
    schedule = parameters.get("schedule")
    if schedule is None:
        return True
    package, _, kind = schedule["_target_"].rpartition(".")
    return package == "torch.optim.lr_scheduler" and EPOCHS_COUNT.get(kind, "warmup") in schedule


@dataclass(frozen=True)
class Trained:
    """A training that is kept; `record` is its job's."""

    folder: Path
    record: dict[str, Any]

    @property
    def epochs(self) -> int:
        """How many it was to have."""
        epochs: int = trained_with(self.record)["epochs"]
        return epochs

    def origin(self, seed: int) -> dict[str, str]:
        """Of which cell's job, and when that finished, a seed was trained; this one may have found all of it again."""
        own = {"cell": self.record["cell"].partition("/")[0], "finished": self.record["finished"]}
        found = self.record.get("found", {}).get(str(seed), {})
        return {key: found[key] for key in own} if found.get("whole") else own

    def state(self, seed: int) -> Path | None:
        """The file with the state after a seed's last epoch; None where it cannot be resumed from."""
        return next(self.folder.glob(f"seed{seed}.epoch*.safetensors"), None)

    def intact(self) -> bool:
        """Whether its files are as its record says, and what the user's code read as it was."""
        try:
            files = {Path(name).name: known["sha256"] for name, known in self.record["outputs"].items()}
            whole = all(digest(self.folder / name) == checksum for name, checksum in files.items())
            return whole and {*files} == {HISTORY, CHECKPOINTS} and not changed_reads(self.record.get("reads", {}))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return False


class Trainings:
    """The trainings that are kept in a results folder."""

    def __init__(self, results: Path):
        self.folder = results / FOLDER

    def all(self, of: str = "*") -> Iterator[Trained]:
        """All of them, or those with these `bits`; what cannot be read is left out."""
        for folder in sorted(self.folder.glob(f"{of}-*")):
            if NAME.fullmatch(folder.name) and not folder.is_symlink():
                with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
                    record = json.loads((folder / RECORD).read_text("utf-8"))
                    if folder.name == name(record):
                        yield Trained(folder, record)

    def find(self, of: str, seed: int, parameters: Mapping[str, Any]) -> Trained | None:
        """The one that a seed's training can take most from: of as many epochs, or else of more, or of fewer to
        resume from, where these are the same bits."""
        wanted = parameters["epochs"]
        found = [one for one in self.all(of) if seed in trained_with(one.record)["seeds"]]
        if not any_epochs(parameters):
            found = [one for one in found if one.epochs == wanted]
        elif parameters.get("keep") == "chosen":  # of more epochs, another one may be the chosen
            found = [one for one in found if one.epochs <= wanted]
        found = [one for one in found if one.epochs >= wanted or one.state(seed)]
        found.sort(key=lambda one: (one.epochs == wanted, one.epochs > wanted, min(one.epochs, wanted)), reverse=True)
        return next((one for one in found if one.intact()), None)

    def keep(self, run: Path, outputs: Iterable[Path], states: Sequence[Path]) -> str | None:
        """Keep a job's training by its record `run`, with the last epochs' files `states`; why not, or None.

        Nothing is copied: a file system without hard links keeps none. The record comes last, so that a folder with one
        is whole.
        """
        folder = self.folder / name(json.loads(run.read_text("utf-8")))
        try:
            remove(folder / RECORD)  # what has none is not a training
            remove(folder)
            folder.mkdir(parents=True)
            for file in (*outputs, *states, run):
                os.link(file, folder / file.name)
        except OSError as error:
            return "this file system has no hard links" if error.errno in NO_LINKS else os.strerror(error.errno or 0)
        return None

    def unfinished(self) -> list[Path]:
        """Folders of jobs that were killed before all was kept."""
        folders = [folder for folder in self.folder.glob("*") if NAME.fullmatch(folder.name)]
        return [folder for folder in folders if not folder.is_symlink() and not (folder / RECORD).exists()]


def _checksum(value: Any, length: int) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:length]
