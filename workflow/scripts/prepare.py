"""Stage prepare: the four IDX files, decoded once into one file that the later stages map into memory."""

from pathlib import Path

import numpy as np

from experiment_grid.data import idx, prepared
from experiment_grid.data.datasets import DATASETS
from experiment_grid.data.idx import DataError
from experiment_grid.runtime.records import now, write_record
from experiment_grid.runtime.stage import stage


def part(images: Path, labels: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 [N, height, width] and their labels uint8 [N]; raises DataError unless there are as many."""
    pixels, classes = idx.read(images, 3), idx.read(labels, 1)
    if len(pixels) != len(classes):
        raise DataError(f"{labels}: has {len(classes):,} labels for the {len(pixels):,} images of {images.name}")
    return pixels, classes


def class_names(dataset: str, train: np.ndarray, test: np.ndarray, place: str) -> list[str]:
    """Names by label: those of a built-in data set, "0" to the highest label of one's own; raises DataError."""
    highest = int(max(train.max(), test.max()))
    if dataset not in DATASETS:
        if highest == 0:
            raise DataError(f"{place}: all labels are 0, needed are two classes at least")
        return [str(label) for label in range(highest + 1)]
    names = list(DATASETS[dataset].classes)
    if highest >= len(names):
        raise DataError(f"{place}: has a label {highest}, {dataset} has 0 to {len(names) - 1}")
    return names


def prepare(dataset: str, files: list[Path], target: Path) -> None:
    """Decode and check `files` (training images and labels, test images and labels) into the prepared file."""
    train, test = part(*files[:2]), part(*files[2:])
    if train[0].shape[1:] != test[0].shape[1:]:
        sizes = ["x".join(map(str, images.shape[1:])) for images, _ in (train, test)]
        raise DataError(f"{files[2]}: has images of {sizes[1]} pixels, those of {files[0].name} are {sizes[0]}")
    classes = class_names(dataset, train[1], test[1], str(target.parent))
    prepared.write(target, dataset, classes, train, test)
    print(f"{dataset}: {len(train[0]):,} training images, {len(test[0]):,} test images, {len(classes)} classes")


def main(dataset: str, plan: str, files: list[str], target: str, record: str) -> None:
    started = now()
    prepare(dataset, [Path(file) for file in files], Path(target))
    write_record(record, plan, [target], inputs=list(files), started=started, packages=("numpy", "safetensors"))


if __name__ == "__main__":
    with stage(snakemake) as plan:
        main(
            plan["recipe"]["settings"]["dataset"],
            snakemake.input.plan,
            list(snakemake.input.files),
            snakemake.output.prepared,
            snakemake.output.record,
        )
