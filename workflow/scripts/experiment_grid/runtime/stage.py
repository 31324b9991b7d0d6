"""Shared by all stages' scripts: reading the plan, logging, and error handling.

Used by the last block of each `workflow/scripts/<stage>.py`.
"""

import errno
import gc
import json
import os
import signal
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from experiment_grid.runtime import lock
from experiment_grid.runtime.errors import IN_THE_WAY, UserError, cannot_write
from experiment_grid.runtime.files import HOME, describe, digest, sweep
from experiment_grid.runtime.imported_code import check_against_recipe
from experiment_grid.runtime.logs import DONE, FAILED
from experiment_grid.runtime.package import check_place
from experiment_grid.runtime.records import AGAIN, results_folder

UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS} | IN_THE_WAY


def read_plan(path: Path | str) -> dict[str, Any]:
    """What a job runs from and why: `{"stage", "cell", "recipe", "why", …}`."""
    plan: dict[str, Any] = json.loads(Path(path).read_text("utf-8"))
    return plan


@contextmanager
def stage(snakemake: Any) -> Iterator[dict[str, Any]]:
    """Yield the job's plan; everything printed goes to the rule's log, line by line.

    The process has the job to itself: it waits for one that outlived its Snakemake, and does not repeat what that
    finished.

    A `UserError` ends the job with its one line, a full disk or the like with a line too; anything else is a bug and
    shows its traceback. The main process shows the end of a failed job's log.
    """
    gc.freeze()  # imported objects are never garbage; repeated collections took half of the time of `compare`
    plan_file = Path(snakemake.input.plan)
    try:
        check_place(Path(snakemake.scriptdir))
        plan = read_plan(plan_file)
        HOME[results_folder(plan_file)] = results_folder(plan_file).stat()
        with lock.job(results_folder(plan_file), plan["stage"], plan["cell"]) as waited:
            if waited and is_done(plan, results_folder(plan_file), snakemake.output):
                sys.exit(0)
            sweep(snakemake.output)
            with logged(Path(snakemake.log[0])):
                check_against_recipe(plan["stage"], plan["recipe"]["code"], results=results_folder(plan_file))
                check_packages(plan["recipe"]["settings"].get("packages", {}))
                check_inputs(plan, results_folder(plan_file), snakemake.input)
                yield plan
    except (UserError, OSError) as error:  # before there was a log, or of the log itself
        sys.exit(f"error: {in_a_line(error)}")


@contextmanager
def logged(path: Path) -> Iterator[None]:
    """Send what the block prints to a file; an exception ends the process, with its line or traceback at the end.

    The last line says how it ended (`runtime.logs`); a killed process leaves none.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    terminal = sys.stderr
    with path.open("w+", buffering=1, encoding="utf-8") as file:
        sys.stdout = sys.stderr = file
        ended = FAILED
        try:
            yield
            ended = DONE
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second one would only cut this short
            _fail("interrupted")
        except Exception as error:
            if isinstance(error, UserError) or (isinstance(error, OSError) and error.errno is not None):
                if not path.exists() or not os.path.samestat(path.stat(), os.fstat(file.fileno())):
                    print(f"error: {in_a_line(error)}", file=terminal, flush=True)  # the log has been removed
                _fail(in_a_line(error))
            traceback.print_exc()
            sys.exit(1)
        finally:
            sys.stdout, sys.stderr = sys.__stdout__, terminal
            with suppress(OSError):  # a full disk: the results are complete nevertheless
                os.write(file.fileno(), f"{ended}\n".encode())
            with suppress(OSError):
                _put_back(path, file.fileno())


def _put_back(path: Path, log: int) -> None:
    """Write a log again that a later run removed, as Snakemake does before a job: this one outlived its own run."""
    if path.parent.is_dir() and not path.exists():
        path.write_bytes(os.pread(log, os.fstat(log).st_size, 0))


def is_done(plan: dict[str, Any], results: Path, outputs: Iterable[str]) -> bool:
    """Whether a record among `outputs` says that they all were made as planned, and they are as it says."""
    for output in outputs:
        try:
            record = json.loads(Path(output).read_text("utf-8")) if output.endswith(".json") else {}
            if record.get("stage") == plan["stage"] and record.get("recipe") == plan["recipe"]:
                files = {name: results / name for name in record["outputs"]}
                return all(describe(path) == record["outputs"][name] for name, path in files.items())
        except (OSError, ValueError, AttributeError, KeyError, TypeError, RecursionError):
            continue
    return False


def check_inputs(plan: dict[str, Any], results: Path, inputs: Iterable[str]) -> None:
    """Refuse an input whose content is not what the record of its maker says.

    The plan takes a file with the recorded size and time as unchanged. This one gets the time of now, so that the
    next plan looks into it, and has it made again.
    """
    for path in map(Path, inputs):
        name = os.path.relpath(path, results)
        known = plan.get("inputs", {}).get(name) or recorded(path.parent).get(name)
        if known and digest(path) != known:
            with suppress(OSError):
                os.utime(path)
            raise UserError(f"{path}: changed since it was written, by its record; {AGAIN}")


@cache
def recorded(folder: Path) -> dict[str, str]:
    """SHA-256 of the outputs that the records in a folder name: those of jobs that ran after the plan was made."""
    found: dict[str, str] = {}
    for path in folder.glob("*.json"):
        with suppress(OSError, ValueError, AttributeError, KeyError, TypeError, RecursionError):
            outputs = json.loads(path.read_text("utf-8"))["outputs"]
            found |= {name: output["sha256"] for name, output in outputs.items()}
    return found


def check_packages(versions: dict[str, str]) -> None:
    """Refuse another version of a package than the run was planned with."""
    if versions:
        from experiment_grid.source_code.fingerprint import version  # late: it reads sources, which few jobs need
    for name, planned in versions.items():
        if (found := version(name)) != planned:
            raise UserError(f"{name}: version {found} is installed, the run was planned with {planned}; {AGAIN}")


def in_a_line(error: Exception) -> str:
    """An error as the user reads it, with the file that it is about."""
    if not isinstance(error, OSError) or error.errno is None:
        return str(error)
    if error.errno in UNWRITABLE:
        return str(cannot_write(error.filename or "results", error))
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{os.strerror(error.errno)}"


def _fail(message: str) -> None:
    print(f"error: {message}")
    sys.exit(1)
