"""history.csv: loss and accuracy of every epoch."""

import csv
import math
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from experiment_grid.runtime.files import replacing, write_csv


@dataclass(frozen=True)
class HistoryRow:
    """One seed's epoch. Training figures are running means over its images, while the weights move.

    `seconds` is the training part of the epoch.
    """

    seed: int
    epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    seconds: float

    @property
    def finite(self) -> bool:
        """Whether the losses are numbers: NaN and infinity mean that the training diverged."""
        return math.isfinite(self.train_loss) and math.isfinite(self.validation_loss)


def write(path: Path, rows: Iterable[HistoryRow]) -> None:
    """Write rows by seed and epoch; a loss that is not a number stays empty."""
    columns = [field.name for field in fields(HistoryRow)]
    write_csv(path, columns, map(astuple, sorted(rows, key=lambda row: (row.seed, row.epoch))))


def gather(path: Path, seeds: Iterable[Path]) -> None:
    """Write the rows of several files below each other, as they are."""
    texts = [file.read_text("utf-8").splitlines(keepends=True) for file in seeds]
    with replacing(path) as part:
        part.write_text("".join([*texts[0][:1], *(line for lines in texts for line in lines[1:])]), "utf-8")


def read(path: Path) -> list[HistoryRow]:
    """All rows; a loss that is not a number is NaN."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [{name: float(value or "nan") for name, value in row.items()} for row in csv.DictReader(file)]
    return [HistoryRow(int(row.pop("seed")), int(row.pop("epoch")), **row) for row in rows]


def read_validation_accuracy(path: Path) -> dict[int, list[float]]:
    """The validation accuracy after each epoch, by seed."""
    accuracy: dict[int, list[float]] = {}
    for row in read(path):
        accuracy.setdefault(row.seed, []).append(row.validation_accuracy)
    return accuracy
