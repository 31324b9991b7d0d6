"""Train one cell: all its seeds, the weights of every epoch kept. Reads training images only."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from experiment_grid.runtime.torch_import import quick_imports

with quick_imports():
    import torch

from experiment_grid.config.parameters import Parameters
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
) -> None:
    """Train the cell of `recipe` on the training images of the file `prepared`; write its history, checkpoints, run.

    `partial` is a folder for what has been done so far, removed at the end; a training that finds it there goes on.
    `gpus` is how many GPUs the job was given.
    """
    begun = now()
    seconds = {"import": age()}  # and all else since the process was born
    started = perf_counter()
    torch.set_num_threads(threads)  # NumPy has as many by OPENBLAS_NUM_THREADS, which Snakemake sets
    torch.set_flush_denormal(True)  # velocities of weights on pixels that are hardly ever inked; slow on many CPUs
    settings = recipe["settings"]
    parameters = Parameters.of(settings["parameters"])

    with device_for(parameters.device, gpus) as device:
        origin = {"recipe": recipe, "data": digest(prepared), "device": device.type}
        origin |= {"torch": torch.__version__, "numpy": np.__version__}
        kept = EpochStore(partial, origin)
        images, labels = (torch.from_numpy(array).to(device) for array in training_images(prepared))
        n_classes = len(classes(prepared))
        seconds["read"] = perf_counter() - started

        rows: list[history.Row] = []
        weights: dict[str, torch.Tensor] = {}
        parts: Counter[str] = Counter()
        for seeds in together(parameters.seeds, device):
            trainer = Trainer(parameters, seeds, images.flatten(1), labels, n_classes)
            for epoch in run(trainer, parameters.epochs, kept):
                rows += epoch.rows
                weights |= epoch.weights
                parts.update(epoch.seconds)
                report(epoch, settings["cell"], parameters)
        on = describe(device, threads)

    saving = perf_counter()
    checkpoints.save(outputs["checkpoints"], settings["cell"], weights)
    history.write(outputs["history"], rows)
    finished = perf_counter()
    seconds |= parts
    seconds["save"] = kept.seconds_writing + finished - saving
    seconds["total"] = seconds["import"] + finished - started + kept.seconds_before
    by_seed = {seed: summary([row for row in rows if row.seed == seed]) for seed in parameters.seeds}
    write_record(
        outputs["run"],
        plan,
        [outputs["history"], outputs["checkpoints"]],
        inputs=[prepared],
        started=begun,
        packages=("torch", "numpy", "safetensors"),
        status="ok" if all(seed["status"] == "ok" for seed in by_seed.values()) else "diverged",
        parameters=parameters.as_dict(),
        device=on,
        parameters_count=trainer.parameters_count,
        training_images=trainer.training.shape[-1],
        validation_images=trainer.validation.shape[-1],
        seconds=seconds,
        seeds=by_seed,
    )
    kept.remove()


def together(seeds: Sequence[int], device: torch.device) -> list[list[int]]:
    """The seeds in groups that train side by side: all of them on a GPU, for little more than one costs there; on a CPU
    that would be slower than one after the other."""
    return [list(seeds)] if device.type == "cuda" else [[seed] for seed in seeds]


def run(trainer: Trainer, epochs: int, kept: EpochStore) -> Iterator[Epoch]:
    """All epochs of some seeds: those that were kept, then the rest."""
    done = None
    for number in range(1, epochs + 1):
        epoch = kept.read(trainer.seeds, number)
        if epoch is None:
            break
        done = epoch
        yield epoch
    if done:
        print(f"going on after epoch {done.number}, where an earlier run ended")
        trainer.resume(done)
    for number in range(done.number + 1 if done else 1, epochs + 1):
        epoch = trainer.epoch(number)
        kept.write(epoch)
        yield epoch


def report(epoch: Epoch, cell: str, parameters: Parameters) -> None:
    """Print an epoch's figures, for `tail -f`."""
    for row in epoch.rows:
        turn = parameters.seeds.index(row.seed) + 1
        print(
            f"{cell}  seed {row.seed} ({turn}/{len(parameters.seeds)})  epoch {row.epoch}/{parameters.epochs}  "
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
        )
    os._exit(0)  # all is written; PyTorch would take a sixth of a second to take itself down
