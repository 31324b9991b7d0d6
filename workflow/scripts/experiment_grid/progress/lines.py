"""Progress as lines: all of it without a terminal, the lines that scroll above the live view with one."""

import re
from itertools import dropwhile
from pathlib import Path

from experiment_grid.format import plural
from experiment_grid.progress.jobs import Job, RunProgress
from experiment_grid.runtime import logs
from experiment_grid.runtime.engine import reason

NOTHING = "Nothing to be done: everything is up to date."
STOPPING = "Stopping: a few seconds until what runs has ended."
SLURM = re.compile(r"(slurmstepd|slurmd|srun)\S*: error: ")  # its own messages in a submission's log
WITHOUT_OUTPUT = re.compile(r"^Job (\d+)\s+completed successfully, but some output files are missing", re.M)
QUIT = (
    "its process ended with status 0 but without its results: code that it runs may call os._exit; "
    "on a slow network file system, a longer --latency-wait helps"
)
TRACEBACK = "Traceback (most recent call last)"
FRAME = re.compile(r'^  File "', re.M)


def duration(seconds: float) -> str:
    """A duration in words: 4.2 s, 3 min 12 s, 2 h 5 min."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def name(job: Job) -> str:
    """Rule and cell, the rules' names in a column."""
    return f"{job.rule:<8}  {job.cell}".rstrip()


def overview(run: RunProgress) -> str:
    """What there is to do: 5 jobs: 2 train, 2 evaluate, 1 compare."""
    if not run.total:
        return NOTHING
    kinds = ", ".join(f"{count} {rule}" for rule, count in run.by_rule.items() if count)
    return f"{plural(run.total, 'job')}: {kinds}"


def start(job: Job) -> str:
    """A job's start, with its reason where the plan has one."""
    return name(job) + (f"  ({'; '.join(job.why)})" if job.why else "")


def end(job: Job, run: RunProgress) -> str:
    """A job's end: how long it took, what training came to, how many jobs are done."""
    facts = [duration(job.seconds)]
    accuracy = job.validation_accuracy()
    if accuracy is not None:
        facts.append(f"validation accuracy {accuracy:.2%}")
    if seeds := job.diverged():
        facts.append(f"diverged: a loss of seed {' and '.join(seeds)} is not a number")
    return f"{name(job)}  {', '.join(facts)}  [{run.done}/{run.total}]"


def failure(job: Job, message: str | None = None) -> str:
    """A job's failure, below it what the executor says of it and the end of its log."""
    failed = f"{name(job)}  after {duration(job.seconds)}"
    if message:
        failed = "\n    ".join([failed, *reason(message).splitlines()])
    if job.log is None or not job.log.is_file() or job.log.stat().st_mtime < job.began:
        return failed
    return "\n    ".join([failed, f"{job.log}:", *logs.end(job.log)])


def error(text: str) -> str:
    """An error of Snakemake's. Of a traceback through Snakemake's own files the end is enough: its log has it all."""
    if not text.startswith(TRACEBACK):
        return text
    _, *after = FRAME.split(text)[-1].strip().splitlines()
    message = [*dropwhile(lambda line: not line or line.startswith(" "), after)]  # of the frame: its source
    return "\n".join([*message, "    (.snakemake/log has the traceback)"])


def lost(log: Path) -> str:
    """The log of a submission to a cluster that failed, and what Slurm itself says in it."""
    with log.open(encoding="utf-8", errors="replace") as file:
        reasons = [line.rstrip() for line in file if SLURM.match(line)]
    return "\n    ".join([f"submission, {log}:", *reasons[-logs.LINES :]])


def summary(run: RunProgress, interrupted: bool, partial: str) -> str:
    """How the run ended, and how to continue where it did not finish; `partial` is the command for a page of
    what there is."""
    text = f"{run.done} of {run.total} jobs done in {duration(run.seconds)}"
    if interrupted:
        return f"Interrupted: {text}. Finished work is kept; run the same command to continue."
    if not run.failed and run.done >= run.total:
        return f"{text}."
    failed = ", ".join(f"{job.rule} {job.cell}".strip() for job in run.failed.values())
    text += f", {len(run.failed)} failed: {failed}" if failed else ""
    text += ". Finished work is kept; once the cause is fixed, run the same command to continue."
    if any(job.cell for job in run.failed.values()):
        text += f" {partial} makes a page of the finished cells."
    return text
