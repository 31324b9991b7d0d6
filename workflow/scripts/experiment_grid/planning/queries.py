"""What the rules of plan.smk and inspect.smk ask the plan, and what the command line asked for."""

import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from experiment_grid.planning.decisions import SOURCES
from experiment_grid.planning.found_trainings import described
from experiment_grid.planning.plan import Plan
from experiment_grid.planning.stages import STAGES
from experiment_grid.runtime import engine
from experiment_grid.runtime.engine import Asked
from experiment_grid.runtime.errors import UserError

READERS = {"why", "dag", "open", "stale"}
REMOVERS = {"prune", "clean"}
FOLDER = "pathvars: {results: …}"


def seeds_apart(cells: Mapping[str, Any]) -> dict[str, list[str]]:
    """The jobs of the seeds of cells that train them apart, by cell, called `cell/seed`; of `Settings.cells`."""
    apart = {name: cell.parameters.seeds for name, cell in cells.items() if cell.parameters.split_seeds}
    return {name: [f"{name}/{seed}" for seed in seeds] for name, seeds in apart.items()}


def only_read(targets: Collection[str]) -> bool:
    """Whether Snakemake was asked for answers alone, which can be given while another run works."""
    return bool(targets) and READERS.issuperset(targets)


def goal(asked: Asked, results: Path, environment: Mapping[str, str]) -> str:
    """Where the result of a run is: a cell by `make cell`, the page by a whole run."""
    if "cell" in asked.targets:
        return f"The cell: {results}/cells/{environment['NAME']}/"
    return "" if asked.targets or asked.in_part else f"The page: {results}/report.html"


def old_trainings(plan: Plan) -> dict[str, str]:
    """The folders of trainings that no configured cell has any more, and a line on each."""
    return {str(one.folder): described(one) for one in plan.old_trainings()}


def named_cell(cells: list[str], environment: Mapping[str, str]) -> str:
    """What `make cell NAME=…` asks for: the last file of that cell. Ends the program where there is no such cell."""
    name = environment.get("NAME", "")
    if name not in cells:
        sys.exit(f"NAME: no such cell; given: {name or 'nothing'}; allowed: {', '.join(cells)}")
    return f"<results>/cells/{name}/evaluation.csv"


def job_name(wildcards: Any) -> str | None:
    """What the plan calls a job of a cell, or `cell/seed` of a seed of it; None for a job of all cells."""
    return "/".join(wildcards.get(name) for name in ("cell", "seed") if wildcards.get(name)) or None


def products(rules: Any, stage: str, cell: str | None) -> list[Path]:
    """The files that Snakemake expects of a job: its outputs and its benchmark."""
    name, _, seed = (cell or "").partition("/")
    files = map(str, [*getattr(rules, stage).output, *engine.benchmark(rules, stage)])
    return [Path(file.replace("{cell}", name).replace("{seed}", seed)) for file in files]


def refuse_foreign(plan: Plan, rules: Any) -> None:
    """Raise UserError where a job that never ran in the results folder would write over a file that is there."""
    for stage, cell in plan.jobs():
        if stage in SOURCES or plan.path(stage, cell).exists() or plan.record(stage, cell).exists():
            continue
        for path in products(rules, stage, cell)[: len(getattr(rules, stage).output)]:  # a benchmark is Snakemake's own
            if path.is_file() or path.is_symlink():
                wrong = "is there, and no run of this workflow wrote it"
                raise UserError(f"{path}: {wrong}; move it away, or give the run a folder of its own ({FOLDER})")


def written(rules: Any) -> list[str]:
    """What the rules write, by Snakemake's `rules`: outputs, logs, benchmarks, with `{cell}` for the name of a cell."""
    names = [*STAGES, *sorted(READERS | REMOVERS)]
    files: list[Any] = [file for name in names for file in (*getattr(rules, name).output, *engine.log(rules, name))]
    return [str(file) for file in (*files, *(file for name in STAGES for file in engine.benchmark(rules, name)))]
