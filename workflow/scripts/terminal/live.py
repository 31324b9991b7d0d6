"""The live view: a bar for the whole run, and a row for each running job, redrawn below what is printed."""

import os
import select
import threading
from collections.abc import Callable

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from terminal.jobs import Job, Run
from terminal.lines import duration

REFRESH = 2  # a second: seconds tick, and the run's cores keep working


PAUSE = 0.3  # seconds without a word after which what was said is complete


class LiveView:
    """Draws a run on the terminal until `stop`; `print` puts a line above the view.

    What anything else writes to standard error meanwhile, jobs too, would tear the view: `heard` gets it instead.
    """

    def __init__(self, run: Run, heard: Callable[[str], None]):
        self._run = run
        self._stderr = Diverted(heard)
        self._console = Console(file=self._stderr.terminal)
        self._live = Live(console=self._console, refresh_per_second=REFRESH, transient=True, get_renderable=self.draw)
        self._live.start()

    def print(self, text: str, style: str = "") -> None:
        """Lines that stay."""
        self._console.print(Text(text, style=style), soft_wrap=True)

    def stop(self) -> None:
        """Take the view away; what was printed stays."""
        self._stderr.back()
        self._live.stop()

    def draw(self) -> Group:
        """The view as it is now."""
        running = list(self._run.running.values())
        shown = running[: max(1, self._console.height - 4)]
        for job in shown:
            if job.training:
                job.training.look()
        parts = [self._head(), self._rows(shown)]
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
            rows.add_row(job.rule, job.cell, *self._training(job), duration_short(job.seconds))
        return rows

    def _training(self, job: Job) -> tuple[str, str]:
        training = job.training
        if training is None:
            return "", ""
        if not training.done:
            return "starting", ""
        turn, epoch = training.latest
        return f"epoch {epoch}/{training.epochs}, seed {turn}/{training.seeds}", training.accuracy


class Diverted:
    """Standard error of this process and of those that it starts, handed to `heard` text by text until `back`.

    `terminal` is where it went before.
    """

    def __init__(self, heard: Callable[[str], None]):
        self.terminal = os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8", errors="replace")
        self._heard = heard
        self._end, writing = os.pipe()
        os.dup2(writing, 2)
        os.close(writing)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def back(self) -> None:
        """Standard error is the terminal again."""
        os.dup2(self.terminal.fileno(), 2)
        self._over.set()
        self._thread.join()
        os.close(self._end)

    def _listen(self) -> None:
        said = b""
        more = True
        while more:
            waiting, _, _ = select.select([self._end], [], [], PAUSE)
            new = os.read(self._end, 65536) if waiting else b""
            said += new
            more = bool(new) or not self._over.is_set()
            if said and not new:
                self._heard(said.decode(errors="replace").rstrip())
                said = b""


def duration_short(seconds: float) -> str:
    """Whole seconds: 0:04, 3:12, 2:05:00; a day and more in words."""
    if seconds >= 86400:
        return duration(seconds)
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"
