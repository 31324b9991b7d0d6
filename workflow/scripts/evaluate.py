"""Evaluate one cell's saved weights on the test images. No earlier stage reads them."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiment_grid.runtime.torch_import import quick_imports

with quick_imports():
    import torch

from experiment_grid.data.prepared import channels, classes, test_images
from experiment_grid.evaluation.saved_model import SavedModel
from experiment_grid.runtime.files import replacing, write_csv
from experiment_grid.runtime.records import now, write_record
from experiment_grid.training.history import read_validation_accuracy
from experiment_grid.training.images import input_shape, predict, scaling
from experiment_grid.training.metrics import accuracy, mean_loss
from experiment_grid.training.randomness import TEST, seed_all
from experiment_grid.training.stopping import chosen_epoch

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

COLUMNS = ("seed", "epoch", "test_loss", "test_accuracy")


def evaluate(
    settings: dict[str, Any], inputs: dict[str, Path], outputs: dict[str, Path], plan: Path, *, threads: int = 1
) -> None:
    """Write evaluation.csv, confusion.npz, predictions.npz and the record of the cell of `settings`."""
    begun = now()
    torch.set_num_threads(threads)
    cell, parameters = settings["cell"], settings["parameters"]
    images, labels = (torch.from_numpy(array) for array in test_images(inputs["prepared"]))
    truth, names = labels.numpy(), classes(inputs["prepared"])
    normalize = scaling(parameters["normalize"], channels(inputs["prepared"]))
    validation_accuracy = read_validation_accuracy(inputs["history"])

    seeds, k = parameters["seeds"], len(names)
    epochs = range(1, max(map(len, validation_accuracy.values())) + 1)
    counts = np.zeros((len(seeds), len(epochs), k, k), np.int32)  # 0 where a seed had stopped, or kept no weights
    rows, log_probabilities, chosen = [], [], []
    for turn, seed in enumerate(seeds):
        chosen.append(chosen_epoch(validation_accuracy[seed], settings["epoch"]))
        saved = SavedModel(inputs["checkpoints"], cell, parameters, input_shape(images), k, seed)
        for epoch in chosen[-1:] if parameters.get("keep") == "chosen" else epochs[: len(validation_accuracy[seed])]:
            saved.load(epoch)
            seed_all(seed, TEST, epoch)
            logits = predict(saved.model, images, normalize)
            loss = mean_loss(saved.loss(epoch), logits, labels)
            rows.append((seed, epoch, loss, accuracy(logits, labels)))
            counts[turn, epoch - 1] = confusion(logits.numpy(), truth)
            if epoch == chosen[-1]:
                log_probabilities.append(logits.log_softmax(dim=1).numpy())
                print(f"{cell}  seed {seed}  chosen epoch {epoch}  test loss {loss:.4f} accuracy {rows[-1][3]:.2%}")

    write_csv(outputs["evaluation"], COLUMNS, rows)
    with replacing(outputs["confusion"]) as part:
        np.savez_compressed(part, counts=counts, seeds=np.array(seeds), epochs=np.array(epochs))
    with replacing(outputs["predictions"]) as part:
        np.savez(
            part,
            log_probabilities=np.stack(log_probabilities),
            labels=truth,
            seeds=np.array(seeds),
            chosen_epochs=np.array(chosen),
        )
    write_record(
        outputs["record"],
        plan,
        [outputs["evaluation"], outputs["confusion"], outputs["predictions"]],
        inputs=[inputs["prepared"], inputs["checkpoints"], inputs["history"]],
        started=begun,
        packages=("torch", "numpy", "safetensors"),
        test_images=len(truth),
        classes=names,
    )


def confusion(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How many images of each true class (rows) were taken for each class (columns), int32 [K, K]; logits [M, K]."""
    k = logits.shape[-1]
    pairs = labels.astype(np.int64) * k + logits.argmax(axis=-1)
    return np.bincount(pairs, minlength=k * k).reshape(k, k).astype(np.int32)


if __name__ == "__main__":
    from experiment_grid.runtime.stage import stage

    with stage(snakemake) as plan:
        evaluate(
            plan["recipe"]["settings"],
            {name: Path(file) for name, file in snakemake.input.items()},
            {name: Path(file) for name, file in snakemake.output.items()},
            Path(snakemake.input.plan),
            threads=snakemake.threads,
        )
    os._exit(0)  # all files are written; skips PyTorch's shutdown, which takes 0.17 s
