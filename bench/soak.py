"""The demo's smallest cell, run again and again with kills at random times; what it leaves is always the same.

    python -m bench.soak --runs 200

Every run starts without results of the cell. One to three times Snakemake or what it started is struck at a random
time: a job's process, Snakemake alone (its job lives on) or everything by SIGKILL, or everything by SIGINT, which is
Ctrl-C; then the run is let through. Every tenth run goes from nothing to the page, the others from the data to the
cell's evaluation. Prints the counts; ends with an error at the first difference from an undisturbed run.
"""

import argparse
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import psutil  # noqa: E402
import yaml  # noqa: E402
from faults import Run, names, table, trained  # noqa: E402
from project import copy_project  # noqa: E402

MOST = 3  # strikes in a run
STRIKES = ("job", "Snakemake", "all", "Ctrl-C")
CELL = "baseline"
EVALUATED = ["--", f"results/cells/{CELL}/evaluation.csv"]


def configure(project: Path) -> None:
    """The demo's smallest cell alone, shortened: one seed, three epochs."""
    demo = yaml.safe_load((ROOT / "config/demo.yaml").read_text("utf-8"))
    demo["pathvars"] = {"results": "results"}
    demo["defaults"] |= {"epochs": 3, "seeds": [1], "device": "cpu"}
    demo |= {"final": CELL, "cells": [{"name": CELL}]}
    (project / "config/small.yaml").write_text(yaml.safe_dump(demo), "utf-8")


def outcome(results: Path, whole: bool) -> dict:
    """What must be the same after every run: weights and predictions by the byte, tables without times, all names."""
    left = [name for name in names(results) if not name.startswith("benchmarks/")]
    tables = {name: table(results / name) for name in ("comparison.csv", "effects.csv")} if whole else {}
    return {"names": left, **trained(results, CELL), **tables}


def attempt(project: Path, goal: list[str], duration: float, chance: random.Random, counts: Counter) -> Run:
    """Start Snakemake and strike it at a random time, unless it is through before."""
    run, strike = Run(project, *goal), chance.choice(STRIKES)
    with suppress(psutil.TimeoutExpired):
        psutil.Process(run.process.pid).wait(chance.uniform(0, duration))
    while run.process.poll() is None:
        if hit(run, strike, chance):
            counts[strike] += 1
            break
        time.sleep(0.05)
    run.finish()
    return run


def hit(run: Run, strike: str, chance: random.Random) -> bool:
    """Strike; False where there is nothing to be struck now."""
    if strike == "job":
        jobs = [process for process in run.rest() if is_job(process)]
        if jobs:
            with suppress(psutil.NoSuchProcess):
                chance.choice(jobs).kill()
        return bool(jobs)
    if strike == "Snakemake":
        run.process.kill()
    else:
        run.signal_all(signal.SIGKILL if strike == "all" else signal.SIGINT)
    return True


def is_job(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return any("/.snakemake/scripts/" in part for part in process.cmdline())
    return False


def undisturbed(project: Path, goal: list[str]) -> float:
    """Run to the good end; returns the seconds."""
    started = time.monotonic()
    with Run(project, *goal) as run:
        if run.finish() != 0:
            sys.exit(f"undisturbed, and yet it failed:\n{run.said}")
    return time.monotonic() - started


def clear(results: Path, *, data: bool) -> None:
    """Remove what was made: with `data` everything, else all but the data set."""
    for path in results.glob("*"):
        if data or path.name != "data":
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def soak(runs: int, seed: int, project: Path) -> Counter:
    """Make the cell `runs` times, disturbed; returns the counts."""
    chance = random.Random(seed)
    copy_project(project)
    configure(project)
    results, counts = project / "results", Counter()
    right, seconds = {}, {}
    for whole in (True, False):
        clear(results, data=whole)
        seconds[whole] = undisturbed(project, [] if whole else EVALUATED)
        right[whole] = outcome(results, whole)
    for number in range(runs):
        whole = number % 10 == 0
        clear(results, data=whole)
        goal = [] if whole else EVALUATED
        attempts = [attempt(project, goal, seconds[whole], chance, counts) for _ in range(chance.randint(1, MOST))]
        undisturbed(project, goal)
        for run in attempts:  # jobs that outlived their Snakemake end by themselves
            psutil.wait_procs(run.rest(), timeout=60)
            if run.rest():
                sys.exit(f"run {number}: still at work: {run.rest()}")
            run.log.unlink()
        if (left := outcome(results, whole)) != right[whole]:
            wrong = [name for name in left if left[name] != right[whole][name]]
            other = set(left["names"]) ^ set(right[whole]["names"])
            sys.exit(f"run {number} (seed {seed}): other than undisturbed: {wrong} {sorted(other)}; see {project}")
        counts["runs"] += 1
        counts["runs to the page"] += whole
        print(f"{counts['runs']} of {runs}: {dict(counts)}", flush=True)
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="work here and leave everything")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="soak-"))
    counts = soak(options.runs, options.seed, folder / "project")
    if options.folder is None:
        shutil.rmtree(folder)
    kills = sum(counts[strike] for strike in STRIKES)
    print(f"{counts['runs']} runs, {kills} kills survived: all ended as an undisturbed run does")
    for name in (*STRIKES, "runs to the page"):
        print(f"  {name}: {counts[name]}")


if __name__ == "__main__":
    main()
