# The configuration, checked before anything else happens, and the plan: which jobs must run, and why.
import os
from contextlib import suppress
from functools import cache

from experiment_grid.config import results_path
from experiment_grid.config import reference as original_report
from experiment_grid.config import settings as configured
from experiment_grid.config.command_line import typed
from experiment_grid.config.gpus import gpus_available, overlooked, refusal, trains_on, unusable
from experiment_grid.data.datasets import mirrors
from experiment_grid.data.source import files, source
from experiment_grid.planning import queries
from experiment_grid.planning.explain import explain
from experiment_grid.planning.found_trainings import remove_oldest
from experiment_grid.planning.plan import Plan
from experiment_grid.planning.recipes import Recipes
from experiment_grid.planning.stages import STAGES
from experiment_grid.runtime import engine, lock
from experiment_grid.runtime.errors import cannot_write
from experiment_grid.runtime.records import CELL_NAME
from experiment_grid.runtime.kept_trainings import FILES

# A job on a cluster's node starts Snakemake again, two or three times a cell: the process that submitted it has checked and
# planned everything. (Which cells a partial comparison has, only a plan knows.)
IS_MAIN = engine.is_main(workflow)
ON_NODE = not IS_MAIN and not config.get("partial")

if engine.cores(workflow) == 0:
    sys.exit("--cores: no job could run; given: 0; allowed: a number from 1, or all")

NO_CONFIG = (
    f"{CONFIG}: no such file in {Path.cwd()}; start Snakemake in the project's folder, or give it as --directory"
)

try:
    read = configured.checked_before if ON_NODE else configured.load
    RESULTS = engine.results(workflow, config)
    results_path.check(RESULTS, engine.config_files(workflow))
    config_given = engine.given_values(workflow), engine.given_texts(workflow)
    settings = read(typed(config, *config_given), engine.config_files(workflow))
    REFERENCE = None if ON_NODE else settings.reference and original_report.load(settings.reference)
    SOURCE = {} if ON_NODE else source(settings.dataset)
    RECIPES = Recipes(settings, SOURCE, REFERENCE)
except UserError as error:
    nowhere = not (CONFIG.exists() or engine.has_given_config(workflow)) and "is missing" in str(error)
    sys.exit(NO_CONFIG if nowhere else str(error))

NO_TOUCH = (
    "--touch: nothing touched: whether a result is up to date depends on its content and recipe, not on its time; "
    "to keep the present results, undo the change"
)
CELLS = list(settings.cells)
DATASET = settings.dataset.name
GPUS = gpus_available(settings.gpus)
SPLIT = queries.seeds_apart(settings.cells)
DELETES = engine.deletes(sys.argv[1:])
NAMES = engine.rule_names(workflow, [*STAGES, "cell", *queries.READERS, *queries.REMOVERS])
plan = Plan(
    RESULTS,
    DATASET,
    CELLS,
    RECIPES,
    partial=settings.partial,
    split=SPLIT,
    products=lambda stage, cell: queries.products(rules, stage, cell),
    asked=lambda: engine.asked(workflow, NAMES),
    overlays=engine.overlays(workflow),
    device=lambda cell: trains_on(settings.cells[cell].parameters.device, GPUS),
)
COMPARED = plan.compared
if not COMPARED:
    sys.exit(f"{plan.results}: no cell is finished, so there is nothing to make a page of; run without partial first")


wildcard_constraints:
    cell=CELL_NAME,
    seed="[0-9]+",


@cache
def hold():
    """Hold the results folder's lock from planning to the end of the run."""
    try:
        return lock.hold(plan.results)
    except UserError as error:
        sys.exit(str(error))


@cache
def refuse_foreign():
    """Exit if the run would overwrite files that are not the workflow's."""
    try:
        queries.refuse_foreign(plan, rules)
    except UserError as error:
        sys.exit(str(error))


def planned(stage):
    """Input function that gives the plan file of a stage's job. Only the main process plans, not a job on a cluster.

    Its time alone decides whether a job runs: all inputs of a kept job are `ancient` (`inputs`).
    """

    def plan_file(wildcards):
        job = stage, queries.job_name(wildcards)
        if not IS_MAIN:
            return str(plan.path(*job))
        if engine.touches(workflow):
            sys.exit(NO_TOUCH)
        try:
            plan.look_for_files_in_the_way()
            if engine.only_looks(workflow):
                if DELETES:
                    hold()
                return to_look_at(job)
            hold()
            refuse_foreign()
            path = plan.file(*job)
        except OSError as error:
            sys.exit(str(cannot_write(error.filename or plan.results, error)))
        return path if plan.runs(*job) else ancient(path)

    return plan_file


def to_look_at(job):
    """A job's plan file, or its stand-in, for commands that write nothing."""
    if plan.runs(*job):
        return plan.stand_in(*job)
    return ancient(str(plan.path(*job))) if plan.path(*job).exists() else []


SPARED_FOLDERS = ("data/", "seeds/")  # folders whose files a kept job does without


def inputs(stage, files):
    """Input function that gives these files of the results: a name, or several. A kept job never runs because of their
    times. Deleted data that only kept jobs read is left out, or Snakemake would make it again."""

    def given(wildcards):
        one = isinstance(files, str)
        names = [files] if one else files
        kept = IS_MAIN and not plan.runs(stage, queries.job_name(wildcards))
        if kept:
            names = [name for name in names if not name.startswith(SPARED_FOLDERS) or (plan.results / name).exists()]
        paths = [ancient(f"<results>/{name}") if kept else f"<results>/{name}" for name in names]
        return next(iter(paths), []) if one else paths

    return given


def prepared(stage):
    """Input function that gives the prepared images."""
    return inputs(stage, f"data/{DATASET}/prepared.safetensors")


@cache
def gpu_refusal():
    """Why no cell can train on a GPU although GPUs are configured; None in a dry run and on a cluster."""
    if not GPUS or ON_NODE or engine.runs_elsewhere(workflow) or engine.only_looks(workflow):
        return None
    return refusal()


def no_gpu(wildcards):
    """Why a cell that would train on a GPU trains on the CPU; None where it doesn't, or is kept."""
    device = settings.cells[wildcards.cell].parameters.device
    why = gpu_refusal() if device in ("auto", "cuda") and plan.decision("train", wildcards.cell).runs else None
    if why and device == "cuda":
        sys.exit(f"device: PyTorch can't use a GPU of this machine ({why}); given: cuda; allowed: auto, cpu")
    return why


def warn_of_no_gpu(trained):
    """Where other machines train, none of which was asked for its GPUs; where PyTorch refuses those of this one."""
    devices = {cell.parameters.device for cell in settings.cells.values()}
    warning = engine.runs_elsewhere(workflow) and overlooked(settings.gpus, GPUS, devices)
    if why := any([no_gpu(wildcards) for wildcards in trained]) and gpu_refusal():
        warning = unusable(settings.gpus, GPUS, why)
    if warning:
        logger.warning(warning)


def compared(stage, *files, only=None):
    """Input function that gives these files of every cell that is put side by side, or only of `only`. A function: of
    a list, Snakemake makes an object for every file, also to run another rule's job."""
    cells = [cell for cell in COMPARED if only in (None, cell)]
    return lambda wildcards: inputs(stage, [f"cells/{cell}/{file}" for cell in cells for file in files])(wildcards)


def seeds_apart(wildcards):
    """Where the seeds of a cell are trained apart: their files."""
    files = [f"seeds/{seed}/{name}" for seed in SPLIT.get(wildcards.cell, ()) for name in FILES]
    return inputs("train", files)(wildcards)


def asked(wildcards):
    """What a job asks for: the keys of its cell; a core where it only puts seeds together that were trained apart."""
    parameters = settings.cells[wildcards.cell].parameters
    gathers = wildcards.cell in SPLIT and not wildcards.get("seed")
    return parameters.model_copy(update={"threads": 1, "device": "cpu"}) if gathers else parameters


ASKED = {
    # For Slurm, where the profile's `cores: 1` bounds `threads`.
    "cpus_per_task": lambda wildcards: asked(wildcards).threads,
    "mem_mb": lambda wildcards, attempt: attempt * asked(wildcards).mem_mb,
    "runtime": lambda wildcards, attempt: attempt * asked(wildcards).runtime,
    # 1 where the cell trains on a GPU, so that `--resources gpu=N` never has more jobs on them than there are.
    "gpu": lambda wildcards: int(trains_on(asked(wildcards).device, GPUS) != "cpu" and not no_gpu(wildcards)),
}


if PROGRESS:
    PROGRESS.goal = lambda: queries.goal(engine.asked(workflow, NAMES), plan.results, os.environ)


onstart:
    engine.throttle(workflow)
    if not queries.only_read(engine.asked(workflow, NAMES).targets):
        hold()
        warn_of_no_gpu(engine.cells_to_train(workflow, NAMES))


def end(*, succeeded):
    """Restore times, remove old trainings, and print the summary; runs last."""
    with suppress(OSError):
        if plan.restore_mtimes() and (
            removed := remove_oldest(plan.results, plan.old_trainings(), settings.old_trainings_mb)
        ):
            logger.warning(removed)
    handler.end(PROGRESS, succeeded=succeeded)


onsuccess:
    end(succeeded=True)


onerror:
    end(succeeded=False)
