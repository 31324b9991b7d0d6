# The configuration, checked before anything else happens, and the plan: which jobs must run, and why.
import os
from functools import cache

from experiment_grid.config import reference as original_report
from experiment_grid.config import settings as configured
from experiment_grid.config.gpus import gpus_available, overlooked
from experiment_grid.data.datasets import mirrors, source
from experiment_grid.planning import queries
from experiment_grid.planning.explain import explain
from experiment_grid.planning.plan import Plan
from experiment_grid.planning.recipes import Recipes
from experiment_grid.runtime import lock
from experiment_grid.runtime.errors import cannot_write
from experiment_grid.runtime.scheduling import throttle_scheduler

# A job on a cluster's node starts Snakemake again, twice or thrice a cell: the process that submitted it has checked and
# planned everything. (Which cells a partial comparison has, only a plan can tell.)
ON_NODE = not workflow.is_main_process and not config.get("partial")

try:
    read = configured.checked_before if ON_NODE else configured.load
    settings = read(config, workflow.configfiles)
    REFERENCE = None if ON_NODE else settings.reference and original_report.load(settings.reference)
    SOURCE = {} if ON_NODE else source(settings.dataset)
    RECIPES = Recipes(settings, SOURCE, REFERENCE)
except UserError as error:
    sys.exit(str(error))

CELLS = list(settings.cells)
DATASET = settings.dataset.name
GPUS = gpus_available(settings.gpus)
SPLIT = {
    name: [f"{name}/{seed}" for seed in cell.parameters.seeds]
    for name, cell in settings.cells.items()
    if cell.parameters.split_seeds
}
plan = Plan(workflow.pathvars.apply("<results>"), DATASET, CELLS, RECIPES, partial=settings.partial, split=SPLIT)
COMPARED = plan.compared
if not COMPARED:
    sys.exit(f"{plan.results}: no cell is finished, so there is nothing to make a page of; run without partial first")


wildcard_constraints:
    cell="[A-Za-z0-9][A-Za-z0-9._-]*",
    seed="[0-9]+",


@cache
def hold():
    """Have the results folder to oneself, from the plan to the end of the run."""
    try:
        return lock.hold(plan.results)
    except UserError as error:
        sys.exit(str(error))


def named(wildcards):
    """What the plan calls a job of a cell, or of a seed of it; None for a job of all cells."""
    return "/".join(wildcards.get(name) for name in ("cell", "seed") if wildcards.get(name)) or None


def planned(stage):
    """Input function that gives the plan file of a stage's job. Only the main process plans, not a job on a cluster."""

    def plan_file(wildcards):
        job = stage, named(wildcards)
        if not workflow.is_main_process:
            return str(plan.path(*job))
        hold()
        try:
            return str(plan.file(*job))
        except OSError as error:
            sys.exit(str(cannot_write(error.filename or plan.results, error)))

    return plan_file


def prepared(stage):
    """Input function that gives the prepared images. Where they were deleted, a job that is kept does not ask for them:
    Snakemake would run it again after making them for another job."""
    file = f"data/{DATASET}/prepared.safetensors"

    def images(wildcards):
        decision = None if ON_NODE else plan.decision(stage, named(wildcards))
        kept = decision and not decision.runs and not decision.absent
        return [] if kept and not (plan.results / file).exists() else f"<results>/{file}"

    return images


def warn_of_no_gpu():
    """Where other machines train, none of which was asked for its GPUs."""
    devices = {cell.parameters.device for cell in settings.cells.values()}
    warning = workflow.non_local_exec and overlooked(settings.gpus, GPUS, devices)
    if warning:
        logger.warning(warning)


def compared(*files, only=None):
    """Input function that gives these files of every cell that is put side by side, or of the `only` one where it is one
    of them. No plain list: of those, Snakemake makes an object for every file, also to run another rule's job."""
    cells = [cell for cell in COMPARED if only in (None, cell)]
    return lambda wildcards: [f"<results>/cells/{cell}/{file}" for cell in cells for file in files]


if PROGRESS:
    PROGRESS.goal = lambda: queries.goal(workflow.dag_settings, plan.results, os.environ)


onstart:
    throttle_scheduler(workflow.scheduler)
    if not queries.only_read(workflow.dag_settings.targets):
        hold()
        warn_of_no_gpu()


onsuccess:
    handler.end(PROGRESS, succeeded=True)


onerror:
    handler.end(PROGRESS)
