"""One contestant in its own process: python -m bench.contestant NAME JOB; prints its training seconds as JSON."""

import importlib
import json
import os
import sys

THREADS = json.loads(sys.argv[2])["threads"]
# As Snakemake sets them for a job.
os.environ |= {f"{library}_NUM_THREADS": str(THREADS) for library in ("OMP", "MKL", "OPENBLAS")}

from bench.contestants import Job  # noqa: E402 (it imports libraries that read these variables)


def main(name: str, job: str) -> None:
    """Train as `name` does."""
    values = json.loads(job)
    on_gpu = values["device"] == "cuda"
    if hasattr(os, "sched_setaffinity") and not on_gpu:  # with a GPU, PyTorch's backward pass has its own thread
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])  # one core for all its threads
    contestant = importlib.import_module(f"bench.contestants.{name}")
    found = {"training": contestant.train(Job(**values | {key: tuple(values[key]) for key in ("hidden", "seeds")}))}
    if on_gpu:
        found["gpu_bytes"] = importlib.import_module("torch").cuda.max_memory_reserved()
    print(json.dumps(found), flush=True)
    os._exit(0)  # as the train stage ends; so no contestant waits until its libraries are unloaded


main(*sys.argv[1:])
