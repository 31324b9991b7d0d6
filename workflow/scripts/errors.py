"""Analyse the final model's errors: the misclassified test images, attributions, and nearest training images."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiment_grid.runtime.torch_import import quick_imports

with quick_imports():
    import torch

from experiment_grid.analysis.cell_results import read_cells
from experiment_grid.data.prepared import channels, classes, test_images, training_images, warnings
from experiment_grid.error_analysis.atlas import capacity, write_atlas
from experiment_grid.error_analysis.augmented import EACH, augmented
from experiment_grid.error_analysis.final import FinalModel, with_basis
from experiment_grid.error_analysis.likeness import class_likeness
from experiment_grid.error_analysis.selection import atlas_images, hard_images
from experiment_grid.runtime.records import now, write_record

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

CAPTIONS = {
    "attribution": (
        "Integrated gradients (gradients added up on the way from a blank image to this one): each pixel's share in "
        "the predicted class's logit minus the true class's. It shows what this model's arithmetic used, not what a "
        "person would look at."
    ),
    "nearest": (
        "Nearest by the distance of pixels (0 to 1 each), among all training images, those for validation included. "
        "The network does not look images up: a near one shows what it may have taken this one for."
    ),
    "likeness": (
        "Measured on training images alone: the distance to the nearest image of the own class over that to the "
        "nearest of the other class, median over images, mean of both directions. 1: as alike as images of one class."
    ),
    "augmented": (
        "Twelve training images as the augmentation changes them, each drawn for alone. In training all images of a "
        "batch share a draw, unless the augmentation draws for each."
    ),
    "worst": "Probability of the wrong class times the dissimilarity (1 - likeness) of the two classes.",
}


def find_errors(
    settings: dict[str, Any],
    folders: dict[str, Path],
    prepared: Path,
    outputs: dict[str, Path],
    plan: Path,
    inputs: list[Path],
) -> None:
    """Write the atlases and errors.json; `folders` holds the cells that have results."""
    started = now()
    torch.set_num_threads(1)
    cells = [cell for cell in read_cells(folders, settings["cells"]) if cell.comparable]
    images, labels = test_images(prepared)
    train = training_images(prepared)
    names = classes(prepared)
    predicted = np.array([cell.predicted[cell.representative] for cell in cells], np.uint8).reshape(-1, len(labels))
    likeness = class_likeness(*train, len(names))
    final = next((cell for cell in cells if cell.name == settings["final"]), None)

    found: dict[str, Any] = {"seed": None, "epoch": None, "wrong": None, "errors": [], "right": []}
    shares, nearby = images[:0], []
    if final:
        checkpoints = folders[final.name] / "checkpoints.safetensors"
        model = FinalModel(final, checkpoints, images, labels, likeness, channels(prepared))
        worst = model.worst()
        shares, scales = model.attributions(worst)
        near = model.neighbours(worst, *train)
        nearby = [item["index"] for pair in near for item in pair.values()]
        plain = model.errors(worst, names, (predicted != labels).sum(axis=0))
        parts = zip(plain, near, scales, strict=True)
        found = {
            "seed": model.seed,
            "epoch": model.epoch,
            "wrong": len(model.wrong),
            "errors": [
                with_basis(error, pair, names, place, scale) for place, (error, pair, scale) in enumerate(parts)
            ],
            "right": model.right(),
        }

    first = [item["index"] for item in found["errors"] + found["right"]]
    shown, wanted = atlas_images(first, labels, predicted, capacity(*images.shape[-2:]))
    atlas = write_atlas(outputs["atlas"], images[shown]) | {"images": shown, "wanted": wanted}
    atlas |= {"complete": len(shown) == wanted, "text": _completeness(len(shown), wanted)}
    attribution = write_atlas(outputs["attribution"], shares)
    nearest = write_atlas(outputs["neighbours"], train[0][nearby])
    seeds = {cell["name"]: cell["parameters"]["seeds"][0] for cell in settings["cells"]}
    changed, places = augmented(train[0], settings.get("augment", {}), seeds)
    facts = {
        "cell": settings["final"],
        "classes": names,
        "test_images": len(labels),
        **found,
        "errors_listed": len(found["errors"]),
        "errors_total": found["wrong"],
        "hard": hard_images(labels, predicted),
        "likeness": {"matrix": likeness.tolist(), "text": CAPTIONS["likeness"]},
        "captions": CAPTIONS,
        "warnings": warnings(prepared),
        "atlas": atlas,
        "attribution": attribution | {"text": CAPTIONS["attribution"]},
        "neighbours": nearest | {"indices": nearby, "text": CAPTIONS["nearest"]},
        "augmented": write_atlas(outputs["augmented"], changed) | {"cells": places, "each": EACH},
    }
    print(f"{settings['final']}: {found['wrong']} of {len(labels)} test images wrong. {atlas['text']}")
    files = [file for name, file in outputs.items() if name != "record"]
    packages = ("torch", "numpy", "pandas", "pillow", "safetensors")
    write_record(outputs["record"], plan, files, inputs=inputs, started=started, packages=packages, **facts)


def _completeness(shown: int, wanted: int) -> str:
    if shown == wanted:
        return f"All {wanted} test images that any cell got wrong, or that are shown as right, are here."
    return (
        f"{shown} of {wanted} test images that any cell got wrong are here: the final model's first, then those of the "
        "cells with the fewest errors."
    )


if __name__ == "__main__":
    from experiment_grid.runtime.stage import stage

    with stage(snakemake) as plan:
        find_errors(
            plan["recipe"]["settings"],
            dict(zip(snakemake.params.cells, (Path(file).parent for file in snakemake.input.run), strict=True)),
            Path(snakemake.input.prepared),
            {name: Path(file) for name, file in snakemake.output.items()},
            Path(snakemake.input.plan),
            [Path(file) for file in snakemake.input if file != snakemake.input.plan],
        )
