"""Score the saved weights of one cell on the test images, which nothing before has read."""

import csv
import math
from pathlib import Path
from typing import Any

import numpy as np

from experiment_grid.config.parameters import Parameters
from experiment_grid.data.prepared import classes, test_images
from experiment_grid.evaluation.network import inputs_of, predict
from experiment_grid.evaluation.scores import chosen_epoch, confusion
from experiment_grid.runtime.files import replacing
from experiment_grid.runtime.records import now, write_record
from experiment_grid.training.checkpoints import Checkpoints
from experiment_grid.training.history import read_validation_accuracy
from experiment_grid.training.losses import log_softmax
from experiment_grid.training.metrics import accuracy, mean_loss


def evaluate(settings: dict[str, Any], inputs: dict[str, Path], outputs: dict[str, Path], plan: Path) -> None:
    """Write evaluation.csv, confusion.npz, predictions.npz and the record of the cell of `settings`."""
    begun = now()
    cell, parameters = settings["cell"], Parameters.of(settings["parameters"])
    images, labels = test_images(inputs["prepared"])
    seen = inputs_of(images, parameters.normalize)
    names = classes(inputs["prepared"])
    widths = [images[0].size, *parameters.hidden, len(names)]
    checkpoints = Checkpoints(inputs["checkpoints"], cell, widths)
    validation_accuracy = read_validation_accuracy(inputs["history"])

    epochs = range(1, parameters.epochs + 1)
    rows, confusions, log_probabilities, chosen = [], [], [], []
    for seed in parameters.seeds:
        chosen.append(chosen_epoch(validation_accuracy[seed], settings["epoch"]))
        for epoch in epochs:
            logits = predict(checkpoints.network(seed, epoch), seen, parameters.activation)
            rows.append((seed, epoch, mean_loss(logits, labels, parameters.loss), accuracy(logits, labels)))
            confusions.append(confusion(logits, labels))
            if epoch == chosen[-1]:
                log_probabilities.append(log_softmax(logits))
                print(
                    f"{cell}  seed {seed}  chosen epoch {epoch}  test loss {rows[-1][2]:.4f} accuracy {rows[-1][3]:.2%}"
                )

    write_scores(outputs["evaluation"], rows)
    seeds, k = np.array(parameters.seeds), len(names)
    with replacing(outputs["confusion"]) as part:
        counts = np.array(confusions).reshape(len(seeds), len(epochs), k, k)
        np.savez_compressed(part, counts=counts, seeds=seeds, epochs=np.array(epochs))
    with replacing(outputs["predictions"]) as part:
        log_probabilities = np.stack(log_probabilities)
        np.savez(part, log_probabilities=log_probabilities, labels=labels, seeds=seeds, chosen_epochs=np.array(chosen))
    write_record(
        outputs["record"],
        plan,
        [outputs["evaluation"], outputs["confusion"], outputs["predictions"]],
        inputs=[inputs["prepared"], inputs["checkpoints"], inputs["history"]],
        started=begun,
        packages=("numpy", "safetensors"),
        test_images=len(labels),
        classes=names,
    )


def write_scores(path: Path, rows: list[tuple[int, int, float, float]]) -> None:
    """evaluation.csv; a loss that is no number stays empty."""
    with replacing(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["seed", "epoch", "test_loss", "test_accuracy"])
        writer.writerows((seed, epoch, loss if math.isfinite(loss) else "", right) for seed, epoch, loss, right in rows)


if __name__ == "__main__":
    from experiment_grid.runtime.stage import stage

    with stage(snakemake) as plan:
        evaluate(
            plan["recipe"]["settings"],
            {name: Path(file) for name, file in snakemake.input.items()},
            {name: Path(file) for name, file in snakemake.output.items()},
            Path(snakemake.input.plan),
        )
