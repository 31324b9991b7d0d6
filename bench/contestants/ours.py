"""This project: the script of the train stage, with validation and the weights of every epoch.

Not included is the overhead of a run: Snakemake's start of a job, and the lock and the checksums of inputs in
`runtime.stage`.
"""

import gc
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.contestants import SHIFT, Job, save

MODELS = {
    "mlp": {"_target_": "experiment_grid.training.models.mlp.MLP"},
    "lenet": {"_target_": "models/lenet.py:LeNet"},
    "wide": {"_target_": "models/lenet.py:LeNet", "channels": [32, 64]},
}


def train(job: Job) -> float:
    """Run it; returns the seconds of all seeds together."""
    from safetensors import safe_open
    from train import train as train_stage

    gc.freeze()  # as runtime.stage does

    parameters = {
        "model": MODELS[job.model] | ({"hidden": list(job.hidden)} if job.model == "mlp" else {}),
        "loss": {"_target_": "experiment_grid.training.losses.nll.NLL"},
        "optimizer": {"_target_": "torch.optim.SGD", "momentum": job.momentum},
        "learning_rate": job.learning_rate,
        "batch_size": job.batch_size,
        "epochs": job.epochs,
        "normalize": job.normalize,
        "augment": [{"_target_": "torchvision.transforms.v2.RandomAffine"} | SHIFT] if job.augment else [],
        "train_fraction": job.n_train / job.n_images,
        "seeds": list(job.seeds),
        "device": job.device,
        "step": job.step,
        "threads": job.threads,
    }
    outputs = run(train_stage, parameters, job)
    seconds = json.loads(outputs["run"].read_text("utf-8"))["seconds"]["train"]
    if job.model != "mlp":
        return seconds
    prefix = f"seed{job.seed}/epoch{job.epochs}/layers."
    with safe_open(outputs["checkpoints"], "numpy") as file:
        layers = sorted({int(name.split(".")[1]) for name in file.keys()})  # noqa: SIM118 (no mapping)
        save(job, [file.get_tensor(f"{prefix}{layer}.{kind}") for layer in layers for kind in ("weight", "bias")])
    return seconds


def run(train_stage: Callable, parameters: dict[str, Any], job: Job) -> dict[str, Path]:
    """Run a train stage with these parameters; its outputs by name."""
    results = Path(job.saved).with_suffix("")
    recipe = {"settings": {"cell": "bench", "dataset": "mnist", "parameters": parameters}, "code": {}}
    plan = results / "plan/train/bench.json"
    plan.parent.mkdir(parents=True)
    plan.write_text(json.dumps({"stage": "train", "cell": "bench", "recipe": recipe, "why": []}), "utf-8")
    names = {"history": "history.csv", "checkpoints": "checkpoints.safetensors", "run": "run.json"}
    outputs = {name: results / "cells/bench" / file for name, file in names.items()}
    train_stage(recipe, job.prepared, outputs, results / "partial/bench", plan, gpus=int(job.device == "cuda"))
    return outputs
