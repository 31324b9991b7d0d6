"""This project: the train stage as the workflow runs it, with validation and checkpoints of every epoch."""

import json
from pathlib import Path

from bench.contestants import Job, save


def train(job: Job) -> float:
    """Run the stage."""
    from train import train as train_stage

    from training.checkpoints import Checkpoints

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
        "train_fraction": job.n_train / 60_000,
        "seeds": [job.seed],
        "device": "cpu",
    }
    recipe = {"settings": {"cell": "bench", "dataset": "mnist", "parameters": parameters}, "code": {}}
    plan = results / "plan/train/bench.json"
    plan.parent.mkdir(parents=True)
    plan.write_text(json.dumps({"stage": "train", "cell": "bench", "recipe": recipe, "why": []}), "utf-8")
    names = {"history": "history.csv", "checkpoints": "checkpoints.safetensors", "run": "run.json"}
    outputs = {name: results / "cells/bench" / file for name, file in names.items()}
    train_stage(recipe, job.prepared, outputs, results / "partial/bench", plan)
    save(job, Checkpoints(outputs["checkpoints"], "bench", job.widths).network(job.seed, job.epochs))
    return json.loads(outputs["run"].read_text("utf-8"))["seconds"]["train"]
