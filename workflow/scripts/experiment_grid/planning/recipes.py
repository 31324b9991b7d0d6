"""The recipe of every job: all that its result depends on, as JSON.

Built from the validated settings when the Snakefile is read; compared by the plan; handed to the stage
in its plan file.
"""

import json
from functools import cached_property
from typing import Any

from experiment_grid.config.columns import flat
from experiment_grid.config.labels import AUGMENT, COMPONENTS
from experiment_grid.config.parameters import as_json, is_default
from experiment_grid.config.settings import Settings
from experiment_grid.source_code.fingerprint import SCRIPTS, fingerprint, folder_fingerprint, target_fingerprint

# What a stage reads with its code that is not valid Python.
RESOURCES = {"report": ("experiment_grid/report", (".j2", ".css", ".js"))}
# The components that a stage makes: their code is part of its recipe. `errors` makes the final cell's model and what
# augments the images of any, `timing` those of all cells.
EVERY = (*COMPONENTS, AUGMENT)
USED = {
    "train": EVERY,
    "train_seed": EVERY,
    "evaluate": ("model", "loss"),
    "timing": EVERY,
    "errors": ("model",),
}


class Recipes:
    """Recipes of the jobs of one configuration. Raises UserError where a file that a cell names is not valid Python.

    `source` identifies the data set's content (see `data.source.source`), `reference` is the original report's
    figures and claims, or None.
    """

    def __init__(self, settings: Settings, source: dict[str, Any], reference: dict[str, Any] | None):
        self._settings = settings
        self._source = source
        self._reference = reference
        self._code: dict[str, dict[str, str]] = {}
        every = {used for cell in settings.cells for used in self._targets(EVERY, cell)}
        self._target_code = {used: target_fingerprint(*used) for used in every}

    def recipe(self, stage: str, cell: str | None = None) -> dict[str, Any]:
        """`{"settings": …, "code": {module: fingerprint}}` of a stage, as its record has it; of a cell by name."""
        settings = getattr(self, f"_{stage}")
        code = self._code_of(stage, cell.partition("/")[0] if cell else None)
        made = {"settings": settings(cell) if cell else settings(), "code": code}
        recipe: dict[str, Any] = json.loads(json.dumps(made))  # JSON has no tuples
        return recipe

    def _targets(self, kinds: tuple[str, ...], cell: str) -> list[tuple[str, str]]:
        parameters = self._settings.cells[cell].parameters
        made = {kind: getattr(parameters, kind) for kind in kinds if not is_default(kind, getattr(parameters, kind))}
        made = {kind: value if kind == AUGMENT else [value] for kind, value in made.items()}
        return [(kind, component.target) for kind, components in made.items() for component in components]

    def _code_of(self, stage: str, cell: str | None) -> dict[str, str]:
        if stage == "download" and ":" in self._source.get("target", ""):
            return self._core(stage) | target_fingerprint("dataset", self._source["target"])
        if stage not in USED:
            return self._core(stage)
        code = dict(self._core(stage))
        settings = self._settings
        cells = dict.fromkeys(settings.cells if stage == "timing" else [cell or settings.final], USED[stage])
        if stage == "errors":
            cells |= {name: (*cells.get(name, ()), AUGMENT) for name in settings.cells}
        for name, kinds in cells.items():
            for used in self._targets(kinds, name):
                code |= self._target_code[used]
        return code

    def _core(self, stage: str) -> dict[str, str]:
        """The code of a stage, whatever the cells are made of."""
        if stage == "download" and ("files" in self._source or ":" not in self._source.get("target", ":")):
            return {}  # its content is known by checksum, ours or torchvision's, whatever code fetches it
        if stage not in self._code:
            code = fingerprint(stage)
            if stage in RESOURCES:
                folder, suffixes = RESOURCES[stage]
                found = folder_fingerprint(SCRIPTS / folder, suffixes)
                code |= {f"{folder}/{name}": checksum for name, checksum in found.items()}
            self._code[stage] = code
        return self._code[stage]

    def _download(self) -> dict[str, Any]:
        return self._source

    def _prepare(self) -> dict[str, Any]:
        return {"dataset": self._settings.dataset.name}

    def _train(self, cell: str) -> dict[str, Any]:
        parameters = self._settings.cells[cell].parameters
        versions = {"packages": parameters.packages} if parameters.packages else {}
        chosen = {"epoch": self._settings.epoch} if parameters.keep == "chosen" else {}
        dataset = self._settings.dataset.name
        return {"cell": cell, "dataset": dataset, "parameters": parameters.as_dict(), **versions, **chosen}

    def _train_seed(self, job: str) -> dict[str, Any]:
        """Of the job `cell/seed`: the cell as if it had this seed alone."""
        cell, _, seed = job.partition("/")
        settings = self._train(cell)
        return settings | {"parameters": settings["parameters"] | {"seeds": [int(seed)]}}

    def _evaluate(self, cell: str) -> dict[str, Any]:
        return self._train(cell) | {"epoch": self._settings.epoch}

    def _timing(self) -> dict[str, Any]:
        settings = self._settings
        cells = [{"name": name, "parameters": cell.parameters.as_dict()} for name, cell in settings.cells.items()]
        return {"dataset": settings.dataset.name, "cells": cells, "baseline": settings.baseline}

    @cached_property
    def _cells(self) -> list[dict[str, Any]]:
        parameters = {name: cell.parameters for name, cell in self._settings.cells.items()}
        return [{"name": name, "parameters": columns} for name, columns in flat(parameters).items()]

    @property
    def _searches(self) -> dict[str, Any]:
        return {"searches": self._settings.searches} if self._settings.searches else {}

    def _compare(self) -> dict[str, Any]:
        settings = self._settings
        return {
            "dataset": settings.dataset.name,
            "cells": self._cells,
            "baseline": settings.baseline,
            "final": settings.final,
            "confidence": settings.confidence,
            "epoch": settings.epoch,
            "reference": self._reference,
            **self._searches,
        }

    def _figures(self) -> dict[str, Any]:
        return {"baseline": self._settings.baseline, "final": self._settings.final}

    def _errors(self) -> dict[str, Any]:
        settings = self._settings
        augment = {name: as_json(cell.parameters.augment) for name, cell in settings.cells.items()}
        augment = {name: components for name, components in augment.items() if components}
        return {
            "dataset": settings.dataset.name,
            "cells": self._cells,
            "final": settings.final,
            "epoch": settings.epoch,
            **({"augment": augment} if augment else {}),
        }

    def _report(self) -> dict[str, Any]:
        settings = self._settings
        notes = [{"note": cell.note} for cell in settings.cells.values()]
        return {
            "title": settings.title,
            "note": settings.note,
            "dataset": settings.dataset.name,
            "cells": [cell | note for cell, note in zip(self._cells, notes, strict=True)],
            "baseline": settings.baseline,
            "final": settings.final,
            "epoch": settings.epoch,
            "confidence": settings.confidence,
            "reference": self._reference is not None,
            **self._searches,
        }

    def _record(self) -> dict[str, Any]:
        settings = self._settings
        return {"title": settings.title, "note": settings.note, "dataset": settings.dataset.name}
