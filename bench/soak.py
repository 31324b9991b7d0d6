"""A cell with a network of the user's, run repeatedly with kills at random times; it always leaves the same results.

    python -m bench.soak --runs 200 --writes --inputs 2000

Every run starts without results of the cell. One to three times Snakemake or a process of it is struck at a random
time: a job's process, Snakemake alone (its job keeps running) or everything by SIGKILL, or everything by SIGINT, which
is Ctrl-C; then the run is continued to its end. Every tenth run goes from nothing to the page, the others from the data
to the cell's evaluation. Ends with an error at the first difference from an undisturbed run.

With --writes, every stage is also killed before each of its writes. With --inputs, each property-based test of the
config and of the reader of IDX files gets so many inputs. The counts are those in docs/reliability.md.
"""

import argparse
import json
import os
import random
import re
import shutil
import signal
import subprocess
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
from faults import ONE_THREAD, Faults, Run, names, table, trained  # noqa: E402
from project import copy_project  # noqa: E402

from bench.workflow import STAGES_WHOLE  # noqa: E402

HOUR = 3600  # seconds; on a busy machine a start of Snakemake may take minutes
MOST = 3  # strikes in a run
STRIKES = ("job", "Snakemake", "all", "Ctrl-C")
CELL = "baseline"
EVALUATED = ["--", f"results/cells/{CELL}/evaluation.csv"]


OWN = {
    "models/own/net.py": """
from helper import block
from torch import nn


class Net(nn.Module):
    def __init__(self, input_shape, classes: int, width: int = 6, dropout: float = 0.3):
        super().__init__()
        self.features = block(input_shape[0], width, dropout)
        self.head = nn.LazyLinear(classes)

    def forward(self, images):
        return self.head(self.features(images).flatten(1))
""",
    "models/own/helper.py": """
from torch import nn


def block(planes, width, dropout):
    return nn.Sequential(nn.Conv2d(planes, width, 3), nn.BatchNorm2d(width), nn.PReLU(), nn.Dropout(dropout))
""",
    "models/own/descent.py": """
import torch


class Descent(torch.optim.Optimizer):
    def __init__(self, params, lr: float, decay: float = 0.9):
        super().__init__(params, {"lr": lr, "decay": decay})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for weights in group["params"]:
                state = self.state[weights]
                mean = state.setdefault("mean", torch.zeros_like(weights))
                mean.mul_(group["decay"]).add_(weights.grad)
                weights.sub_(mean, alpha=group["lr"])
""",
}


def configure(project: Path) -> None:
    """One cell with a network and an optimizer of the user's: buffers, random numbers, a helper; three epochs."""
    for name, text in OWN.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text, "utf-8")
    demo = yaml.safe_load((ROOT / "config/demo.yaml").read_text("utf-8"))
    demo["pathvars"] = {"results": "results"}
    demo["defaults"] |= {"epochs": 3, "seeds": [1], "device": "cpu", "batch_size": 8, "learning_rate": 0.01}
    own = {"model": "models/own/net.py:Net", "optimizer": "models/own/descent.py:Descent"}
    own["loss"] = {"_target_": "torch.nn.CrossEntropyLoss", "label_smoothing": 0.1}
    demo |= {"baseline": CELL, "final": CELL, "cells": [{"name": CELL, **own}]}
    (project / "config/small.yaml").write_text(yaml.safe_dump(demo), "utf-8")


def outcome(results: Path, whole: bool) -> dict:
    """What must be the same after every run: weights and predictions as bytes, tables without times, all names."""
    left = [name for name in names(results) if not name.startswith("benchmarks/")]
    tables = {name: table(results / name) for name in ("comparison.csv", "effects.csv")} if whole else {}
    return {"names": left, **trained(results, CELL), **tables}


def attempt(project: Path, goal: list[str], duration: float, chance: random.Random, counts: Counter) -> Run:
    """Start Snakemake and strike it at a random time, unless it ends before that."""
    run, strike = Run(project, *goal), chance.choice(STRIKES)
    with suppress(psutil.TimeoutExpired):
        psutil.Process(run.process.pid).wait(chance.uniform(0, duration))
    while run.process.poll() is None:
        if hit(run, strike, chance):
            counts[strike] += 1
            break
        time.sleep(0.05)
    run.finish(HOUR)
    return run


def hit(run: Run, strike: str, chance: random.Random) -> bool:
    """Strike; False if there is nothing to strike at the moment."""
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
    """Run to the end, without an error; returns the seconds."""
    started = time.monotonic()
    with Run(project, *goal) as run:
        if run.finish(HOUR) != 0:
            sys.exit(f"failed without a disturbance:\n{run.said}")
    return time.monotonic() - started


def clear(results: Path, *, data: bool) -> None:
    """Remove results: with `data` everything, otherwise those of the cell."""
    for path in [results] if data else [results / name for name in ("cells", "partial", "trained")]:
        shutil.rmtree(path, ignore_errors=True)


def soak(runs: int, seed: int, page_every: int, project: Path) -> Counter:
    """Run the cell `runs` times with disturbances; returns the counts."""
    chance = random.Random(seed)
    copy_project(project)
    configure(project)
    results, counts = project / "results", Counter()
    right, seconds = {}, {}
    for whole in (True, False) if page_every else (False,):
        seconds[whole] = undisturbed(project, [] if whole else EVALUATED)
        right[whole] = outcome(results, whole)
        clear(results, data=False)
    for number in range(runs):
        whole = page_every > 0 and number % page_every == 0
        clear(results, data=whole)
        goal = [] if whole else EVALUATED
        attempts = [attempt(project, goal, seconds[whole], chance, counts) for _ in range(chance.randint(1, MOST))]
        undisturbed(project, goal)
        for run in attempts:  # jobs that outlived their Snakemake end by themselves
            psutil.wait_procs(run.rest(), timeout=60)
            if run.rest():
                sys.exit(f"run {number}: still running: {run.rest()}")
            run.log.unlink()
        if (left := outcome(results, whole)) != right[whole]:
            wrong = [name for name in left if left[name] != right[whole][name]]
            other = set(left["names"]) ^ set(right[whole]["names"])
            sys.exit(
                f"run {number} (seed {seed}): other than without disturbances: {wrong} {sorted(other)}; see {project}"
            )
        counts["runs"] += 1
        counts["runs to the page"] += whole
        print(f"{counts['runs']} of {runs}: {dict(counts)}", flush=True)
    return counts


def writes(project: Path) -> dict[str, int]:
    """Kill every stage before each of its writes; returns the kills by stage."""
    copy_project(project)
    configure(project)
    faults = Faults(project / "faults")
    with Run(project, **faults.environment) as run:
        if run.finish(HOUR) != 0:
            sys.exit(run.said)
    kills = {}
    for stage in STAGES_WHOLE:
        stride = [] if stage in ("prepare", "train", "evaluate") else ["9" if stage == "timing" else "1"]
        command = [sys.executable, ROOT / "tests/reliability/disturbed.py", "kill", faults.script(stage), *stride]
        done = subprocess.run(command, cwd=project, env=os.environ | ONE_THREAD, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{stage}: {done.stderr}")
        kills[stage] = json.loads(done.stdout.splitlines()[-1])["kills"]
        print(f"{stage}: {kills[stage]} kills before writes", flush=True)
    return kills


def inputs(examples: int) -> int:
    """Run the property-based tests of config and IDX reader with so many examples each; returns how many were run."""
    tests = ["tests/config/test_config_properties.py", "tests/data/test_idx.py"]
    command = [sys.executable, "-m", "pytest", "-q", "--hypothesis-show-statistics", *tests]
    environment = os.environ | {"EXAMPLES": str(examples)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stdout)
    counts = re.findall(r"(\d+) passing, (\d+) failing, and (\d+) invalid", done.stdout)
    return sum(int(count) for test in counts for count in test)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--page-every", type=int, default=10, help="how often a run goes to the page; 0: never")
    parser.add_argument("--writes", action="store_true", help="kill every stage before each of its writes")
    parser.add_argument("--inputs", type=int, default=0, help="inputs for each property-based test")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="work here and leave everything")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="soak-"))
    counts = soak(options.runs, options.seed, options.page_every, folder / "project")
    killed = writes(folder / "writes") if options.writes else {}
    tried = inputs(options.inputs) if options.inputs else 0
    if options.folder is None:
        shutil.rmtree(folder)
    kills = sum(counts[strike] for strike in STRIKES)
    print(f"{counts['runs']} runs, {kills} kills survived: all ended as an undisturbed run does")
    for name in (*STRIKES, "runs to the page"):
        print(f"  {name}: {counts[name]}")
    if killed:
        print(f"{sum(killed.values())} kills before writes survived")
        for stage, number in killed.items():
            print(f"  {stage}: {number}")
    if tried:
        print(f"{tried} inputs tried: each read or refused with a line")


if __name__ == "__main__":
    main()
