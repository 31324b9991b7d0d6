"""The live view: a bar for the whole run, and a row for each running job, redrawn below what is printed."""

import os
import termios
from typing import Any, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from experiment_grid.progress.jobs import Job, RunProgress
from experiment_grid.progress.lines import duration

REFRESH = 2  # a second: seconds tick, and the run's cores keep working
NARROW = 80  # columns, below which words are left out


class LiveView:
    """Draws a run on `terminal` until `stop`; `print` puts a line above the view."""

    def __init__(self, run: RunProgress, terminal: TextIO):
        self._run = run
        self._terminal = terminal
        self._console = Console(file=terminal)
        self._modes = self._without_signs()
        self._live = Live(console=self._console, refresh_per_second=REFRESH, transient=True, get_renderable=self.draw)
        self._live.start()

    def print(self, text: str, style: str = "") -> None:
        """Lines that stay."""
        self._console.print(Text(text, style=style), soft_wrap=True)

    def stop(self) -> None:
        """Remove the view; what was printed stays."""
        self._live.stop()
        if self._modes is not None and self._in_foreground():
            termios.tcsetattr(self._terminal, termios.TCSANOW, self._modes)

    def _without_signs(self) -> list[Any] | None:
        """Keep the terminal from writing ^C into the view; returns the modes that it had, None where it has none."""
        try:
            modes = termios.tcgetattr(self._terminal)
            if not self._in_foreground():  # to change them would halt the run
                return None
            changed = [*modes]
            changed[3] &= ~termios.ECHOCTL
            termios.tcsetattr(self._terminal, termios.TCSANOW, changed)
        except (OSError, termios.error):
            return None
        return modes

    def _in_foreground(self) -> bool:
        return os.tcgetpgrp(self._terminal.fileno()) == os.getpgrp()

    def draw(self) -> Group:
        """The view as it is now."""
        running = list(self._run.running.values())
        shown = running[: max(1, self._console.height - 4)]
        for job in shown:
            if job.training:
                job.training.look()
        parts: list[Table | Text] = [self._head(), self._rows(shown)]
        if len(running) > len(shown):
            parts.append(Text(f"… and {len(running) - len(shown)} more", style="dim"))
        return Group(*parts)

    def _head(self) -> Table:
        run = self._run
        left = run.seconds_left()
        head = Table.grid(padding=(0, 1), expand=True)
        head.add_column(no_wrap=True)
        head.add_column(ratio=1, min_width=5)
        head.add_column(no_wrap=True, justify="right")
        head.add_row(
            Text(f"{run.done} of {run.total} jobs", style="bold"),
            ProgressBar(max(run.total, 1), self._progress()),
            Text(duration_short(run.seconds) + (f", about {duration_short(left)} left" if left is not None else "")),
        )
        return head

    def _progress(self) -> float:
        """Finished jobs, and of those in training the part that is done."""
        trainings = [job.training for job in list(self._run.running.values()) if job.training]
        return self._run.done + sum(training.done / training.units for training in trainings)

    def _rows(self, jobs: list[Job]) -> Table:
        rows = Table.grid(padding=(0, 1), expand=True)
        rows.add_column(style="cyan", no_wrap=True, min_width=8)
        rows.add_column(no_wrap=True, overflow="ellipsis", ratio=2)
        rows.add_column(no_wrap=True, overflow="ellipsis", ratio=2)
        rows.add_column(no_wrap=True, justify="right", min_width=7)
        rows.add_column(no_wrap=True, justify="right", min_width=6)
        for job in jobs:
            rows.add_row(job.rule, job.cell, *self._training(job), self._time(job))
        return rows

    def _training(self, job: Job) -> tuple[str, str]:
        training = job.training
        if training is None:
            return "", ""
        if not training.done:
            return "starting", ""
        turn, epoch = training.latest
        epochs, seeds = f"{epoch}/{training.epochs}", f"seed {turn}/{training.seeds}"
        if self._console.width < NARROW:
            return f"{epochs} {seeds}", training.accuracy
        return f"epoch {epochs}, {seeds}", training.accuracy

    def _time(self, job: Job) -> str:
        left = job.training.seconds_left(job.seconds) if job.training and self._console.width >= NARROW else None
        return duration_short(job.seconds) + (f", {duration_short(left)} left" if left else "")


def duration_short(seconds: float) -> str:
    """Whole seconds: 0:04, 3:12, 2:05:00; a day and more in words."""
    if seconds >= 86400:
        return duration(seconds)
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"
