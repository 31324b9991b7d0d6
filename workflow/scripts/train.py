"""Train one cell: all its seeds, the weights of every epoch kept. Reads training images only."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from experiment_grid.runtime.torch_import import quick_imports

with quick_imports():
    import torch

from experiment_grid.data.prepared import classes, training_images
from experiment_grid.runtime.files import digest
from experiment_grid.runtime.records import age, now, write_record
from experiment_grid.training import checkpoints, history
from experiment_grid.training.devices import describe, device_for
from experiment_grid.training.epoch_store import Epoch, EpochStore
from experiment_grid.training.loop import Trainer


def train(
    recipe: dict[str, Any],
    prepared: Path,
    outputs: dict[str, Path],
    partial: Path,
    plan: Path,
    *,
    threads: int = 1,
    gpus: int = 0,
    no_gpu: str | None = None,
) -> None:
    """Train the cell of `recipe` on the training images of the file `prepared`; write its history, checkpoints, run.

    `partial` is a folder for what has been done so far, removed at the end; a training that finds it there goes on.
    `gpus` is how many GPUs the job was given, `no_gpu` why none, where it was to have one.
    """
    begun = now()
    seconds = {"import": age()}  # and all else since the process was born
    started = perf_counter()
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)  # velocities of weights on pixels that are hardly ever inked; slow on many CPUs
    settings = recipe["settings"]
    cell, parameters = settings["cell"], settings["parameters"]

    with device_for(parameters["device"], gpus) as device:
        origin = {"recipe": recipe, "data": digest(prepared), "device": device.type}
        origin |= {"torch": torch.__version__, "numpy": np.__version__}
        kept = EpochStore(partial, origin)
        images, labels = (torch.from_numpy(array).to(device) for array in training_images(prepared))
        n_classes = len(classes(prepared))
        seconds["read"] = perf_counter() - started

        rows: list[history.Row] = []
        weights: dict[str, torch.Tensor] = {}
        parts: Counter[str] = Counter()
        for seed in parameters["seeds"]:
            trainer = None  # frees the memory of the seed before
            trainer = Trainer(cell, parameters, seed, images, labels, n_classes)
            for epoch in run(trainer, parameters["epochs"], kept):
                rows.append(epoch.row)
                weights |= checkpoints.named(seed, epoch.number, epoch.model)
                weights |= checkpoints.named(seed, epoch.number, epoch.loss, checkpoints.LOSS)
                parts.update(epoch.seconds)
                report(epoch.row, cell, parameters)
        if gpus and device.type == "cpu" and parameters["device"] == "auto":
            no_gpu = "PyTorch finds no CUDA device"
        on = describe(device, threads, no_gpu)

    saving = perf_counter()
    checkpoints.save(outputs["checkpoints"], cell, weights)
    history.write(outputs["history"], rows)
    finished = perf_counter()
    seconds |= parts
    seconds["save"] = kept.seconds_writing + finished - saving
    seconds["total"] = seconds["import"] + finished - started + kept.seconds_before
    by_seed = {seed: summary([row for row in rows if row.seed == seed]) for seed in parameters["seeds"]}
    write_record(
        outputs["run"],
        plan,
        [outputs["history"], outputs["checkpoints"]],
        inputs=[prepared],
        started=begun,
        packages=("torch", "numpy", "safetensors"),
        status="ok" if all(seed["status"] == "ok" for seed in by_seed.values()) else "diverged",
        parameters=parameters,
        device=on,
        parameters_count=trainer.parameters_count,
        training_images=len(trainer.training),
        validation_images=len(trainer.validation),
        seconds=seconds,
        seeds=by_seed,
    )
    kept.remove()


def run(trainer: Trainer, epochs: int, kept: EpochStore) -> Iterator[Epoch]:
    """All epochs of a seed: those that were kept, then the rest."""
    done = None
    for number in range(1, epochs + 1):
        epoch = kept.read(trainer.seed, number)
        if epoch is None:
            break
        done = epoch
        yield epoch
    if done:
        print(f"going on after epoch {done.number}, where an earlier run ended")
        trainer.resume(done)
    for number in range(done.number + 1 if done else 1, epochs + 1):
        epoch = trainer.epoch(number)
        if number in (1, epochs):  # before it is kept: what goes on from there has lost a list, as what is loaded has
            trainer.check(epoch)
        kept.write(epoch)
        yield epoch


def report(row: history.Row, cell: str, parameters: Mapping[str, Any]) -> None:
    """Print an epoch's figures, for `tail -f`; `progress/jobs.py` reads them."""
    turn, seeds = parameters["seeds"].index(row.seed) + 1, len(parameters["seeds"])
    print(
        f"{cell}  seed {row.seed} ({turn}/{seeds})  epoch {row.epoch}/{parameters['epochs']}  "
        f"training loss {row.train_loss:.4f} accuracy {row.train_accuracy:.2%}  "
        f"validation loss {row.validation_loss:.4f} accuracy {row.validation_accuracy:.2%}  {row.seconds:.2f} s"
    )


def summary(rows: list[history.Row]) -> dict[str, Any]:
    """What the record says of one seed."""
    finite = all(row.finite for row in rows)
    return {"status": "ok" if finite else "diverged", "train_seconds": sum(row.seconds for row in rows)}


if __name__ == "__main__":
    from experiment_grid.runtime.stage import stage

    with stage(snakemake) as plan:
        train(
            plan["recipe"],
            Path(snakemake.input.prepared),
            {name: Path(file) for name, file in snakemake.output.items()},
            Path(snakemake.params.partial),
            Path(snakemake.input.plan),
            threads=snakemake.threads,
            gpus=snakemake.resources.get("gpu", 0),
            no_gpu=snakemake.params.no_gpu,
        )
    os._exit(0)  # all is written; PyTorch would take a sixth of a second to take itself down
