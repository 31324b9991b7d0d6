"""This project: the script of the train stage, with validation and the weights of every epoch.

Left out is what lies around that script in a run: Snakemake's own start of a job, and the lock and the checksums of its
inputs in `runtime.stage`.
"""

import gc
import json
from pathlib import Path

from bench.contestants import Job, save


def train(job: Job) -> float:
    """Run it; with several seeds, seconds of all of them."""
    from train import train as train_stage

    from experiment_grid.training.checkpoints import Checkpoints

    gc.freeze()  # as runtime.stage does

    results = Path(job.saved).with_suffix("")
    parameters = {
        "hidden": list(job.hidden),
        "activation": "relu",
        "loss": "nll",
        "optimizer": "sgd",
        "learning_rate": job.learning_rate,
        "momentum": job.momentum,
        "weight_decay": 0.0,
        "batch_size": job.batch_size,
        "epochs": job.epochs,
        "normalize": job.normalize,
        "train_fraction": job.n_train / job.n_images,
        "seeds": list(job.seeds),
        "device": job.device,
    }
    recipe = {"settings": {"cell": "bench", "dataset": "mnist", "parameters": parameters}, "code": {}}
    plan = results / "plan/train/bench.json"
    plan.parent.mkdir(parents=True)
    plan.write_text(json.dumps({"stage": "train", "cell": "bench", "recipe": recipe, "why": []}), "utf-8")
    names = {"history": "history.csv", "checkpoints": "checkpoints.safetensors", "run": "run.json"}
    outputs = {name: results / "cells/bench" / file for name, file in names.items()}
    train_stage(recipe, job.prepared, outputs, results / "partial/bench", plan, gpus=int(job.device == "cuda"))
    save(job, Checkpoints(outputs["checkpoints"], "bench", job.widths).network(job.seed, job.epochs))
    return json.loads(outputs["run"].read_text("utf-8"))["seconds"]["train"]
