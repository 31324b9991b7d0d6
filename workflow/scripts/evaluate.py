"""Score the saved weights of one cell on the test images, which nothing before has read."""

import csv
import math
from pathlib import Path

import numpy as np
import torch

from data.prepared import classes, test_images
from evaluation.scores import chosen_epoch, score
from experiment.parameters import Parameters
from experiment.records import now, replacing, write_record
from training.checkpoints import Checkpoints
from training.history import read_validation_accuracy
from training.model import CHUNK, predict


def evaluate(settings: dict, inputs: dict[str, Path], outputs: dict[str, Path], plan: Path, threads: int) -> None:
    """Write evaluation.csv, confusion.npz, predictions.npz and the record of the cell of `settings`."""
    begun = now()
    torch.set_num_threads(threads)
    cell, parameters = settings["cell"], Parameters.of(settings["parameters"])
    images, labels = test_images(inputs["prepared"])
    images, targets = torch.from_numpy(images).flatten(1), torch.from_numpy(labels).long()
    names = classes(inputs["prepared"])
    widths = [images.shape[1], *parameters.hidden, len(names)]
    checkpoints = Checkpoints(inputs["checkpoints"], cell, widths)
    validation = read_validation_accuracy(inputs["history"])

    epochs = range(1, parameters.epochs + 1)
    scores, log_probabilities, chosen = {}, [], []
    for seed in parameters.seeds:
        chosen.append(chosen_epoch(validation[seed], settings["epoch"]))
        for epoch in epochs:
            weights = checkpoints.network(seed, epoch)
            logits = predict(weights, images.split(CHUNK), parameters.normalize, parameters.activation)
            scores[seed, epoch] = score(logits, targets, parameters.loss)
            if epoch == chosen[-1]:
                log_probabilities.append(logits.log_softmax(dim=1).numpy())
        print(f"{cell}  seed {seed}  epoch {chosen[-1]}  test accuracy {scores[seed, chosen[-1]].accuracy:.2%}")

    with replacing(outputs["evaluation"]) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["seed", "epoch", "test_loss", "test_accuracy"])
        for (seed, epoch), figures in scores.items():
            writer.writerow([seed, epoch, figures.loss if math.isfinite(figures.loss) else "", figures.accuracy])
    with replacing(outputs["confusion"]) as part:
        counts = [[scores[seed, epoch].confusion for epoch in epochs] for seed in parameters.seeds]
        np.savez_compressed(part, counts=np.array(counts), seeds=np.array(parameters.seeds), epochs=np.array(epochs))
    with replacing(outputs["predictions"]) as part:
        np.savez(
            part,
            log_probabilities=np.stack(log_probabilities),
            labels=labels,
            seeds=np.array(parameters.seeds),
            chosen_epochs=np.array(chosen),
        )
    write_record(
        outputs["record"],
        plan,
        [outputs["evaluation"], outputs["confusion"], outputs["predictions"]],
        inputs=[inputs["prepared"], inputs["checkpoints"], inputs["history"]],
        started=begun,
        packages=("torch", "numpy", "safetensors"),
        test_images=len(labels),
        classes=names,
    )


if __name__ == "__main__":
    from experiment.stage import stage

    with stage(snakemake) as plan:
        evaluate(
            plan["recipe"]["settings"],
            {name: Path(file) for name, file in snakemake.input.items()},
            {name: Path(file) for name, file in snakemake.output.items()},
            Path(snakemake.input.plan),
            threads=snakemake.threads,
        )
