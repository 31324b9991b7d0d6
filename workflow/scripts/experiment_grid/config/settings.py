"""The configuration of a run: read, checked and resolved before any job starts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiment_grid.config import checks, overlays
from experiment_grid.config.cells import Cells
from experiment_grid.config.components import ProblemsError
from experiment_grid.config.dataset import Dataset, resolved
from experiment_grid.config.grid import UNNAMED, expand
from experiment_grid.config.keys import Config
from experiment_grid.config.labels import column
from experiment_grid.config.parameters import Parameters
from experiment_grid.config.problems import Sources, complain
from experiment_grid.config.resolution import CellValues, Resolution
from experiment_grid.config.sampling import distributions, seed_of
from experiment_grid.config.validation import problems


@dataclass(frozen=True)
class Cell:
    """One experiment of the grid."""

    name: str
    note: str
    parameters: Parameters


@dataclass(frozen=True)
class Settings:
    """The whole configuration. What each key means: `keys`."""

    title: str
    note: str
    dataset: Dataset
    mirrors: dict[str, list[str]]
    gpus: int | str
    epoch: str
    partial: bool
    old_trainings_mb: int
    confidence: float
    baseline: str
    final: str
    reference: Path | None
    cells: dict[str, Cell]
    searches: list[dict[str, Any]]  # name, seed, axes (column → distribution and its values), cells


def load(config: Mapping[str, Any], files: Iterable[Path | str] = ()) -> Settings:
    """Settings from Snakemake's merged `config`; `files` (`workflow.configfiles`) are where it came from.

    Raises UserError with a line for each problem: file and line, key path, what is wrong, what was given, what is
    allowed. Cells keep the config's order; equal values become equal objects however they are spelt.
    """
    sources = Sources(files)
    complain(sources.misread())
    sources.refuse([*checks.report(config), *checks.mirrors(config)])
    sources.refuse(problems(config, Config))
    sources.refuse(overlays.twice(sources))
    sources.refuse(checks.missing(config))
    config = _complete(config, sources)
    sources.refuse([*checks.cells(config), *checks.packages(config)])
    dataset, wrong = None, []
    try:
        dataset = resolved(config["dataset"], config["packages"])
    except ProblemsError as error:
        wrong = error.problems
    cells = Cells(config, dataset)
    sources.refuse([*wrong, *cells.problems, *checks.files(config)])
    assert dataset is not None  # or it was refused
    made = {name: Cell(name, cells.notes[name], own) for name, own in cells.parameters.items()}
    return _settings(config, dataset, made, _searches(config, cells.of_item))


def checked_before(config: Mapping[str, Any], files: Iterable[Path | str] = ()) -> Settings:
    """Settings from a configuration that `load` accepted in another process, without a check and without notes.

    For a job on a cluster's node: checking 10,000 cells takes longer than to train a small one.
    """
    sources = Sources(files if overlays.needed(config["defaults"]) else ())
    config = _complete(config, sources)
    resolution = Resolution(config["defaults"], config["packages"])
    cells: dict[str, Cell] = {}
    sampled = any("sample" in item for item in config["cells"])
    known: set[Parameters] = set()
    for item in config["cells"]:
        for name, own in expand(item):
            parameters = resolution.parameters(CellValues(name, own))
            if "sample" not in item or parameters not in known:
                cells[name] = Cell(name, "", parameters)
            if sampled:
                known.add(parameters)
    return _settings(config, resolved(config["dataset"], config["packages"]), cells)


def _complete(config: Mapping[str, Any], sources: Sources) -> dict[str, Any]:
    fields = {key: field.get_default(call_default_factory=True) for key, field in Config.model_fields.items()}
    return fields | dict(config) | {"defaults": overlays.defaults(config["defaults"], sources)}


def _searches(config: Mapping[str, Any], cells: Mapping[int, list[str]]) -> list[dict[str, Any]]:
    """The samples among the items of the list of cells, as analysis and page need them."""
    return [
        {
            "name": item.get("name", UNNAMED),
            "seed": seed_of(item["sample"]),
            "axes": {column(axis): drawn for axis, drawn in distributions(item["sample"]).items()},
            "cells": cells.get(index, []),
        }
        for index, item in enumerate(config["cells"])
        if "sample" in item
    ]


def _settings(
    config: dict[str, Any], dataset: Dataset, cells: dict[str, Cell], searches: list[dict[str, Any]] | None = None
) -> Settings:
    return Settings(
        title=config["title"],
        note=config["note"],
        dataset=dataset,
        mirrors=config["mirrors"],
        gpus=config["gpus"] if config["gpus"] == "auto" else int(config["gpus"]),
        epoch=config["epoch"],
        partial=config["partial"],
        old_trainings_mb=config["old_trainings_mb"],
        confidence=float(config["confidence"]),
        baseline=config["baseline"],
        final=config["final"],
        reference=Path(config["reference"]) if config["reference"] is not None else None,
        cells=cells,
        searches=searches or [],
    )
