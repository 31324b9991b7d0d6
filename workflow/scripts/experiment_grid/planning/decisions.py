"""Which jobs must run, and why: recipes against the records that finished jobs left.

To decide changes nothing on disk; planning/plan.py does, for a run.
"""

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from experiment_grid.planning import earlier_records
from experiment_grid.planning.found_trainings import FoundTrainings, old
from experiment_grid.planning.reasons import differences
from experiment_grid.planning.recipes import Recipes
from experiment_grid.planning.stages import STAGES
from experiment_grid.runtime.engine import Asked
from experiment_grid.runtime.errors import some
from experiment_grid.runtime.files import digest
from experiment_grid.runtime.kept_trainings import Trained
from experiment_grid.runtime.logs import end
from experiment_grid.runtime.records import FORCED, now

SOURCES = ("download", "prepare")  # what every cell starts from
TRAININGS = ("train", "train_seed")
SPARED_STAGES = (*SOURCES, "train_seed")  # not needed as long as what was made from it is kept
NEEDED = "missing and needed"
AFTER = "an input is made again"
TRAINED = ("cells/*/checkpoints.safetensors", "cells/*/run.json", "partial/*/seed*")  # what a training leaves


@dataclass
class Decision:
    """Whether a job runs. `why` says so in sentences; empty: it is kept. `record` is what it left last time."""

    why: list[str] = field(default_factory=list)
    record: dict[str, Any] | None = None
    found: bool = False  # it runs, but everything was already trained
    absent: bool = False  # not all there, and not needed as long as what was made from it is kept

    @property
    def runs(self) -> bool:
        return bool(self.why)


class Decisions:
    """For one configuration and one results folder, made once and on demand."""

    def __init__(
        self,
        results: Path | str,
        dataset: str,
        cells: list[str],
        recipes: Recipes,
        *,
        partial: bool = False,
        split: Mapping[str, list[str]] | None = None,
        products: Callable[[str, str | None], Iterable[Path]] = lambda stage, cell: (),
        asked: Callable[[], Asked] = Asked,
        overlays: Sequence[Path] = (),
        device: Callable[[str], str] = lambda cell: "cpu",
    ):
        """With `partial`, cells that are not evaluated yet are left out of the comparison instead of being made.

        `split` has the jobs of the seeds of cells that train them apart, called `cell/seed`; `products` gives the files
        that Snakemake expects of a job, `asked` what its command line asks for, `overlays` are the files of
        --configfile, `device` gives the kind of device (cpu, cuda, mps) that a cell trains on.
        """
        self.results = Path(results)
        self._products = products
        self._asked = asked
        self._dataset = dataset
        self._cells = cells
        self._recipes = recipes
        self._partial = partial
        self._split = split or {}
        self._overlays = overlays
        self._found = FoundTrainings(self.results, device)
        self._decisions: dict[tuple[str, str | None], Decision] = {}
        self._times: dict[Path, int] = {}  # of files of kept jobs, that they should have in nanoseconds since 1970
        self.started = now()

    def path(self, stage: str, cell: str | None = None) -> Path:
        """Path of a job's plan file, taken as it is: for a process that runs a job which another one planned."""
        return self._place("plan", stage, cell, ".json")

    def _place(self, folder: str, stage: str, cell: str | None, suffix: str) -> Path:
        return self.results / folder / f"{stage}/{cell}{suffix}" if cell else self.results / folder / f"{stage}{suffix}"

    @cached_property
    def compared(self) -> list[str]:
        """The cells that are put side by side."""
        if not self._partial:
            return self._cells
        return [cell for cell in self._cells if not self.decision("evaluate", cell).runs]

    @cached_property
    def missing(self) -> list[str]:
        """The cells that are configured and not put side by side."""
        compared = set(self.compared)
        return [cell for cell in self._cells if cell not in compared]

    def recipe(self, stage: str, cell: str | None = None) -> dict[str, Any]:
        """What a job's result depends on; of those that see all cells, which ones are missing too."""
        recipe = self._recipes.recipe(stage, cell)
        if stage in SOURCES or cell or not self.missing:
            return recipe
        more = {"missing": self.missing} | ({"logs": self._failures} if stage == "report" else {})
        return recipe | {"settings": recipe["settings"] | more}

    @cached_property
    def _failures(self) -> dict[str, list[str]]:
        """The ends of the logs of the jobs in which missing cells failed; a job that was not tried has none."""
        ends = {}
        for cell in self.missing:
            stage = "train" if self.decision("train", cell).runs else "evaluate"
            log = self.results / "logs" / stage / f"{cell}.log"
            if log.is_file() and not self.record(stage, cell).exists():
                ends[cell] = end(log)
        return ends

    def decision(self, stage: str, cell: str | None = None) -> Decision:
        """Whether and why a job runs."""
        key = (stage, cell)
        if key not in self._decisions:
            decision = self._decisions[key] = self._decide(stage, cell)
            if stage in TRAININGS and decision.runs and FORCED not in decision.why:
                sentence, decision.found = self._found.of(self.recipe(stage, cell), self._data())
                decision.why += [sentence] if sentence else []
        return self._decisions[key]

    def _data(self) -> str | None:
        """SHA-256 of the prepared images, where they are those that will be trained on."""
        prepared = self.decision("prepare")
        if prepared.runs or prepared.record is None:
            return None
        sha256: str = next(output["sha256"] for output in prepared.record["outputs"].values())
        return sha256

    @cached_property
    def reasons(self) -> dict[tuple[str, str | None], list[str]]:
        """Why each job would run; no reason: it is kept. What is absent runs for jobs that need it, or on demand."""
        missing = set(self.missing)
        jobs = [job for job in self.jobs() if not job[1] or job[1].partition("/")[0] not in missing]
        why = {job: self.decision(*job).why for job in jobs}
        for job in reversed(jobs):
            if not why[job] and self.decision(*job).absent:
                why[job] = self._wanted(*job)
            if why[job]:
                why |= {other: [NEEDED] for other in self.upstream(*job) if self.decision(*other).absent}
        return why

    def runs(self, stage: str, cell: str | None = None) -> bool:
        """Whether a job runs, for a reason of its own or because another needs an absent output of it."""
        return self.decision(stage, cell).runs or bool(self.reasons.get((stage, cell)))

    def jobs(self) -> list[tuple[str, str | None]]:
        """All jobs of the configuration, in topological order."""
        return [
            (name, cell) for name, stage in STAGES.items() for cell in (self._of(name) if stage.per_cell else [None])
        ]

    def _of(self, stage: str) -> list[str]:
        """What a stage has a job for: the cells, or seeds of cells."""
        if stage == "train_seed":
            return [seed for seeds in self._split.values() for seed in seeds]
        return self._cells

    def stale(self) -> list[str]:
        """Names of the cells that left results and are no longer configured."""
        folders = {path.parent for name in TRAINED for path in self.results.glob(name)}
        folders |= {path.parent.parent for path in self.results.glob("seeds/*/*/run.json")}
        return sorted({folder.name for folder in folders if not folder.is_symlink()} - {*self._cells})

    def old_trainings(self) -> list[Trained]:
        """Kept trainings that no configured cell uses or would reuse, newest first."""
        trained = [job for job in self.jobs() if job[0] in TRAININGS]
        for job in trained:
            self.decision(*job)
        left = (earlier_records.read(self.record(*job)) for job in trained)
        return old(self.results, filter(None, left), self._found.wanted)

    def _decide(self, stage: str, cell: str | None) -> Decision:
        path = self.record(stage, cell)
        record = earlier_records.read(path)
        upstream = self.upstream(stage, cell)
        forced = self._forced(stage, cell)
        running = [job for job in upstream if self.decision(*job).runs]
        if record is None:
            if stage in SPARED_STAGES and not path.exists() and not running and not forced:
                return Decision(absent=True)
            return Decision(forced or (["new"] if not path.exists() else [f"{path.name} cannot be read"]))
        if not earlier_records.valid(record, stage):
            return Decision(forced or [f"{path.name} is of another format"])
        why = forced + differences(record["recipe"], self.recipe(stage, cell), stage)
        if stage in SPARED_STAGES and any(not (self.results / name).exists() for name in record["outputs"]):
            return Decision(why, record, absent=not why)
        why += self._damage(record)
        why += self._other_inputs(record, upstream)
        why += earlier_records.other_reads(record)
        if running:
            why.append(_after(running))
        if not why and path.stat().st_mtime_ns > time.time_ns():
            self._times[path] = earlier_records.finished(record)
        return Decision(why, record)

    def _forced(self, stage: str, cell: str | None) -> list[str]:
        """Why Snakemake was asked to run a job, whatever the plan says."""
        asked = self._asked()
        if asked.all_forced or stage in asked.forced:
            return [FORCED]
        forced = {os.path.normpath(path) for path in asked.forced}
        if forced and any(os.path.normpath(path) in forced for path in self._products(stage, cell)):
            return [FORCED]
        # Without its data a cell is kept: what is fetched again for itself is no reason to train again.
        return self._wanted(stage, cell) if stage not in SOURCES else []

    def _wanted(self, stage: str, cell: str | None) -> list[str]:
        """Why a job runs that was asked for by name: a file of it is missing."""
        targets = self._asked().targets
        if not targets:
            return []
        wanted = {os.path.normpath(path) for path in targets}
        missing = [
            path
            for path in self._products(stage, cell)
            if (stage in targets or os.path.normpath(path) in wanted) and not path.exists()
        ]
        return [f"asked for, and not there: {missing[0].name}"] if missing else []

    def record(self, stage: str, cell: str | None) -> Path:
        """Path of the record that a job leaves."""
        return self.results / STAGES[stage].record.format(dataset=self._dataset, cell=cell)

    def upstream(self, stage: str, cell: str | None) -> list[tuple[str, str | None]]:
        """The jobs whose outputs a job reads."""
        jobs: list[tuple[str, str | None]] = []
        for name in STAGES[stage].after:
            if not STAGES[name].per_cell:
                jobs.append((name, None))
            elif name == "train_seed":
                jobs += [(name, seed) for seed in self._split.get(cell or "", [])]
            elif cell is not None:
                jobs.append((name, cell))
            else:
                jobs += [(name, other) for other in self.compared]
        return jobs

    def _damage(self, record: dict[str, Any]) -> list[str]:
        """What is missing of a record's outputs, or not as it was written.

        Files with the recorded size and time are taken as unchanged; of others the content decides, and one with the
        right content gets its recorded time back with the next run: a copied or touched folder is up to date again.
        """
        why = []
        start = time.time_ns()
        for name, known in record["outputs"].items():
            path = self.results / name
            try:
                stat = path.stat()
            except OSError:
                why.append(f"output missing: {path.name}")
                continue
            if (stat.st_size, stat.st_mtime_ns) == (known["bytes"], known["mtime_ns"]) and stat.st_mtime_ns <= start:
                continue
            if stat.st_size == known["bytes"] and digest(path) == known["sha256"]:
                self._times[path] = known["mtime_ns"]
            else:
                why.append(f"output changed since it was written: {path.name}")
        return why

    def _kept(self, jobs: list[tuple[str, str | None]], *, there: bool = False) -> dict[str, str]:
        """SHA-256 of the outputs of those of these jobs that are kept, by their records; perhaps only if `there`."""
        decisions = [decision for decision in (self.decision(*job) for job in jobs) if not decision.runs]
        kept = [decision.record for decision in decisions if decision.record and not (there and decision.absent)]
        return {name: output["sha256"] for record in kept for name, output in record["outputs"].items()}

    def _other_inputs(self, record: dict[str, Any], upstream: list[tuple[str, str | None]]) -> list[str]:
        """Inputs whose content is another than the job read, by the records of the stages that made them."""
        current = self._kept(upstream)
        other = [name for name, checksum in record["inputs"].items() if current.get(name, checksum) != checksum]
        return [f"input changed: {some(other, 1)}"] if other else []


def _after(running: list[tuple[str, str | None]]) -> str:
    names = [stage if cell is None else f"{stage} {cell}" for stage, cell in running]
    return f"{AFTER}: {some(names)}"
