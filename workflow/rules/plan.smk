# The configuration, checked before anything else happens, and the plan: which jobs must run, and why.
import os
from functools import cache

from experiment_grid.config import reference as original_report
from experiment_grid.config import settings as configured
from experiment_grid.config.gpus import gpus_available, overlooked, refusal, unusable
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
plan = Plan(workflow.pathvars.apply("<results>"), DATASET, CELLS, RECIPES, partial=settings.partial)
COMPARED = plan.compared
if not COMPARED:
    sys.exit(f"{plan.results}: no cell is finished, so there is nothing to make a page of; run without partial first")


wildcard_constraints:
    cell="[A-Za-z0-9][A-Za-z0-9._-]*",


@cache
def hold():
    """Have the results folder to oneself, from the plan to the end of the run."""
    try:
        return lock.hold(plan.results)
    except UserError as error:
        sys.exit(str(error))


@cache
def refuse_foreign():
    """End here where the run would write over files that are not the workflow's."""
    try:
        queries.refuse_foreign(plan, rules)
    except UserError as error:
        sys.exit(str(error))


def planned(stage):
    """Input function that gives the plan file of a stage's job. Only the main process plans, not a job on a cluster."""

    def plan_file(wildcards):
        job = stage, wildcards.get("cell")
        if not workflow.is_main_process:
            return str(plan.path(*job))
        hold()
        refuse_foreign()
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
        kept = not ON_NODE and not plan.decision(stage, wildcards.get("cell")).runs
        return [] if kept and not (plan.results / file).exists() else f"<results>/{file}"

    return images


@cache
def gpu_refusal():
    """Why no cell can train on a GPU though this machine is to have some; None before a dry run and on a cluster."""
    if not GPUS or ON_NODE or workflow.non_local_exec or workflow.dryrun:
        return None
    return refusal()


def no_gpu(wildcards):
    """Why a cell that would train on a GPU trains on the CPU; None where it doesn't, or is kept."""
    device = settings.cells[wildcards.cell].parameters.device
    why = gpu_refusal() if device != "cpu" and plan.decision("train", wildcards.cell).runs else None
    if why and device == "cuda":
        sys.exit(f"device: PyTorch can't use a GPU of this machine ({why}); given: cuda; allowed: auto, cpu")
    return why


def warn_of_no_gpu(jobs):
    """Where other machines train, none of which was asked for its GPUs; where PyTorch refuses those of this one."""
    devices = {cell.parameters.device for cell in settings.cells.values()}
    warning = workflow.non_local_exec and overlooked(settings.gpus, GPUS, devices)
    if why := any([no_gpu(job.wildcards) for job in jobs if job.rule.name == "train"]) and gpu_refusal():
        warning = unusable(settings.gpus, GPUS, why)
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
        warn_of_no_gpu(workflow.dag.needrun_jobs())


onsuccess:
    handler.end(PROGRESS, succeeded=True)


onerror:
    handler.end(PROGRESS)
