"""The decisions on disk: a plan file for each job, which is newer than its outputs exactly when the job must run.

Made when the Snakefile is read; a job's plan file is an input of its rule. `file` writes it for a run; `stand_in` is
for a dry run and other commands that write nothing.
"""

import errno
import os
import time
from functools import cached_property
from pathlib import Path
from typing import Any

from experiment_grid.data import source
from experiment_grid.planning import dry_run_files, earlier_records
from experiment_grid.planning.decisions import NEEDED, Decisions
from experiment_grid.runtime.files import PART, remove_epochs, write_json
from experiment_grid.runtime.records import now
from experiment_grid.source_code import fingerprint, signatures

STEP = 2_000_000_000  # nanoseconds, in which every file system distinguishes two times
IN_PLACE = {".locks": "", "benchmarks": ".tsv", "logs": ".log"}  # a job's files that are not written beside their names


class Plan(Decisions):
    """The decisions, with the jobs' plan files and the file times by which Snakemake sees them."""

    _looked = _written = False
    _stand_ins: Path | None = None

    def file(self, stage: str, cell: str | None = None) -> str:
        """Path of a job's plan file, for a run; of a job that must run it is newer than what the job left.

        The first call writes all of them: Snakemake lists a folder once and takes no notice of what comes later.
        """
        if not self._written:
            self.look_for_files_in_the_way()
            self._tidy()
            for job in self.jobs():
                self._write(*job)
            self._set_times()
            fingerprint.keep()
            signatures.keep()
            source.keep()
            self._written = True
        return str(self.path(stage, cell))

    def stand_in(self, stage: str, cell: str | None = None) -> str:
        """Path of an empty file in the place of a job's plan file, as new as that would be, outside of the results: for
        commands that write nothing. The first call makes all of them, as `file` does.
        """
        if self._stand_ins is None:
            self._stand_ins = dry_run_files.make([self._in_results(*job) for job in self.jobs()], self._newest)
        return str(self._stand_ins / self._in_results(stage, cell))

    def _in_results(self, stage: str, cell: str | None) -> Path:
        return self.path(stage, cell).relative_to(self.results)

    @cached_property
    def _newest(self) -> int:
        """Later than now, and than all that is there of the jobs that must run, in nanoseconds since 1970."""
        times = [time.time_ns()]
        for job in self.jobs():
            if self.runs(*job):
                times += [path.stat().st_mtime_ns for path in self._products(*job) if path.exists()]
        return max(times) + STEP

    def _set_times(self) -> None:
        """Give files the times that Snakemake, and the next plan, expect. None may be in the future: Snakemake takes an
        input that is newer than what was just made from it for a clock that is wrong."""
        start = time.time_ns()
        for path, moment in self._times.items():
            os.utime(path, ns=(min(moment, start),) * 2)
        self._times = {}
        for job in self.jobs():
            if self.runs(*job):
                for path in self._products(*job):
                    if path.exists() and path.stat().st_mtime_ns > start - STEP:
                        os.utime(path, ns=(start - STEP,) * 2)

    def restore_mtimes(self) -> bool:
        """After a run, and whether there was one: give what jobs made the times of their records. Snakemake has touched
        it since, and every plan would look into each file."""
        if not self._written:
            return False
        for job in self.jobs():
            record = earlier_records.read(self.record(*job)) if self.decision(*job).runs else None
            if record is not None and earlier_records.valid(record, job[0]):
                self._damage(record)
        for path, moment in self._times.items():
            os.utime(path, ns=(moment, moment))
        return True

    def look_for_files_in_the_way(self) -> None:
        """Raise NotADirectoryError where a file has a folder's place; Snakemake would end with a traceback."""
        if self._looked:
            return
        folders = {path.parent for job in self.jobs() for path in (self.record(*job), self.path(*job))}
        folders |= {self.results / "partial" / cell for cell in self._cells}
        folders |= {self.results / place / stage for place in ("partial", *IN_PLACE) for stage in ("train", "evaluate")}
        for path in sorted({path for folder in folders for path in (folder, *folder.parents)}):
            if path.exists() and not path.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
        self._looked = True

    def _tidy(self) -> None:
        """Remove what killed processes left (plans on their way, epochs of cells that are done), and links where a
        job writes in place: their targets would be overwritten."""
        for part in (self.results / "plan").rglob(f".*{PART}.json"):
            part.unlink(missing_ok=True)
        for stage, cell in self.jobs():
            own = [self._place(folder, stage, cell, suffix) for folder, suffix in IN_PLACE.items()]
            for path in [*own, *([self.results / "partial" / cell] if cell else [])]:
                if path.is_symlink():
                    path.unlink()
            if stage == "train" and cell and not self.decision(stage, cell).runs:
                remove_epochs(self.results / "partial" / cell)

    def _write(self, stage: str, cell: str | None) -> None:
        decision = self.decision(stage, cell)
        path = self.path(stage, cell)
        if why := self.reasons.get((stage, cell)) or decision.why:
            write_json(path, self._planned(stage, cell, why), flush=False)
            return
        left = earlier_records.read(path)  # perhaps another data set's: the folder holds one plan file for a stage
        if left is None or left.get("recipe") != self.recipe(stage, cell):
            why = decision.record["why"] if decision.record else [NEEDED]
            write_json(path, self._planned(stage, cell, why), flush=False)

    def _planned(self, stage: str, cell: str | None, why: list[str]) -> dict[str, Any]:
        planned = {
            "stage": stage,
            "cell": cell,
            "recipe": self.recipe(stage, cell),
            "why": why,
            "inputs": self._kept(self.upstream(stage, cell), there=True),  # the job looks whether they still are so
            "planned": now(),
        }
        if stage == "report":
            decisions = {name: self.decision("train", name) for name in self._cells}
            planned["run"] = {
                "started": self.started,
                "config": os.path.relpath(self._overlays[-1]) if self._overlays else None,
                "trained": [name for name, decision in decisions.items() if decision.runs],
                "kept": [name for name, decision in decisions.items() if not decision.runs],
            }
        return planned
