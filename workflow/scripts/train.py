"""Train one cell: all its seeds, the weights of every epoch or of the chosen one kept. Reads training images only."""

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from experiment_grid.runtime.torch_import import quick_imports

with quick_imports():
    import torch

from experiment_grid.data.prepared import channels, classes, training_images
from experiment_grid.runtime.files import digest, remove_epochs
from experiment_grid.runtime.kept_trainings import FILES, Trained, Trainings, bits
from experiment_grid.runtime.records import FORCED, READ, age, now, results_folder, write_record
from experiment_grid.training import history, saved_weights
from experiment_grid.training.devices import describe, device_for
from experiment_grid.training.images import scaling
from experiment_grid.training.loop import Trainer
from experiment_grid.training.resumable_epochs import Epoch, EpochStore
from experiment_grid.training.reuse import copy_epochs
from experiment_grid.training.stopping import chosen_epoch, stops

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

PACKAGES = ("torch", "numpy", "safetensors")


def train(
    recipe: dict[str, Any],
    prepared: Path,
    outputs: dict[str, Path],
    partial: Path,
    plan: Path,
    *,
    gpus: int = 0,
    alone: bool = True,
    no_gpu: str | None = None,
    anew: bool = False,
) -> None:
    """Train the cell of `recipe` on the training images of the file `prepared`; write its history, checkpoints, run.

    `partial` is a folder for what has been done so far, removed at the end; a training that finds epochs there resumes.
    `gpus` is how many GPUs the job was given, `no_gpu` why none, where it was to have one. Not `alone`, it shares
    `partial` with other jobs. `anew`: take nothing that was trained before under another name, or with other seeds or
    fewer epochs.
    """
    begun = now()
    seconds = {"import": age()}  # includes everything since the process started
    started = perf_counter()
    settings = recipe["settings"]
    cell, parameters = settings["cell"], settings["parameters"]
    threads = parameters.get("threads", 1)  # not what Snakemake has cores for: bits depend on it
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)  # denormal velocities of weights on blank pixels are slow on many CPUs

    with device_for(parameters["device"], gpus) as device:
        origin: dict[str, Any] = {"recipe": recipe, "data": digest(prepared), "device": device.type}
        origin |= {"torch": torch.__version__, "numpy": np.__version__}
        kept = EpochStore(partial, origin)
        trainings = Trainings(results_folder(plan))
        versions = {name: metadata.version(name) for name in PACKAGES}
        same = bits(recipe, origin["data"], device.type, versions)
        images, labels = (torch.from_numpy(array).to(device) for array in training_images(prepared))
        n_classes = len(classes(prepared))
        scaled = {**parameters, "normalize": scaling(parameters["normalize"], channels(prepared))}
        seconds["read"] = perf_counter() - started

        found: dict[int, dict[str, Any]] = {}
        rows: list[history.HistoryRow] = []
        weights: list[tuple[int, int, Path]] = []  # seed, epoch and where they are
        parts: Counter[str] = Counter()
        counts: dict[str, int] = {}
        rule = settings["epoch"] if parameters.get("keep") == "chosen" else None
        for seed in parameters["seeds"]:
            if not anew and (before := trainings.find(same, seed, parameters)):
                found[seed] = find_again(before, seed, parameters["epochs"], kept)
            trainer = None  # frees the memory of the seed before
            trainer = Trainer(cell, scaled, seed, images, labels, n_classes)
            own: list[history.HistoryRow] = []
            for row, spent in run(trainer, parameters, kept, rule):
                own.append(row)
                parts.update(spent)
                report(row, cell, parameters)
            numbers = [chosen_epoch(accuracy(own), rule)] if rule else [row.epoch for row in own]
            weights += [(seed, number, kept.path(seed, number)) for number in numbers]
            rows += own
            counts = {
                "parameters_count": trainer.parameters_count,
                "training_images": len(trainer.training),
                "validation_images": len(trainer.validation),
            }
            if seed in found:
                found[seed]["whole"] = found[seed]["epochs"] == len(own)
        if gpus and device.type == "cpu" and parameters["device"] == "auto":
            no_gpu = "PyTorch finds no CUDA device"
        on = describe(device, threads, no_gpu)
        if all(found.get(seed, {}).get("whole") for seed in parameters["seeds"]):  # nothing was trained here
            on = found[seed]["device"] | ({"no_gpu": no_gpu} if no_gpu else {})

    saving = perf_counter()
    saved_weights.merge(outputs["checkpoints"], cell, weights)
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
        packages=PACKAGES,
        status="ok" if all(seed["status"] == "ok" for seed in by_seed.values()) else "diverged",
        device=on,
        **counts,
        seconds=seconds,
        seeds=by_seed,
        **({"found": found} if found else {}),
    )
    last = [kept.path(seed, max(row.epoch for row in rows if row.seed == seed)) for seed in parameters["seeds"]]
    states = [path for path in last if kept.has_state(path)]
    if why := trainings.keep(outputs["run"], [outputs["history"], outputs["checkpoints"]], states):
        print(f"not kept for reuse by other cells: {why}")
    remove_epochs(partial, None if alone else parameters["seeds"])


def find_again(before: Trained, seed: int, epochs: int, kept: EpochStore) -> dict[str, Any]:
    """Reuse a seed's epochs from an earlier training; returns their entry in the record."""
    number = copy_epochs(before, seed, epochs, kept)
    READ.update(before.record.get("reads", {}))
    origin = before.origin(seed)
    print(f"seed {seed}: {number} epochs found again: trained {origin['finished'][:10]} as {origin['cell']}")
    return {**origin, "epochs": number, "device": before.record["device"]}


def run(
    trainer: Trainer, parameters: Mapping[str, Any], kept: EpochStore, rule: str | None
) -> Iterator[tuple[history.HistoryRow, dict[str, float]]]:
    """The row and the seconds of each epoch of a seed: those that were kept, then the rest; fewer than configured where
    it stops early. With a `rule`, only the weights of the epoch that it chooses stay."""
    epochs, patience = parameters["epochs"], parameters.get("patience")
    rows: list[history.HistoryRow] = []
    place = None  # to resume from

    def over() -> bool:
        return len(rows) >= epochs or stops(accuracy(rows), patience)

    found: list[Epoch] = []
    full: list[Epoch] = []  # epochs with more than their row on disk
    while len(found) < epochs and (epoch := kept.read(trainer.seed, len(found) + 1)):
        place = epoch if epoch.rest is not None else place
        found.append(bare(epoch))
        full += [found[-1]] if epoch.model else []
    rows = [epoch.row for epoch in found]
    if not over():
        found = found[: place.number if place else 0]
        rows, full = rows[: len(found)], [epoch for epoch in full if epoch in found]
    if found:
        print(f"resuming after epoch {len(found)}, where an earlier run ended")
    for epoch in found:
        yield epoch.row, epoch.seconds
    if place and not over():
        trainer.resume(place)
    place = None  # frees its weights
    while not over():
        epoch = trainer.epoch(len(rows) + 1)
        rows.append(epoch.row)
        if epoch.number == 1 or over():
            # Before the epoch is kept: a resumed training, like a loaded model, would lack state outside of it.
            trainer.check(epoch)
        kept.write(epoch)
        if rule:
            wanted = epoch.number, chosen_epoch(accuracy(rows), rule)
            for old in full:
                if old.number not in wanted:
                    kept.drop_state(old)
            full = [old for old in (*full, bare(epoch)) if old.number in wanted]
        yield epoch.row, epoch.seconds
    if len(rows) < epochs:
        best = chosen_epoch(accuracy(rows), "validation")
        print(f"seed {trainer.seed}: stops after epoch {len(rows)}, validation accuracy was highest in epoch {best}")


def bare(epoch: Epoch) -> Epoch:
    """An epoch without its tensors."""
    return replace(epoch, model={}, loss={}, rest=None)


def accuracy(rows: Sequence[history.HistoryRow]) -> list[float]:
    """On the validation images, epoch by epoch."""
    return [row.validation_accuracy for row in rows]


def report(row: history.HistoryRow, cell: str, parameters: Mapping[str, Any]) -> None:
    """Print an epoch's figures, for `tail -f`; `progress/jobs.py` reads them."""
    turn, seeds = parameters["seeds"].index(row.seed) + 1, len(parameters["seeds"])
    print(
        f"{cell}  seed {row.seed} ({turn}/{seeds})  epoch {row.epoch}/{parameters['epochs']}  "
        f"training loss {row.train_loss:.4f} accuracy {row.train_accuracy:.2%}  "
        f"validation loss {row.validation_loss:.4f} accuracy {row.validation_accuracy:.2%}  {row.seconds:.2f} s"
    )


def summary(rows: list[history.HistoryRow]) -> dict[str, Any]:
    """What the record has of one seed."""
    finite = all(row.finite for row in rows)
    return {"status": "ok" if finite else "diverged", "train_seconds": sum(row.seconds for row in rows)}


def gather(recipe: dict[str, Any], prepared: Path, seeds: list[Path], outputs: dict[str, Path], plan: Path) -> None:
    """Put together the seeds of a cell that were trained apart, in the folders `seeds`: as if by one job."""
    begun = now()
    cell = recipe["settings"]["cell"]
    runs = [json.loads((folder / "run.json").read_text("utf-8")) for folder in seeds]
    for run in runs:
        READ.update(run.get("reads", {}))  # files of the user's that those jobs read count for this one too
    saved_weights.gather(outputs["checkpoints"], cell, [folder / "checkpoints.safetensors" for folder in seeds])
    history.gather(outputs["history"], [folder / "history.csv" for folder in seeds])
    by_seed = {seed: figures for run in runs for seed, figures in run["seeds"].items()}
    write_record(
        outputs["run"],
        plan,
        [outputs["history"], outputs["checkpoints"]],
        inputs=[prepared, *(folder / name for folder in seeds for name in FILES)],
        started=begun,
        packages=PACKAGES,
        status="ok" if all(run["status"] == "ok" for run in runs) else "diverged",
        **{key: runs[0][key] for key in ("device", "parameters_count", "training_images", "validation_images")},
        seconds=dict(sum((Counter(run["seconds"]) for run in runs), Counter())),
        seeds=by_seed,
    )


def main(snakemake: Any) -> None:
    """The job of a cell, or of one of its seeds."""
    from experiment_grid.runtime.stage import stage

    with stage(snakemake) as plan:
        outputs = {name: Path(file) for name, file in snakemake.output.items()}
        prepared, plan_file = Path(snakemake.input.prepared), Path(snakemake.input.plan)
        partial = Path(snakemake.params.partial)
        if snakemake.input.get("seeds"):
            seeds = list(dict.fromkeys(Path(file).parent for file in snakemake.input.seeds))
            gather(plan["recipe"], prepared, seeds, outputs, plan_file)
            remove_epochs(partial)
        else:
            options = {"gpus": snakemake.resources.get("gpu", 0), "no_gpu": snakemake.params.no_gpu}
            options |= {"alone": plan["stage"] == "train", "anew": FORCED in plan["why"]}
            train(plan["recipe"], prepared, outputs, partial, plan_file, **options)
    os._exit(0)  # all files are written; skips PyTorch's shutdown, which takes 0.17 s


if __name__ == "__main__":
    main(snakemake)
