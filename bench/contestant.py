"""One contestant in its own process: python -m bench.contestant NAME JOB; prints its training seconds as JSON."""

import importlib
import json
import os
import sys

os.environ |= {f"{library}_NUM_THREADS": "1" for library in ("OMP", "MKL", "OPENBLAS")}  # as Snakemake does for a job

from bench.contestants import Job


def main(name: str, job: str) -> None:
    """Train as `name` does."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one core for all its threads
    values = json.loads(job)
    contestant = importlib.import_module(f"bench.contestants.{name}")
    seconds = contestant.train(Job(**values | {name: tuple(values[name]) for name in ("hidden", "seeds")}))
    print(json.dumps({"training": seconds}), flush=True)
    os._exit(0)  # as the train stage ends; for the others too, nobody waits until their libraries have gone


main(*sys.argv[1:])
