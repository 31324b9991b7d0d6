"""Train one cell: all its seeds, the weights of every epoch kept. Reads training images only."""

import csv
import dataclasses
import math
import time
from pathlib import Path
from time import perf_counter

import psutil
import torch

from data.prepared import classes, training_images
from experiment.parameters import Parameters
from experiment.records import now, replacing, write_record
from training import checkpoints
from training.devices import describe, select
from training.loop import Row, Trainer


def train(settings: dict, prepared: Path, outputs: dict[str, Path], plan: Path, threads: int, gpus: int) -> None:
    """Train the cell of `settings` on the training images of `prepared`; write history, checkpoints and record."""
    begun = now()
    importing = time.time() - psutil.Process().create_time()
    started = perf_counter()
    parameters = Parameters.of(settings["parameters"])
    torch.set_num_threads(threads)
    device = select(parameters.device, gpus)
    seconds = {"import": importing, "read": 0.0, "train": 0.0, "validate": 0.0, "save": 0.0}

    clock = perf_counter()
    images, labels = training_images(prepared)
    images = torch.from_numpy(images).flatten(1).to(device)
    labels = torch.from_numpy(labels).to(device)
    n_classes = len(classes(prepared))
    seconds["read"] = perf_counter() - clock

    rows: list[Row] = []
    saved = {}
    groups = [parameters.seeds] if device.type == "cuda" else [[seed] for seed in parameters.seeds]
    for seeds in groups:
        trainer = Trainer(parameters, seeds, images, labels, n_classes)
        for epoch in range(1, parameters.epochs + 1):
            new_rows, parts = trainer.epoch(epoch)
            for part, value in parts.items():
                seconds[part] += value
            for index, row in enumerate(new_rows):
                rows.append(row)
                print(progress(row, settings["cell"], parameters))
                weights = [w.detach() if len(seeds) == 1 else w.detach()[index] for w in trainer.weights]
                names = checkpoints.names(row.seed, epoch, len(weights))
                saved |= {n: w.cpu().clone() for n, w in zip(names, weights, strict=True)}

    clock = perf_counter()
    checkpoints.save(outputs["checkpoints"], settings["cell"], saved)
    write_history(outputs["history"], rows)
    seconds["save"] = perf_counter() - clock
    seconds["total"] = importing + perf_counter() - started
    by_seed = {seed: [row for row in rows if row.seed == seed] for seed in parameters.seeds}
    status = {s: "ok" if all(math.isfinite(r.train_loss) for r in rs) else "diverged" for s, rs in by_seed.items()}
    write_record(
        outputs["run"],
        plan,
        [outputs["history"], outputs["checkpoints"]],
        inputs=[prepared],
        started=begun,
        packages=("torch", "numpy", "safetensors"),
        status="diverged" if "diverged" in status.values() else "ok",
        parameters=settings["parameters"],
        device=describe(device, threads),
        parameters_count=sum(w.numel() for w in trainer.weights) // len(trainer.seeds),
        training_images=trainer.training.shape[-1],
        validation_images=trainer.validation.shape[-1],
        seconds=seconds,
        seeds={s: {"status": status[s], "train_seconds": sum(r.seconds for r in rs)} for s, rs in by_seed.items()},
    )


def progress(row: Row, cell: str, parameters) -> str:
    """A line for `tail -f`."""
    turn = parameters.seeds.index(row.seed) + 1
    return (
        f"{cell}  seed {row.seed} ({turn}/{len(parameters.seeds)})  epoch {row.epoch}/{parameters.epochs}  "
        f"training loss {row.train_loss:.4f} accuracy {row.train_accuracy:.2%}  "
        f"validation loss {row.validation_loss:.4f} accuracy {row.validation_accuracy:.2%}  {row.seconds:.2f} s"
    )


def write_history(path: Path, rows: list[Row]) -> None:
    """history.csv: a row per seed and epoch; what is no number stays empty."""
    with replacing(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field.name for field in dataclasses.fields(Row))
        for row in sorted(rows, key=lambda row: (row.seed, row.epoch)):
            writer.writerow("" if not math.isfinite(value) else value for value in dataclasses.astuple(row))


if __name__ == "__main__":
    from experiment.stage import stage

    with stage(snakemake) as plan:
        train(
            plan["recipe"]["settings"],
            Path(snakemake.input.prepared),
            {name: Path(file) for name, file in snakemake.output.items()},
            Path(snakemake.input.plan),
            threads=snakemake.threads,
            gpus=snakemake.resources.get("gpu", 0),
        )
