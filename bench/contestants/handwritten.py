"""This project's former trainer, for one kind of network, with derivatives written by hand.

Its code is taken from the repository's history.
"""

import gc
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

from bench.contestants import HANDWRITTEN, ROOT, Job, save
from bench.contestants.ours import run


def train(job: Job) -> float:
    """Run its train stage."""
    results = Path(job.saved).with_suffix("")
    command = ["git", "archive", HANDWRITTEN, "workflow/scripts"]
    archive = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(results, filter="data")
    sys.path.insert(0, str(results / "workflow/scripts"))
    from train import train as train_stage

    from experiment_grid.training.checkpoints import Checkpoints

    gc.freeze()
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
    outputs = run(train_stage, parameters, job)
    save(job, Checkpoints(outputs["checkpoints"], "bench", job.widths).network(job.seed, job.epochs))
    return json.loads(outputs["run"].read_text("utf-8"))["seconds"]["train"]
