"""Puts the run's progress in the place of Snakemake's own output, whoever starts it and however.

A logger plugin would have to be installed and named on the command line; this handler comes with the Snakefile. It
reads the documented log events (snakemake-interface-logger-plugins). More: docs/decisions/progress.md.
"""

import logging
import os
import sys
import time
from pathlib import Path

from snakemake_interface_logger_plugins.common import LogEvent

from frame.errors import UserError
from terminal import groups, lines
from terminal.jobs import Job, Run

# What Snakemake tells about itself; all of it is in its own log below .snakemake/log.
UNINTERESTING = (
    "Building DAG of jobs",
    "Assuming unrestricted shared filesystem usage",
    "Select jobs to execute",
    "Using shell",
    "Conda environments: ignored",
    "Singularity containers: ignored",
    "Group jobs: inactive",
    "Removing output files of failed job",
    "Complete log(s)",
    "Shutting down, this might take some time",
    "Exiting because a job execution failed",
    "Elapsed time",
)
INTERRUPTED = "Terminating processes on user request"
UNSUCCESSFUL = "At least one job did not complete successfully"
STYLES = {logging.ERROR: "red", logging.WARNING: "yellow"}
MODES = ("live", "lines", "snakemake")


class Progress(logging.Handler):
    """Shows the run on `stream`: `live` where that is a terminal, otherwise in lines."""

    def __init__(self, stream, live: bool):
        super().__init__()
        self.run = Run()
        self._stream = stream
        self._live = live
        self._view = None
        self._interrupted = False

    def emit(self, record: logging.LogRecord) -> None:
        """Handle one of Snakemake's log records."""
        try:
            self._handle(record)
        except Exception:
            self.handleError(record)

    def _handle(self, record) -> None:
        event = getattr(record, "event", None)
        if event == LogEvent.RUN_INFO:
            self.run.plan(record.stats)
            self._print(lines.overview(self.run))
            self._open()
        elif event == LogEvent.JOB_INFO:
            self._begin(record)
        elif event == LogEvent.JOB_FINISHED:
            job = self.run.finish(record.job_id)
            if job:
                self._print(f"{_clock()}  done   {lines.end(job, self.run)}", "green")
        elif event == LogEvent.JOB_ERROR:
            job = self.run.fail(record.jobid)
            if job and not self._interrupted:
                self._print(f"{_clock()}  FAILED {lines.failure(job, record.rule_msg)}", "red")
        elif event == LogEvent.GROUP_ERROR:
            self._lost(record.aux_logs)
        elif event == LogEvent.ERROR:
            text = record.getMessage()
            known = record.exception == "RuleException" or UNSUCCESSFUL in text  # its log says more, and so does `end`
            if not known:
                self._print(text, "red")
        elif event is None:
            self._message(record)

    def _begin(self, record) -> None:
        if not record.log:
            return  # a target rule: nothing to do but to be there
        job = Job.of(record)
        self.run.begin(record.jobid, job)
        if self._view is None:
            self._print(f"{_clock()}  start  {lines.start(job)}")

    def _lost(self, logs: list[str]) -> None:
        """A submission to a cluster failed: its log says why, where those of the jobs in it say nothing."""
        for log in map(Path, logs):
            if log.is_file() and not self._interrupted:
                self._print(f"{_clock()}  FAILED {lines.lost(log)}", "red")

    def _message(self, record) -> None:
        text = record.getMessage()
        if text.startswith(INTERRUPTED):
            self._interrupted = True
        elif text not in ("", "None") and not text.startswith(UNINTERESTING) and not self._interrupted:
            self._print(text, next((style for level, style in STYLES.items() if record.levelno >= level), ""))

    def _print(self, line: str, style: str = "") -> None:
        if self._view is not None:
            self._view.print(line, style)
        else:
            print(line, file=self._stream, flush=True)

    def _open(self) -> None:
        if self._live:
            from terminal.live import LiveView

            self._view = LiveView(self.run, self._overheard)

    def _overheard(self, text: str) -> None:
        """What jobs wrote past their logs; of interrupted ones it is how they were interrupted."""
        if not self._interrupted:
            self._print(text)

    def end(self) -> None:
        """The run is over: say how it went, and how to go on where it did not come to its end."""
        self.close()
        if self.run.total:
            self._print(lines.summary(self.run, self._interrupted))

    def close(self) -> None:
        """Take the live view away."""
        view, self._view = self._view, None
        if view is not None:
            view.stop()
        super().close()


def attach(workflow, snakefile: Path) -> Progress | None:
    """Show the progress of Snakemake's `workflow`; None where the output stays Snakemake's own.

    That is where another workflow than that of `snakefile` is run and uses this one as a module, in the jobs of a
    cluster, in a dry run, where --quiet, --verbose or a logger plugin was asked for, and where the environment has
    PROGRESS=snakemake. PROGRESS=lines and PROGRESS=live choose the form.
    """
    groups.mend()
    manager = workflow.logger_manager
    settings = manager.settings
    mode = os.environ.get("PROGRESS", "")
    if mode and mode not in MODES:
        raise UserError(f"PROGRESS: no such form; given: {mode}; allowed: {', '.join(MODES)}")
    asked = settings.dryrun or settings.quiet or settings.verbose or settings.debug_dag or manager.plugin_handlers
    own = Path(workflow.main_snakefile).resolve() == snakefile.resolve()
    if asked or not own or mode == "snakemake" or not workflow.is_main_process:
        return None
    stream = sys.stdout if settings.stdout else sys.stderr
    terminal = stream is sys.stderr and stream.isatty() and os.environ.get("TERM") != "dumb"
    handler = Progress(stream, live=mode == "live" or (terminal and mode != "lines"))
    for other in list(manager.logger.handlers):
        if other.name == "DefaultStreamHandler":
            manager.logger.removeHandler(other)
    manager.logger.addHandler(handler)
    return handler


def end(progress: Progress | None, page: Path | None = None) -> None:
    """For the workflow's last hook: the summary, where `attach` made a progress, and `page` if this run made it."""
    if progress is not None:
        progress.end()
        if page and "report" in progress.run.by_rule:
            print(f"The page: {page}")


def _clock() -> str:
    return time.strftime("%H:%M:%S")
