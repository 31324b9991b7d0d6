"""Which part of a cell's training exists already, under another name, with other seeds or fewer epochs: reported by the
plan before the job takes it over."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from experiment_grid.format import megabytes, plural
from experiment_grid.runtime.errors import some
from experiment_grid.runtime.files import remove
from experiment_grid.runtime.kept_trainings import FOUND, Trained, Trainings, any_epochs, bits, name
from experiment_grid.runtime.records import trained_with

DEPENDS = "trained from the start: its learning rates depend on the number of epochs"


class FoundTrainings:
    """Looks in the results folder; `device` gives the kind of device, cpu, cuda or mps, that a cell will train on."""

    def __init__(self, results: Path, device: Callable[[str], str]):
        self._results = results
        self._trainings = Trainings(results)
        self._device = device
        self.wanted: set[str] = set()  # folders of what was found
        self._versions = {package: metadata.version(package) for package in ("torch", "numpy")}

    def of(self, recipe: dict[str, Any], data: str | None) -> tuple[str | None, bool]:
        """A sentence on what is found again of a job's training, or why nothing is; and whether that is all of
        it. `data` is the SHA-256 of the prepared images, None where they are not known."""
        settings = recipe["settings"]
        parameters = settings["parameters"]
        if data is None or not self._trainings.folder.is_dir():
            return None, False
        same = bits(recipe, data, self._device(settings["cell"]), self._versions)
        found = {seed: self._trainings.find(same, seed, parameters) for seed in parameters["seeds"]}
        by_origin: dict[tuple[str, str, int], list[int]] = defaultdict(list)
        for seed, one in found.items():
            if one:
                self.wanted.add(one.folder.name)
                origin = one.origin(seed)
                epochs = min(one.epochs, parameters["epochs"])
                by_origin[origin["cell"], origin["finished"][:10], epochs].append(seed)
        whole = sum(len(seeds) for (*_, epochs), seeds in by_origin.items() if epochs == parameters["epochs"])
        everything = whole == len(found)
        if by_origin:
            parts = [_part(*origin, seeds, parameters, everything) for origin, seeds in by_origin.items()]
            return f"{FOUND}: {'; '.join(parts)}", everything
        others = [one for one in self._trainings.all(same) if {*trained_with(one.record)["seeds"]} & {*found}]
        return (DEPENDS if others and not any_epochs(parameters) else None), False


def _part(cell: str, date: str, epochs: int, seeds: list[int], parameters: dict[str, Any], everything: bool) -> str:
    what = []
    if len(seeds) < len(parameters["seeds"]):
        what.append(("seed " if len(seeds) == 1 else "seeds ") + some([*map(str, seeds)], 5))
    if epochs < parameters["epochs"]:
        what.append("epoch 1" if epochs == 1 else f"epochs 1 to {epochs}")
    return f"{', '.join(what)}, trained {date} as {cell}" if what else f"trained {date} as {cell}"


def old(results: Path, records: Iterable[dict[str, Any]], wanted: Collection[str] = ()) -> list[Trained]:
    """The trainings that belong to none of these records and are not in `wanted`, the latest first."""
    used = {*wanted}
    for record in records:
        with suppress(KeyError, ValueError, TypeError, AttributeError):
            used.add(name(record))
    trainings = [one for one in Trainings(results).all() if one.folder.name not in used]
    return sorted(trainings, key=lambda one: str(one.record.get("finished")), reverse=True)


def remove_oldest(results: Path, trainings: list[Trained], limit: int) -> str | None:
    """Remove the last of these until the others take no more than `limit` MB; a sentence, where one was removed. What
    killed jobs left of theirs goes too."""
    for folder in Trainings(results).unfinished():
        remove(folder)
    taken, removed = 0, []
    for one in trainings:
        taken += alone(one)
        if taken > limit * 1e6:
            removed.append(alone(one))
            remove(one.folder)
    count = plural(len(removed), "old training")
    return f"old_trainings_mb: {limit}: removed {count} ({megabytes(sum(removed))})" if removed else None


def described(one: Trained) -> str:
    """An old training in a line: what it was, and what it takes on disk."""
    parameters = trained_with(one.record)
    seeds = parameters["seeds"]
    amount = f"{parameters['epochs']} epochs, {plural(len(seeds), 'seed')}"
    return f"trained {one.record['finished'][:10]} as {one.record['cell']} ({amount})  {megabytes(alone(one))}"


def alone(one: Trained) -> int:
    """Bytes that are on disk for this training alone: no cell's folder has the same files."""
    stats = [path.stat() for path in one.folder.iterdir()]
    return sum(stat.st_size for stat in stats if stat.st_nlink == 1)
