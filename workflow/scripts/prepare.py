"""Stage prepare: the four IDX files, decoded once into one file that the later stages map into memory."""

from pathlib import Path

import numpy as np

from experiment_grid.data import idx, prepared
from experiment_grid.data.datasets import DATASETS, FILES, refuse_misfits
from experiment_grid.runtime.records import now, write_record
from experiment_grid.runtime.stage import stage


def class_names(dataset: str, labels: np.ndarray) -> list[str]:
    """Names by label: those of a built-in data set, "0" to the highest label of one's own."""
    return list(DATASETS[dataset].classes) if dataset in DATASETS else [str(i) for i in range(int(labels.max()) + 1)]


def prepare(dataset: str, files: list[Path], target: Path) -> None:
    """Decode and check `files` (in the order of `datasets.FILES`) into the prepared file; raises DataError."""
    arrays = {name: idx.read(file, FILES[name]) for name, file in zip(FILES, files, strict=True)}
    labels = {name: frozenset(np.unique(arrays[name]).tolist()) for name in FILES if FILES[name] == 1}
    places = {name: str(file) for name, file in zip(FILES, files, strict=True)}
    known = len(DATASETS[dataset].classes) if dataset in DATASETS else None
    refuse_misfits({name: values.shape for name, values in arrays.items()}, labels, places, known)
    train_images, train_labels, test_images, test_labels = arrays.values()
    classes = class_names(dataset, train_labels)
    prepared.write(target, dataset, classes, (train_images, train_labels), (test_images, test_labels))
    print(f"{dataset}: {len(train_images):,} training images, {len(test_images):,} test images, {len(classes)} classes")


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
