"""Stage prepare: images and labels of any source, checked, in one file that the later stages map into memory."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from experiment_grid.data import idx, prepared
from experiment_grid.data.arrays import Images
from experiment_grid.data.datasets import DATASETS
from experiment_grid.data.idx_folder import FILES, refuse_misfits
from experiment_grid.data.image_checks import checked
from experiment_grid.data.memory import refuse_too_many_bytes
from experiment_grid.runtime.records import now, write_record
from experiment_grid.runtime.stage import stage

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def from_idx(dataset: str, files: list[Path]) -> Images:
    """Decode and check four IDX files, in the order of `idx_folder.FILES`; raises DataError."""
    shapes = [idx.shape(file, FILES[name]) for name, file in zip(FILES, files, strict=True)]
    refuse_too_many_bytes(dataset, *(shape for shape in shapes if len(shape) > 1))
    arrays = {name: idx.read(file, FILES[name]) for name, file in zip(FILES, files, strict=True)}
    labels = {name: frozenset(np.unique(arrays[name]).tolist()) for name in FILES if FILES[name] == 1}
    places = {name: str(file) for name, file in zip(FILES, files, strict=True)}
    classes = list(DATASETS[dataset].classes) if dataset in DATASETS else []
    refuse_misfits({name: values.shape for name, values in arrays.items()}, labels, places, len(classes) or None)
    train_images, train_labels, test_images, test_labels = arrays.values()
    return Images((train_images[:, None], train_labels), (test_images[:, None], test_labels), classes)


def prepare(dataset: str, files: list[Path], target: Path) -> list[str]:
    """Check the images of `files` (four IDX files, or the one that download made) and write the prepared file.

    Returns what is strange about them. Raises DataError.
    """
    if len(files) > 1:
        images = from_idx(dataset, files)
    else:
        parts = prepared.training_images(files[0]), prepared.test_images(files[0])
        images = Images(*parts, prepared.classes(files[0]), tuple(prepared.warnings(files[0])))
    images, warnings = checked(images, dataset)
    prepared.write(target, dataset, images.classes, images.train, images.test, warnings)
    counts = f"{len(images.train[0]):,} training images, {len(images.test[0]):,} test images"
    print(f"{dataset}: {counts}, {len(images.classes)} classes")
    return warnings


def main(dataset: str, plan: str, files: list[str], target: str, record: str) -> None:
    started = now()
    warnings = prepare(dataset, [Path(file) for file in files], Path(target))
    for warning in warnings:
        print(f"warning: {dataset}: {warning}")
        print(f"warning: {dataset}: {warning}", file=sys.__stderr__, flush=True)
    packages = ("numpy", "safetensors")
    write_record(record, plan, [target], inputs=list(files), started=started, packages=packages, warnings=warnings)


if __name__ == "__main__":
    with stage(snakemake) as plan:
        main(
            plan["recipe"]["settings"]["dataset"],
            snakemake.input.plan,
            list(snakemake.input.files),
            snakemake.output.prepared,
            snakemake.output.record,
        )
