"""The progress of a run: which jobs there are, which run, how far each has come, and how much is left."""

import csv
import re
import time
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

from experiment_grid.runtime.kept_trainings import FOUND
from experiment_grid.runtime.stage import read_plan

TRAININGS = ("train_seed", "train")
COARSE = 0.05  # seconds by which the time of a file may be behind the clock
NO_JOBS = {"total", "all", "cell"}  # of Snakemake's count: the sum, and the rules that only ask for files
# A line of a training log, as `report` of train.py writes it.
EPOCH = re.compile(r"seed \S+ \((\d+)/(\d+)\)\s+epoch (\d+)/(\d+)\b.*\bvalidation\b.*\baccuracy (\S+%)")


@dataclass
class TrainingProgress:
    """How far a training job has come, read from its log as the log grows."""

    log: Path
    seeds: int
    epochs: int
    began: float  # seconds since 1970; what a log holds from before is of an earlier run
    accuracy: str = ""  # on the validation images, after the latest epoch
    latest: tuple[int, int] = (0, 0)  # turn of the seed, epoch
    _epochs: dict[int, int] = field(default_factory=dict)  # turn of the seed → epochs
    _position: int = 0

    @property
    def units(self) -> int:
        """All epochs of all seeds."""
        return self.seeds * self.epochs

    @property
    def done(self) -> int:
        """Epochs that are finished; a seed that is passed over was finished before this job began."""
        return sum(self._epochs.get(turn, self.epochs) for turn in range(1, max(self._epochs, default=0) + 1))

    def seconds_left(self, seconds: float) -> float | None:
        """What is left to train, at the pace of the `seconds` so far, if no seed stops early; None before an epoch."""
        return seconds / self.done * (self.units - self.done) if self.done else None

    def look(self) -> None:
        """Read what the log got since the last look."""
        try:
            if self.log.stat().st_mtime < self.began:
                return
            with self.log.open(encoding="utf-8", errors="replace") as file:
                file.seek(self._position)
                text = file.read()
        except OSError:
            return
        whole = text.rfind("\n") + 1
        self._position += len(text[:whole].encode())
        for match in EPOCH.finditer(text[:whole]):
            turn, epoch = int(match[1]), int(match[3])
            self._epochs[turn] = epoch
            self.latest, self.accuracy = (turn, epoch), match[5]


@dataclass
class Job:
    """A job that runs or ran. `why` is the plan's reason for it; `training` has the epochs of a train job."""

    rule: str
    cell: str
    log: Path | None
    outputs: list[str]
    why: list[str]
    training: TrainingProgress | None
    began: float  # seconds since 1970
    _clock: float = field(default_factory=time.monotonic)

    @classmethod
    def of(cls, record: Any) -> "Job":
        """The job of Snakemake's log event JOB_INFO."""
        log = Path(record.log[0]) if record.log else None
        began = time.time() - COARSE
        why: list[str] = []
        training = None
        plan = next((name for name in record.input if "/plan/" in name), None)
        if plan and Path(plan).is_file():
            planned = read_plan(plan)
            why = planned["why"]
            apart = any("/seeds/" in name for name in record.input)  # it puts trained seeds together
            if record.rule_name in TRAININGS and log and not apart:
                parameters = planned["recipe"]["settings"]["parameters"]
                training = TrainingProgress(log, len(parameters["seeds"]), parameters["epochs"], began)
        cell = "/".join(record.wildcards[name] for name in ("cell", "seed") if name in record.wildcards)
        return cls(record.rule_name, cell, log, list(record.output), why, training, began)

    @property
    def seconds(self) -> float:
        """Time since the job began."""
        return time.monotonic() - self._clock

    def validation_accuracy(self) -> float | None:
        """Mean over the seeds after their last epoch, from the history that the job wrote."""
        last = {row["seed"]: row["validation_accuracy"] for row in self._history()}
        values = [float(value) for value in last.values() if value]
        return sum(values) / len(values) if values and len(values) == len(last) else None

    def diverged(self) -> list[str]:
        """The seeds with a loss that is not a number, from the history that the job wrote."""
        rows = self._history()
        return list(dict.fromkeys(row["seed"] for row in rows if not isfinite(float(row["train_loss"] or "nan"))))

    def _history(self) -> list[dict[str, str]]:
        history = next((name for name in self.outputs if name.endswith("history.csv")), None)
        if history is None or not Path(history).is_file():
            return []
        with Path(history).open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))


class RunProgress:
    """All jobs of a run, counted."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.total = 0
        self.by_rule: dict[str, int] = {}  # jobs that are neither finished nor failed
        self.done = 0
        self.running: dict[int, Job] = {}
        self.failed: dict[int, Job] = {}
        self._spent: dict[str, list[float]] = {}  # rule → seconds of its finished jobs
        self._trained = [0.0, 0]  # seconds, epochs of the finished training jobs

    def plan(self, stats: dict[str, int]) -> None:
        """Take over Snakemake's count of jobs by rule."""
        self.by_rule = {rule: count for rule, count in stats.items() if rule not in NO_JOBS}
        self.total = sum(self.by_rule.values())

    def begin(self, number: int, job: Job) -> None:
        """A job runs; one that failed before is tried again."""
        self.failed.pop(number, None)
        self.running[number] = job

    def finish(self, number: int) -> Job | None:
        """A job is done; None for one that never began to run, as the target rule."""
        job = self.running.pop(number, None)
        if job is None:
            return None
        self.done += 1
        self.by_rule[job.rule] = max(0, self.by_rule.get(job.rule, 0) - 1)
        self._spent.setdefault(job.rule, []).append(job.seconds)
        if job.training and not any(reason.startswith(FOUND) for reason in job.why):  # which shows no pace
            self._trained[0] += job.seconds
            self._trained[1] += job.training.units
        return job

    def fail(self, number: int) -> Job | None:
        """A job failed; None if that was reported before."""
        job = self.running.pop(number, None)
        if job is not None:
            self.failed[number] = job
        return job

    @property
    def seconds(self) -> float:
        """Time since the run began."""
        return time.monotonic() - self.started

    def seconds_left(self) -> float | None:
        """What the jobs that are left will take, at the pace of this run so far; None before it can be known.

        Training counts by epochs of seeds; of other jobs those that ran already show how long the next takes. Jobs of
        which none ran yet are not in it.
        """
        running = list(self.running.values())
        trainings = [job.training for job in running if job.training]
        epochs = self._trained[1] + sum(training.done for training in trainings)
        rule = next((rule for rule in TRAININGS if rule in self.by_rule), "train")  # with train_seed, train gathers
        if self.by_rule.get(rule) and not epochs:
            return None
        seconds = 0.0
        if self.by_rule.get(rule):
            spent = self._trained[0] + sum(job.seconds for job in running if job.training)
            units: float = sum(training.units - training.done for training in trainings)
            known: list[float] = [training.units for training in trainings] or [
                self._trained[1] / len(self._spent[rule])
            ]
            units += max(0, self.by_rule[rule] - len(trainings)) * sum(known) / len(known)
            seconds += spent / epochs * units
        for other, count in self.by_rule.items():
            if other != rule and other in self._spent:
                seconds += count * sum(self._spent[other]) / len(self._spent[other])
        return seconds / max(1, len(running)) if seconds else None
