"""Shows the run's progress instead of Snakemake's own output, however the run was started.

A logger plugin would have to be installed and named on the command line; this handler comes with the Snakefile. It
reads the documented log events (snakemake-interface-logger-plugins). More: docs/decisions/progress.md.
"""

import logging
import os
import re
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from snakemake_interface_logger_plugins.common import LogEvent

from experiment_grid.progress import lines
from experiment_grid.progress.interrupts import interrupt_jobs, on_interrupt
from experiment_grid.progress.jobs import Job, RunProgress
from experiment_grid.progress.stderr_redirect import StderrRedirect
from experiment_grid.runtime import engine
from experiment_grid.runtime.errors import UserError

if TYPE_CHECKING:
    from experiment_grid.progress.live import LiveView

# What Snakemake says about itself; all of it is in its own log below .snakemake/log.
UNINTERESTING = (
    "host: ",
    "Config file ",
    "Building DAG of jobs",
    "Assuming unrestricted shared filesystem usage",
    "Select jobs to execute",
    "Using shell",
    "Conda environments: ignored",
    "Singularity containers: ignored",
    "Group jobs: inactive",
    "Removing output files of failed job",
    "Cannot restore ",  # of a download that failed: there was nothing before it
    "Complete log(s)",
    "Shutting down, this might take some time",
    "Exiting because a job execution failed",
    "Elapsed time",
)
NOTHING = "Nothing to be done"
INTERRUPTED = "Terminating processes on user request"
UNSUCCESSFUL = "At least one job did not complete successfully"
SCRIPT_FAILED = re.compile(r"^CalledProcessError in file .*\bCommand .*returned non-zero exit status", re.M | re.S)
PARTIAL = "The same command with --config partial=True"
STYLES = {logging.ERROR: "red", logging.WARNING: "yellow"}
MODES = ("live", "lines", "snakemake")


class Progress(logging.Handler):
    """Shows the run on `stream`: `live` where that is a terminal, otherwise in lines."""

    def __init__(self, stream: TextIO, live: bool, partial: str = PARTIAL, *, silent: bool = False):
        """`partial` is the command for a page of what there is; `silent` shows nothing but errors."""
        super().__init__()
        self.run = RunProgress()
        self.goal: Callable[[], str] = str  # a line on where the result of the run is
        self.give_back: Callable[[], object] = bool  # Ctrl-C
        self._stream = stream
        self._live = live
        self._partial = partial
        self._silent = silent
        self._stderr: StderrRedirect | None = None
        self._view: LiveView | None = None
        self._begun = False
        self._ended = False
        self._interrupted = False

    def interrupt(self) -> None:
        """Ctrl-C: the first ends the run; further ones are ignored, as they would only cut off its end."""
        if self._interrupted:
            return
        self._interrupted = True
        if not self._begun:
            sys.exit("Interrupted before the first job.")
        interrupt_jobs()
        raise KeyboardInterrupt

    def emit(self, record: logging.LogRecord) -> None:
        """Handle one of Snakemake's log records."""
        try:
            self._handle(record)
        except Exception:  # not for `handleError`: the Snakefile silences that
            with suppress(OSError):
                traceback.print_exc()

    def _handle(self, record: Any) -> None:
        event = getattr(record, "event", None)
        if event == LogEvent.RUN_INFO:
            self.run.plan(record.stats)
            self._print(lines.overview(self.run))
            self._open()
            self._begun = True
        elif event == LogEvent.JOB_INFO:
            self._begin(record)
        elif event == LogEvent.JOB_FINISHED:
            job = self.run.finish(record.job_id)
            if job:
                self._print(f"{_clock()}  done   {lines.end(job, self.run)}", "green")
        elif event == LogEvent.JOB_ERROR:
            self._failed(record.jobid, record.rule_msg)
        elif event == LogEvent.GROUP_ERROR:
            self._lost(record.aux_logs)
        elif event == LogEvent.ERROR:
            text = record.getMessage()
            if quit := lines.WITHOUT_OUTPUT.search(text):  # for which Snakemake has no event JOB_ERROR
                self._failed(int(quit[1]), lines.QUIT)
            elif UNSUCCESSFUL not in text and not SCRIPT_FAILED.search(text):  # `end` says it, and the failed job's log
                self._print(lines.error(text), "red")
        elif event is None:
            self._message(record)

    def _begin(self, record: Any) -> None:
        if not record.log:
            return  # a target rule has no work of its own
        job = Job.of(record)
        self.run.begin(record.jobid, job)
        if self._view is None:
            self._print(f"{_clock()}  start  {lines.start(job)}")

    def _failed(self, number: int, message: str | None) -> None:
        job = self.run.fail(number)
        explained = self._silent and job and not job.outputs  # by the line that a query itself prints
        if job and not explained and not self._interrupted:
            self._print(f"{_clock()}  FAILED {lines.failure(job, message)}", "red")

    def _lost(self, logs: list[str]) -> None:
        """A submission to a cluster failed: its log says why, where those of the jobs in it say nothing."""
        for log in map(Path, logs):
            if log.is_file() and not self._interrupted:
                self._print(f"{_clock()}  FAILED {lines.lost(log)}", "red")

    def _message(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if text.startswith(INTERRUPTED):
            self._interrupted = True
            self._print(lines.STOPPING)
        elif text.startswith(NOTHING):
            self._print(lines.NOTHING)
            self.succeed()
        elif text not in ("", "None") and not text.startswith(UNINTERESTING) and not self._interrupted:
            self._print(text, next((style for level, style in STYLES.items() if record.levelno >= level), ""))

    def _print(self, line: str, style: str = "") -> None:
        if self._silent and style != STYLES[logging.ERROR]:
            return
        if self._view is not None:
            self._view.print(line, style)
        else:
            print(line, file=self._stream if self._stderr is None else self._stderr.terminal, flush=True)

    def _open(self) -> None:
        if self._silent:
            return
        if self._live or self._stream is sys.stderr:
            self._stderr = StderrRedirect(self._print_stray_output)
        if self._live and self._stderr is not None:
            from experiment_grid.progress.live import LiveView  # late: 0.1 s

            self._view = LiveView(self.run, self._stderr.terminal)

    def _print_stray_output(self, text: str) -> None:
        """Print what jobs wrote outside their logs; nothing after an interrupt, when jobs print tracebacks."""
        if not self._interrupted:
            self._print(text)

    def end(self) -> None:
        """The run is over: print how it went, and how to continue where it did not finish."""
        self._close_view()
        if self.run.total and not self._ended:
            self._print(lines.summary(self.run, self._interrupted, self._partial))
        self._ended = True

    def succeed(self) -> None:
        """Report where the result of the run is."""
        if not self._silent and (goal := self.goal()):
            print(goal)

    def close(self) -> None:
        """Snakemake has ended. After an internal error of its own the workflow's last hooks have not run."""
        if self._begun:
            self.end()
        self.give_back()
        logging.raiseExceptions = True
        super().close()

    def _close_view(self) -> None:
        """Remove the live view, and restore standard error."""
        if self._stderr is not None:
            self._stderr.restore()
        view, self._view = self._view, None
        if view is not None:
            view.stop()
        self._stderr = None


def attach(workflow: Any, snakefile: Path) -> Progress | None:
    """Show the progress of Snakemake's `workflow`; None where the output stays Snakemake's own.

    That is where another workflow than that of `snakefile` is run and uses this one as a module, in the jobs of a
    cluster, in a dry run, where --quiet, --verbose or a logger plugin was asked for, and where the environment has
    PROGRESS=snakemake. PROGRESS=lines and PROGRESS=live choose the form. With --quiet all, errors alone are shown, of
    which Snakemake's own output would have none.
    """
    mode = os.environ.get("PROGRESS", "")
    if mode and mode not in MODES:
        raise UserError(f"PROGRESS: no such form; given: {mode}; allowed: {', '.join(MODES)}")
    if not engine.is_own(workflow, snakefile):
        return None
    logging.raiseExceptions = False  # a traceback for Snakemake's own log, on a full disk
    engine.patch_group_jobs()
    if engine.is_silent(workflow) and engine.is_main(workflow):
        silent = Progress(sys.stderr, live=False, silent=True)
        return silent if engine.replace_output(workflow, silent) else None
    stream = engine.stream(workflow)
    if stream is None or mode == "snakemake" or not engine.is_main(workflow):
        return None
    terminal = stream is sys.stderr and stream.isatty() and os.environ.get("TERM") != "dumb"
    live = mode == "live" or (terminal and mode != "lines")
    handler = Progress(stream, live, partial_command(engine.overlays(workflow)))
    if not engine.replace_output(workflow, handler):
        return None
    handler.give_back = on_interrupt(handler.interrupt)
    return handler


def end(progress: Progress | None, *, succeeded: bool = False) -> None:
    """For the workflow's last hooks: the summary, where `attach` made a progress, and where the result is."""
    if progress is not None:
        progress.end()
        if succeeded:
            progress.succeed()


def partial_command(configs: list[Path]) -> str:
    """The command for a page of what there is, as this run was started."""
    if "MAKELEVEL" not in os.environ:
        return PARTIAL
    return " ".join(["make report-partial", *(f"CONFIG={os.path.relpath(config)}" for config in configs[-1:])])


def _clock() -> str:
    return time.strftime("%H:%M:%S")
