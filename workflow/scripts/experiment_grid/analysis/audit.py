"""The audit of the original report: each of its figures against the cell at the settings that it states, and, where a
row does not come out, the configured cells that fit it best.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from experiment_grid.analysis.cells import Cell
from experiment_grid.analysis.intervals import prediction

COLUMNS = [
    "row",
    "cell",
    "figure",
    "original",
    "here",
    "low",
    "high",
    "ratio",
    "seeds",
    "verdict",
    "nearest_cell",
    "nearest_here",
    "nearest_low",
    "nearest_high",
    "nearest_verdict",
    "note",
]
INDEPENDENT = ("train_loss", "train_correct", "test_correct")  # a row agrees by these: the others repeat them
NEARLY = "nearly as stated"  # all but one figure agree, and that one lies in an interval twice as wide
HALF_DIGIT = {"train_loss": 0.00005, "test_f1": 0.0000005}  # what the original's rounding may hide
MOST_EXPLANATIONS = 3


class Expected(NamedTuple):
    """What one new run of a cell should give for a figure: mean, prediction interval, standard deviation."""

    here: float
    low: float
    high: float
    sd: float


class Audit(NamedTuple):
    """reference.csv and the rows of reference.json."""

    table: pd.DataFrame
    rows: list[dict[str, Any]]


def audit(cells: list[Cell], seeds: pd.DataFrame, reference: dict[str, Any] | None, confidence: float) -> Audit:
    """Judge every figure of the original report. `seeds` is the table seeds.csv."""
    table, rows = [], []
    if reference:
        by_name = {cell.name: cell for cell in cells}
        good = seeds[seeds["status"] == "ok"]
        by_cell = {name: group for name, group in good.groupby("cell") if by_name[name].comparable}
        for row in reference["rows"]:
            judged = _Row(row, by_name, by_cell, confidence)
            rows.append(judged.summary())
            table += judged.table()
        for time in reference["times"]:
            name = time["cell"] if at_settings(by_name.get(time["cell"]), time["stated"]) else None
            table.append(_minutes("times", name, time["minutes"], by_cell.get(name), time["note"] or ""))
    return Audit(pd.DataFrame(table, columns=COLUMNS).astype({"seeds": "Int64"}), rows)


def total_train_loss(mean_loss: float, batch_size: int, n_images: int) -> float:
    """A mean training loss in the original's unit: the sum of the batches' means over the number of images."""
    return mean_loss * math.ceil(n_images / batch_size) / n_images


def by_chance(n_figures: int, confidence: float) -> str:
    """How many rows of `n_figures` independent figures a prediction interval at `confidence` leaves out by chance."""
    rows = 1 / (1 - confidence**n_figures)
    return f"About one of {rows:.0f} rows of {n_figures} figures has one outside by chance alone."


def at_settings(cell: Cell | None, stated: dict[str, Any]) -> bool:
    """Whether a cell has the settings that the original states."""
    return cell is not None and all(cell.parameters.get(key) == value for key, value in stated.items())


def values_of(
    cell: Cell, seeds: pd.DataFrame, figure: str, printed: dict[str, Any]
) -> tuple[np.ndarray, int | None, float]:
    """A figure of each seed of a cell, the images it is a share of (None: no share), and what a share is multiplied by.

    Counts are expected in the original's number of images.
    """
    if figure == "train_loss":
        n_images = cell.run["training_images"]
        losses = seeds["train_loss"].to_numpy()
        return np.array([total_train_loss(loss, cell.parameters["batch_size"], n_images) for loss in losses]), None, 1.0
    column = {"train_correct": "train_accuracy", "test_f1": "f1_weighted"}.get(figure, "accuracy")
    total = printed["train_images" if figure == "train_correct" else "test_images"]
    return seeds[column].to_numpy(), total, total if figure.endswith("_correct") else 1.0


class _Row:
    """One row of the original beside the cell that it names and beside all others."""

    def __init__(self, row, by_name, by_cell, confidence):
        self.row, self.printed = row, row["figures"]
        self.by_name, self.by_cell = by_name, by_cell
        self.confidence = confidence
        self.judged = [figure for figure in INDEPENDENT if self.printed.get(figure) is not None]
        # None: no configured cell has the settings that the row states
        self.name = row["cell"] if at_settings(by_name.get(row["cell"]), row["stated"]) else None
        self.expected = {
            name: {figure: self._expected(name, figure) for figure in self._figures()}
            for name in by_cell
            if name == self.name or self._same_size(by_name[name])
        }
        self.scale = {f: np.median([e[f].sd for e in self.expected.values()]) for f in self.judged if self.expected}
        self.stated = self.name if self.name in self.expected else None
        others = [self._fit(name) for name in self.expected if name != self.stated]
        self.others = sorted(others, key=lambda fit: fit["misfit"])[:MOST_EXPLANATIONS]
        self.fit = self._fit(self.stated) if self.stated else None

    def _same_size(self, cell):
        """The printed number of training images is taken as a fact."""
        return self.printed.get("train_images") in (None, cell.run["training_images"])

    def _figures(self):
        figures = ("train_loss", "train_correct", "test_correct", "test_accuracy", "test_f1")
        return [figure for figure in figures if self.printed.get(figure) is not None]

    def _expected(self, name, figure):
        values, total, unit = values_of(self.by_name[name], self.by_cell[name], figure, self.printed)
        hidden = HALF_DIGIT.get(figure, 0.0)
        low, high, sd = prediction(values, total, self.confidence)
        low, high = max(0.0, low - hidden), min(1.0 if total else math.inf, high + hidden)
        return Expected(values.mean() * unit, low * unit, high * unit, math.hypot(sd, hidden) * unit)

    def _verdict(self, name, figure):
        expected = self.expected[name][figure]
        if math.isnan(expected.low):
            return "not judged"
        return "consistent" if expected.low <= self.printed[figure] <= expected.high else "differs"

    def _fit(self, name):
        expected = self.expected[name]
        judged = [figure for figure in self.judged if self._verdict(name, figure) != "not judged"]
        distances = [(self.printed[f] - expected[f].here) / self.scale[f] for f in judged if self.scale[f] > 0]
        consistent = sum(self._verdict(name, figure) == "consistent" for figure in judged)
        return {
            "cell": name,
            "consistent": consistent,
            "judged": len(judged),
            "misfit": float(np.sqrt(np.mean(np.square(distances)))) if distances else math.nan,
            "agrees": consistent == len(judged) if judged else None,
            "differs": self._differs(name),
        }

    def _differs(self, name):
        there = self.by_name[name].parameters
        stated = self.by_name[self.name].parameters if self.name else self.row["stated"]
        keys = [key for key in (stated | there if self.name else stated) if key != "seeds"]
        return {key: [stated.get(key), there.get(key)] for key in keys if stated.get(key) != there.get(key)}

    @property
    def nearest(self):
        """The best other cell, where the row does not come out as stated and that cell is nearer."""
        if not self.others or self.fit is None or self.fit["agrees"]:
            return None
        return self.others[0] if self.others[0]["misfit"] < self.fit["misfit"] else None

    def verdict(self):
        if self.fit is None:
            return "no data"
        if self.fit["agrees"]:
            return "as stated"
        if self.nearest and self.nearest["agrees"]:
            return "explained"
        if len(self.outside) == 1 < self.fit["judged"] and self._just_outside(*self.outside):
            return NEARLY
        return "partly explained" if self.nearest else "unexplained"

    @property
    def outside(self):
        """The judged figures that lie outside of what the stated cell would give."""
        return [figure for figure in self.judged if self._verdict(self.stated, figure) == "differs"]

    def _just_outside(self, figure):
        expected = self.expected[self.stated][figure]
        middle, half = (expected.low + expected.high) / 2, (expected.high - expected.low) / 2
        return abs(self.printed[figure] - middle) <= 2 * half

    def summary(self):
        own = {key: (self.fit or {}).get(key) for key in ("consistent", "judged", "misfit", "agrees")}
        return {
            "row": self.row["row"],
            "title": self.row["heading"],
            "cell": self.name,
            "stated": self.row["stated"],
            **own,
            "explained_by": self.others,
            "sure": self.verdict(),
            "text": self._text(),
        }

    def _text(self):
        name, verdict = self.name, self.verdict()
        if verdict == "no data":
            missing = f"The cell {name} has no results" if name else "No configured cell has the stated settings"
            return f"{missing}, so this row is not judged."
        beginning = f"{self.fit['consistent']} of {self.fit['judged']} figures lie where a run of {name} would put them"
        single = "" if len(self.by_cell[name]) > 1 else " (single run: the spread between seeds is not known)"
        if verdict == "as stated":
            return f"{beginning}{single}: the row comes out at the settings that it states."
        if verdict == NEARLY:
            return f"{beginning}{single}; one lies just outside. {by_chance(self.fit['judged'], self.confidence)}"
        if verdict == "unexplained":
            chance = f" {by_chance(self.fit['judged'], self.confidence)}" if len(self.outside) == 1 else ""
            return (
                f"{beginning}{single}: the row does not come out at its settings, and no other cell is nearer.{chance}"
            )
        best = self.nearest
        changes = ", ".join(f"{key} {_plain(b)} instead of {_plain(a)}" for key, (a, b) in best["differs"].items())
        strength = "fits the whole row" if verdict == "explained" else "is nearer, but does not fit the whole row"
        also = [fit["cell"] for fit in self.others[1:] if fit["agrees"] and fit["misfit"] < 2 * best["misfit"]]
        others = (
            f" So would {', '.join(also)}: the figures alone cannot tell." if also and verdict == "explained" else ""
        )
        return (
            f"{beginning}{single}: the row does not come out at the settings that it states. "
            f"{best['cell']} ({changes}) "
            f"{strength}, {best['consistent']} of {best['judged']} figures.{others}"
        )

    def table(self):
        notes = self.row["notes"]
        rows = [self._line(figure, notes.get(figure, "")) for figure in self._figures()]
        if self.printed.get("train_images") is not None:
            rows.append(self._images(notes.get("train_images", "")))
        if self.printed.get("minutes") is not None:
            seeds = self.by_cell.get(self.name)
            rows.append(_minutes(self.row["row"], self.name, self.printed["minutes"], seeds, notes.get("minutes", "")))
        return rows

    def _line(self, figure, note):
        line = {"row": self.row["row"], "cell": self.name, "figure": figure, "original": self.printed[figure]}
        line |= {"verdict": "no data", "note": note}
        if self.stated:
            here = self.expected[self.stated][figure]
            line |= {"here": here.here, "low": here.low, "high": here.high, "seeds": len(self.by_cell[self.stated])}
            line["verdict"] = self._verdict(self.stated, figure)
        if self.nearest:
            there = self.expected[self.nearest["cell"]][figure]
            line |= {"nearest_cell": self.nearest["cell"], "nearest_here": there.here, "nearest_low": there.low}
            line |= {"nearest_high": there.high, "nearest_verdict": self._verdict(self.nearest["cell"], figure)}
        return line

    def _images(self, note):
        original = self.printed["train_images"]
        line = {"row": self.row["row"], "cell": self.name, "figure": "train_images", "original": original}
        if not self.stated:
            return line | {"verdict": "no data", "note": note}
        here = self.by_name[self.stated].run["training_images"]
        return line | {"here": here, "verdict": "consistent" if here == original else "differs", "note": note}


def _minutes(row, cell, original, seeds, note):
    line = {"row": row, "cell": cell, "figure": "minutes", "original": original, "verdict": "no data", "note": note}
    if seeds is None:
        return line
    here = seeds["train_seconds"].mean() / 60
    return line | {"here": here, "ratio": here / original, "seeds": len(seeds), "verdict": "not judged"}


def _plain(value):
    if isinstance(value, list):
        return "-".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
