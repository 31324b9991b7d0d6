"""Times from timing.csv: what a training takes by its steps, which were measured alone. What is compared is logarithms,
so that a difference is a ratio."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from experiment_grid.analysis.cell_results import CellResults
from experiment_grid.analysis.factor_pairs import Pair, factor_matches
from experiment_grid.analysis.measures import Measure, of_runs
from experiment_grid.column_values import DEVICES, LOADER, LOADER_NORMALIZED, LOADER_SECONDS, PER_EPOCH, TIMES, TRAINER
from experiment_grid.csv_tables import read_table

Key = tuple[str, str, str]  # cell, device, way


class Timing(NamedTuple):
    """timing.csv, and timing/rounds.csv, the visits that it comes from."""

    table: pd.DataFrame
    rounds: pd.DataFrame


class TimePairs(NamedTuple):
    """What is compared by one measure: pairs of `cells`, which may be one cell on two devices."""

    pairs: list[Pair]
    cells: list[CellResults]
    measure: Measure

    @property
    def ends(self) -> np.ndarray:
        """int [m, 2]: the places of the pairs' cells."""
        return np.array([(pair.first, pair.second) for pair in self.pairs], int).reshape(-1, 2)


def read_timing(table: Path, rounds: Path) -> Timing:
    """What the timing stage wrote."""
    return Timing(read_table(table), read_table(rounds))


def time_pairs(
    cells: list[CellResults], found: list[Pair], asked: Iterable[tuple[str, str]], timing: Timing | None
) -> dict[str, TimePairs]:
    """Measure → what the claims `asked`, (measure, factor), compare by it; `found` are the pairs of effects.csv."""
    factors: dict[str, list[str]] = {}
    for measure, factor in asked:
        if measure in TIMES:
            factors.setdefault(measure, []).append(factor)
    if timing is None:
        return {}
    measured = _Measured(cells, timing)
    return {measure: measured.pairs(measure, found, wanted) for measure, wanted in factors.items()}


def steps_per_epoch(n_images: int, batch_size: int) -> int:
    """How many steps an epoch has: a single image that is left joins the batch before it."""
    return max(1, math.ceil((n_images - 1) / batch_size))


class _Measured:
    """The visits of each cell and device, and what is to be compared of them."""

    def __init__(self, cells: list[CellResults], timing: Timing):
        self.cells = cells
        visits = {
            key: np.log(group["seconds"] / group["steps"]).to_numpy()
            for key, group in timing.rounds.groupby(["measured_as", "device", "way"])
        }
        self.measured_as: dict[Key, Key] = {}
        for row in timing.table.to_dict("records"):
            key = (row["measured_as"], row["device"], row["way"])
            if key in visits:
                self.measured_as[row["cell"], row["device"], row["way"]] = key
        self.visits = visits

    def pairs(self, measure: str, found: list[Pair], factors: list[str]) -> TimePairs:
        if measure == LOADER_SECONDS:
            entries, pairs = self._loader(factors)
        else:
            entries, pairs = self._configured(found, factors)
        cells = [cell for cell, _ in entries]
        runs = [self.visits[self.measured_as[key]] for _, key in entries]
        keys = [self.measured_as[key] for _, key in entries]
        measured = of_runs(runs, keys, groups=[device for _, device, _ in keys])
        factor = np.log([self._steps(cell, measure) for cell in cells])
        numbers: dict[Any, int] = {}
        same = [numbers.setdefault(key, len(numbers)) for key in zip(keys, factor.tolist(), strict=True)]
        measured = measured._replace(
            means=measured.means + factor, same=np.array(same, int), one_measurement=measured.same
        )
        return TimePairs(pairs, cells, measured)

    def _configured(self, found: list[Pair], factors: list[str]) -> tuple[list[tuple[CellResults, Key]], list[Pair]]:
        """Pairs of cells, each on the device that it trained on; and every cell on the CPU and a GPU."""
        entries = [(cell, (cell.name, cell.device, TRAINER)) for cell in self.cells]
        entries = [(cell, key) for cell, key in entries if cell.run and key in self.measured_as]
        places = {cell.name: place for place, (cell, _) in enumerate(entries)}
        pairs = []
        for pair in found:
            names = [self.cells[place].name for place in (pair.first, pair.second)]
            if any(factor_matches(pair.factor, factor) for factor in factors) and all(name in places for name in names):
                pairs.append(pair._replace(first=places[names[0]], second=places[names[1]]))
        if any(factor_matches("device", factor) for factor in factors):
            counted = set()
            for cell in self.cells:
                keys = [key for device in DEVICES if (key := (cell.name, device, TRAINER)) in self.measured_as]
                if not cell.run or len(keys) != 2:
                    continue
                measured = self.measured_as[keys[0]]
                if measured not in counted:
                    counted.add(measured)
                    entries += [(_named(cell, f"{cell.name}, {DEVICES[key[1]]}", device=key[1]), key) for key in keys]
                    pairs.append(Pair("device", len(entries) - 2, len(entries) - 1, *(key[1] for key in keys)))
        return entries, pairs

    def _loader(self, factors: list[str]) -> tuple[list[tuple[CellResults, Key]], list[Pair]]:
        """The usual loop without and with normalizing, on every device."""
        entries, pairs = [], []
        ways = {False: LOADER, True: LOADER_NORMALIZED}
        for cell in self.cells:
            for device, shown in DEVICES.items():
                keys = {normalize: (cell.name, device, way) for normalize, way in ways.items()}
                if "normalize" in factors and all(key in self.measured_as for key in keys.values()):
                    names = {False: f"DataLoader, ToTensor, {shown}", True: f"DataLoader, ToTensor, Normalize, {shown}"}
                    entries += [(_named(cell, names[value], normalize=value), key) for value, key in keys.items()]
                    pairs.append(Pair("normalize", len(entries) - 2, len(entries) - 1, *ways))
        return entries, pairs

    @staticmethod
    def _steps(cell: CellResults, measure: str) -> int:
        """How many steps the measure has; of the loader one is compared."""
        if measure == LOADER_SECONDS:
            return 1
        steps = steps_per_epoch(cell.run["training_images"], cell.parameters["batch_size"])
        return steps * (1 if measure == PER_EPOCH else cell.parameters["epochs"])


def _named(cell: CellResults, name: str, **parameters: Any) -> CellResults:
    """A cell under another name, with some parameters: on a device, in a way."""
    return CellResults(name, cell.parameters | parameters, status=cell.status, run=cell.run)
