"""All uses of Snakemake's internals, which its documentation does not promise.

Where they differ from those of the versions that CI runs, a function returns what its `fallback` returns: the run
works, without the feature in question.
"""

import logging
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

Given = ParamSpec("Given")
Answer = TypeVar("Answer")
DEFAULT_LIMIT = (100, 1)  # starts in so many seconds
FEW = 50  # ready jobs that the scheduler weighs at once, at least


def otherwise(fallback: Callable[..., Any]) -> Callable[[Callable[Given, Answer]], Callable[Given, Answer]]:
    """Decorator: call `fallback` with the same arguments if Snakemake's internals are not as the function expects."""

    def guard(function: Callable[Given, Answer]) -> Callable[Given, Answer]:
        @wraps(function)
        def guarded(*given: Given.args, **named: Given.kwargs) -> Answer:
            try:
                return function(*given, **named)
            except (AttributeError, ImportError, KeyError, TypeError):
                answer: Answer = fallback(*given, **named)
                return answer

        return guarded

    return guard


# What was asked for


@dataclass(frozen=True)
class Asked:
    """The command line, as far as it chooses jobs: files and names of rules."""

    targets: frozenset[str] = frozenset()
    forced: frozenset[str] = frozenset()
    all_forced: bool = False
    in_part: bool = False  # --until, --omit-from


@otherwise(lambda workflow, stages: {stage: stage for stage in stages})
def rule_names(workflow: Any, stages: Iterable[str]) -> dict[str, str]:
    """The stages by the names of their rules, which have a prefix where this is a module. Known while it is read."""
    return {workflow.modifier.modify_rulename(stage): stage for stage in stages}


@otherwise(lambda workflow, names: Asked())
def asked(workflow: Any, names: Mapping[str, str]) -> Asked:
    """The jobs that were asked for, by `rule_names`. Otherwise: as if none was named."""
    settings = workflow.dag_settings
    targets, forced = (
        frozenset(names.get(name, name) for name in map(str, given)) for given in (settings.targets, settings.forcerun)
    )
    in_part = bool(settings.until or settings.omit_from)
    return Asked(targets, forced | (targets if settings.forcetargets else set()), settings.forceall, in_part)


@otherwise(lambda workflow: "--mode" not in sys.argv)
def is_main(workflow: Any) -> bool:
    """Whether this process plans the run, and is not started by another for one of its jobs."""
    return bool(workflow.is_main_process)


@otherwise(lambda workflow: False)
def runs_elsewhere(workflow: Any) -> bool:
    """Whether jobs run on other machines."""
    return bool(workflow.non_local_exec)


@otherwise(lambda workflow: False)
def only_looks(workflow: Any) -> bool:
    """Whether no job will run: --dry-run, --summary, --dag and their like. Known once the DAG is built."""
    return workflow.execution_settings is None or workflow.dryrun


@otherwise(lambda workflow: "--touch" in sys.argv)
def touches(workflow: Any) -> bool:
    """Whether --touch was asked for. Known once the DAG is built."""
    return bool(workflow.touch)


@otherwise(lambda workflow, names: [])
def cells_to_train(workflow: Any, names: Mapping[str, str]) -> list[Any]:
    """The wildcards of the train jobs that will run, before they start. Otherwise: none is known."""
    jobs = workflow.dag.needrun_jobs()
    return [job.wildcards for job in jobs if names.get(job.rule.name) in ("train", "train_seed")]


@otherwise(lambda arguments: any(argument.startswith("--delete-") for argument in arguments))
def deletes(arguments: Sequence[str]) -> bool:
    """Whether a command line deletes outputs: --delete-all-output and its like, which no API reports."""
    if not any(argument.startswith("--del") for argument in arguments):
        return False  # a quarter of a second faster
    from snakemake.cli import get_argument_parser

    given = get_argument_parser().parse_args(arguments)
    return (given.delete_all_output or given.delete_temp_output) and not given.dryrun


@otherwise(lambda workflow: None)
def cores(workflow: Any) -> int | None:
    """What --cores says; None where it says nothing, as on a cluster."""
    given: int | None = workflow.resource_settings.cores
    return given


@otherwise(lambda rules, name: [])
def benchmark(rules: Any, name: str) -> list[str]:
    """The benchmark of a rule, of Snakemake's `rules`. Otherwise: none is known."""
    return [getattr(rules, name).benchmark]


@otherwise(lambda rules, name: [])
def log(rules: Any, name: str) -> list[str]:
    """The logs of a rule, of Snakemake's `rules`. Otherwise: none is known."""
    return list(getattr(rules, name).log)


# Where it is, and what it was given


@otherwise(lambda workflow, snakefile: False)
def is_own(workflow: Any, snakefile: Path) -> bool:
    """Whether the workflow that is run is that of `snakefile`, and not one that uses it as a module."""
    return Path(workflow.main_snakefile).resolve() == snakefile.resolve()


@otherwise(lambda workflow: False)
def has_given_config(workflow: Any) -> bool:
    """Whether this is a module with a config of its own: no config file of the Snakefile's is read."""
    return bool(workflow.modifier.skip_configfile)


@otherwise(lambda workflow, config: config.get("pathvars", {}).get("results", "results"))
def results(workflow: Any, config: dict[str, Any]) -> str:
    """The value of `<results>`; unexpanded where it names an unknown path variable."""
    from snakemake.exceptions import WorkflowError

    try:
        return str(workflow.pathvars.apply("<results>"))
    except WorkflowError:
        return str(config["pathvars"]["results"])


@otherwise(lambda workflow: [])
def overlays(workflow: Any) -> list[Path]:
    """The files of --configfile."""
    return list(workflow.overwrite_configfiles)


@otherwise(lambda workflow: {})
def given_values(workflow: Any) -> dict[str, Any]:
    """What --config says."""
    return dict(workflow.config_settings.config)


@otherwise(lambda workflow: {})
def given_texts(workflow: Any) -> dict[str, str]:
    """The same as it was typed."""
    pairs = (pair.partition("=") for pair in workflow.config_settings.config_args)
    return {key: text.strip("'\"") for key, _, text in pairs if text}


@otherwise(lambda workflow: list(getattr(workflow, "configfiles", ())))
def config_files(workflow: Any) -> Sequence[Path | str]:
    """Where the config comes from: those of --configfile, later ones winning, and at the end the one that they all
    overlay, which is the Snakefile's, or the first of theirs where that is not there or was replaced."""
    files = list(workflow.configfiles)
    overlays = files[: len(workflow.overwrite_configfiles)]
    if workflow.config_settings.replace_workflow_config or files == overlays:
        return [*overlays[1:], *overlays[:1]]
    return files


# Its output


@otherwise(lambda workflow: None)
def stream(workflow: Any) -> Any:
    """Where Snakemake's own output goes; None where that was asked for: --dry-run, --quiet, --verbose, a logger plugin.
    Also otherwise."""
    manager, settings = workflow.logger_manager, workflow.logger_manager.settings
    if settings.dryrun or settings.quiet or settings.verbose or settings.debug_dag or manager.plugin_handlers:
        return None
    return sys.stdout if settings.stdout else sys.stderr


@otherwise(lambda workflow: False)
def is_silent(workflow: Any) -> bool:
    """Whether Snakemake says nothing, not even what is wrong: --quiet all."""
    from snakemake.settings.enums import Quietness

    settings = workflow.logger_manager.settings
    return Quietness.ALL in settings.quiet and not settings.dryrun


@otherwise(lambda workflow, handler: False)
def replace_output(workflow: Any, handler: logging.Handler) -> bool:
    """Put a handler in the place of Snakemake's own; whether that could be done."""
    logger = workflow.logger_manager.logger
    own = [other for other in logger.handlers if other.name == "DefaultStreamHandler"]
    if not own:
        return False
    for other in own:
        logger.removeHandler(other)
    logger.addHandler(handler)
    return True


AFTERWORDS = re.compile(r"\s*(sbatch call:|Detailed failure reason unavailable|For further error details see).*", re.S)


def reason(message: str) -> str:
    """What an executor says of a failed job, without the whole command and without where else to look."""
    return AFTERWORDS.sub("", message)


@otherwise(lambda: None)
def patch_group_jobs() -> None:
    """Make every failed group job report its reason; idempotent.

    In Snakemake 9.27 group jobs drop the message that they are given. When the Slurm plugin 2.8.0 gives up on a group,
    it reads `rule`, which groups lack: its thread dies, and the run would wait forever.
    """
    from snakemake.jobs import GroupJob
    from snakemake.logging import logger

    if not hasattr(GroupJob, "rule"):
        GroupJob.rule = property(lambda group: min((job.rule for job in group.jobs), key=lambda rule: rule.name))
    own = GroupJob.log_error
    if own.__module__ == __name__:
        return

    def log_error(group: Any, msg: str | None = None, **more: Any) -> None:
        if msg:
            logger.error(reason(msg))
        own(group, msg, **more)

    GroupJob.log_error = log_error


# Its scheduler


@otherwise(lambda workflow: None)
def throttle(workflow: Any) -> None:
    """Keep the scheduler from looking at every job that could start, again and again; what the user set stays."""
    throttle_scheduler(workflow.scheduler)


def throttle_scheduler(scheduler: Any) -> None:
    """Make a scheduler look at fewer jobs, and only when one starts or ends.

    Snakemake 9.27 looks whenever a job starts or ends, and reads the sizes of all inputs of all jobs that could start.
    Limiting it to a random subset avoids the second cost. Fewer than could start at once would leave
    cores idle: nothing has it look again. With a limit on job starts every look schedules another one a
    timespan later, without end; no grid needs the default limit, so it is removed.
    """
    if scheduler is None:
        return
    if scheduler.subsample is None:
        scheduler.subsample = max(FEW, min(scheduler.global_resources[name] for name in ("_cores", "_nodes")))
    limiter = scheduler.job_rate_limiter
    if limiter is not None and (limiter.max_jobs, limiter.timespan) == DEFAULT_LIMIT:
        scheduler.job_rate_limiter = None
