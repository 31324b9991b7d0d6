"""The audit of the original report: each of its figures against the cell at the settings that it states, and, where a
row is not reproduced, the configured cells that reproduce it best.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from experiment_grid.analysis.cell_results import CellResults
from experiment_grid.analysis.expectations import FIGURES, Expected, expectations
from experiment_grid.column_values import (
    CONSISTENT,
    DIFFERS,
    INDEPENDENT,
    NEARER,
    NEARLY,
    NO_DATA,
    NOT_JUDGED,
    REPRODUCED,
    SEARCHED,
    STATED,
    UNLIKE,
)
from experiment_grid.config.labels import title
from experiment_grid.format import listed, setting

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
# The verdict in a sentence about several rows; "as stated" needs none.
VERDICTS = {
    STATED: None,
    NEARLY: "matches except for one figure, which falls inside an interval twice as wide",
    REPRODUCED: "reproduced by a cell with other settings, which were chosen by fit",
    NEARER: "nearer to another cell, without fitting it",
    SEARCHED: "reproduced by no cell of this grid, but by settings that were tried to fit it",
    UNLIKE: "was not reproduced, and no other cell fits better",
}
MOST_CELLS = 3


class Audit(NamedTuple):
    """reference.csv and the rows of reference.json."""

    table: pd.DataFrame
    rows: list[dict[str, Any]]


def audit(cells: list[CellResults], seeds: pd.DataFrame, reference: dict[str, Any] | None, confidence: float) -> Audit:
    """Judge every figure of the original report. `seeds` is the table seeds.csv."""
    table, rows = [], []
    if reference:
        by_name = {cell.name: cell for cell in cells}
        good = seeds[seeds["status"] == "ok"]
        by_cell = {name: group for name, group in good.groupby("cell") if by_name[name].comparable}
        expected = {
            figure: expectations({name: by_name[name] for name in by_cell}, by_cell, figure, confidence)
            for figure in FIGURES
        }
        searched = {row["row"]: row for row in (reference.get("search") or {"rows": []})["rows"]}
        for row in reference["rows"]:
            judged = _Row(row, by_name, by_cell, expected, searched.get(row["row"]))
            rows.append(judged.summary())
            table += judged.table()
        for time in reference["times"]:
            name = time["cell"] if at_settings(by_name.get(time["cell"]), time["stated"]) else None
            table.append(
                _minutes("times", name, time["minutes"], by_cell.get(name) if name else None, time["note"] or "")
            )
    return Audit(pd.DataFrame(table, columns=COLUMNS).astype({"seeds": "Int64"}), rows)


def at_settings(cell: CellResults | None, stated: dict[str, Any]) -> bool:
    """Whether a cell has the settings that the original states."""
    return cell is not None and all(cell.parameters.get(key) == value for key, value in stated.items())


class _Row:
    """One row of the original, compared with the cell that it names, with all others, and with the search."""

    def __init__(
        self,
        row: dict[str, Any],
        by_name: dict[str, CellResults],
        by_cell: dict[str, pd.DataFrame],
        expected: dict[str, dict[str, Expected]],
        searched: dict[str, Any] | None,
    ):
        self.row, self.printed, self.searched = row, row["figures"], searched
        self.by_name, self.by_cell = by_name, by_cell
        self.judged = [figure for figure in INDEPENDENT if self.printed.get(figure) is not None]
        # None: no configured cell has the settings that the row states
        self.name = row["cell"] if at_settings(by_name.get(row["cell"]), row["stated"]) else None
        self.expected = {
            name: {figure: self._scaled(expected[figure][name], figure) for figure in self._figures()}
            for name in by_cell
            if name == self.name or self._same_size(by_name[name])
        }
        self.scale = {f: np.median([e[f].sd for e in self.expected.values()]) for f in self.judged if self.expected}
        self.stated = self.name if self.name in self.expected else None
        others = [self._fit(name) for name in self.expected if name != self.stated]
        self.others = sorted(others, key=lambda fit: fit["misfit"])[:MOST_CELLS]
        self.fit = self._fit(self.stated) if self.stated else None

    def _same_size(self, cell: CellResults) -> bool:
        """The printed number of training images is taken as a fact."""
        return self.printed.get("train_images") in (None, cell.run["training_images"])

    def _figures(self) -> list[str]:
        return [figure for figure in FIGURES if self.printed.get(figure) is not None]

    def _scaled(self, expected: Expected, figure: str) -> Expected:
        """In the unit of the row, counts of its number of images; a share is between 0 and 1."""
        total = (
            self.printed["train_images" if figure == "train_correct" else "test_images"] if "_correct" in figure else 1
        )
        low, high = max(0.0, expected.low), min(math.inf if figure == "train_loss" else 1.0, expected.high)
        if math.isnan(expected.low):
            low = high = math.nan
        return Expected(expected.here * total, low * total, high * total, expected.sd * total)

    def _verdict(self, name: str, figure: str) -> str:
        expected = self.expected[name][figure]
        if math.isnan(expected.low):
            return NOT_JUDGED
        return CONSISTENT if expected.low <= self.printed[figure] <= expected.high else DIFFERS

    def _fit(self, name: str) -> dict[str, Any]:
        expected = self.expected[name]
        judged = [figure for figure in self.judged if self._verdict(name, figure) != NOT_JUDGED]
        distances = [(self.printed[f] - expected[f].here) / self.scale[f] for f in judged if self.scale[f] > 0]
        consistent = sum(self._verdict(name, figure) == CONSISTENT for figure in judged)
        return {
            "cell": name,
            "consistent": consistent,
            "judged": len(judged),
            "misfit": float(np.sqrt(np.mean(np.square(distances)))) if distances else math.nan,
            "agrees": consistent == len(judged) if judged else None,
            "differs": self._differs(name),
        }

    def _differs(self, name: str) -> dict[str, list[Any]]:
        there = self.by_name[name].parameters
        stated = self.by_name[self.name].parameters if self.name else self.row["stated"]
        keys = [key for key in (stated | there if self.name else stated) if key != "seeds"]
        return {key: [stated.get(key), there.get(key)] for key in keys if stated.get(key) != there.get(key)}

    @property
    def nearest(self) -> dict[str, Any] | None:
        """The best other cell, where the row does not come out as stated and that cell is nearer."""
        if not self.others or self.fit is None or self.fit["agrees"]:
            return None
        return self.others[0] if self.others[0]["misfit"] < self.fit["misfit"] else None

    def verdict(self) -> str:
        if self.fit is None or not self.fit["judged"]:
            return NO_DATA
        if self.fit["agrees"]:
            return STATED
        if self.nearest and self.nearest["agrees"]:
            return REPRODUCED
        if len(self.outside) == 1 < self.fit["judged"] and self._just_outside(self.fit["cell"], *self.outside):
            return NEARLY
        if self.nearest:
            return NEARER
        return SEARCHED if self.searched and self.searched["fitting"] else UNLIKE

    @property
    def outside(self) -> list[str]:
        """The judged figures that are outside of what the stated cell would give."""
        stated = self.stated
        return [figure for figure in self.judged if stated and self._verdict(stated, figure) == DIFFERS]

    def _just_outside(self, stated: str, figure: str) -> bool:
        expected = self.expected[stated][figure]
        middle, half = (expected.low + expected.high) / 2, (expected.high - expected.low) / 2
        return bool(abs(self.printed[figure] - middle) <= 2 * half)

    def summary(self) -> dict[str, Any]:
        own = {key: (self.fit or {}).get(key) for key in ("consistent", "judged", "misfit", "agrees")}
        return {
            "row": self.row["row"],
            "title": self.row["heading"],
            "cell": self.name,
            "stated": self.row["stated"],
            **own,
            "reproduced_by": self.others,
            "verdict": self.verdict(),
            "text": self._text() + self._found_by_search(),
        }

    def _found_by_search(self) -> str:
        """The settings of the search that give all figures of the row."""
        if not self.searched or not self.searched["fitting"] or self.verdict() == NO_DATA:
            return ""
        number, shown = self.searched["fitting"], self.searched["nearest"]
        settings = "; ".join(
            ", ".join(f"{title(key)} {setting(value)}" for key, value in one.items() if key not in ("fits", "of"))
            for one in shown
        )
        more = f"; {number - len(shown)} more" if number > len(shown) else ""
        ambiguous = " The figures cannot tell them apart." if number > 1 else ""
        return (
            f" Of the {self.searched['tried']} settings that were tried to fit it, {number} "
            f"{'gives' if number == 1 else 'give'} all its figures: {settings}{more}.{ambiguous}"
        )

    def _text(self) -> str:
        name, verdict = self.name, self.verdict()
        if verdict == NO_DATA or self.fit is None:
            if self.fit:
                once = f"{name} and all others were trained once"
                return f"{once}, so the spread between runs is unknown and the row is not judged."
            missing = f"The cell {name} has no results" if name else "No configured cell has the stated settings"
            return f"{missing}, so this row is not judged."
        within = f"{self.fit['consistent']} of {self.fit['judged']} figures are"
        beginning = f"{within} within the prediction intervals of a run of {name}"
        if verdict == STATED:
            return f"{beginning}: the row comes out at the settings that it states."
        if verdict == NEARLY:
            return f"{beginning}; the other falls inside an interval twice as wide."
        best = self.nearest
        if verdict in (UNLIKE, SEARCHED) or best is None:
            return (
                f"{beginning}: the row was not reproduced at its settings, and no other cell of this grid fits better."
            )
        changes = ", ".join(
            f"{title(key)} {setting(b)} instead of {setting(a)}" for key, (a, b) in best["differs"].items()
        )
        strength = "It is reproduced by" if verdict == REPRODUCED else "It comes nearer to"
        also = [fit["cell"] for fit in self.others[1:] if fit["agrees"] and fit["misfit"] < 2 * best["misfit"]]
        others = (
            f" {listed(also)} fit as well: the figures cannot tell them apart."
            if also and verdict == REPRODUCED
            else ""
        )
        n_others = len(self.expected) - 1
        split = f" trained on {self.printed['train_images']:,} images" if "train_images" in self.printed else ""
        of = f"the best fit of {n_others} other cells{split}" if n_others > 1 else f"the only other cell{split}"
        return (
            f"{beginning}: the row does not come out at the settings that it states. {strength} {best['cell']} "
            f"({changes}), {best['consistent']} of {best['judged']} figures: {of}, "
            f"selected on these same figures.{others}"
        )

    def table(self) -> list[dict[str, Any]]:
        notes = self.row["notes"]
        rows = [self._line(figure, notes.get(figure, "")) for figure in self._figures()]
        if self.printed.get("train_images") is not None:
            rows.append(self._images(notes.get("train_images", "")))
        if self.printed.get("minutes") is not None:
            seeds = self.by_cell.get(self.name) if self.name else None
            rows.append(_minutes(self.row["row"], self.name, self.printed["minutes"], seeds, notes.get("minutes", "")))
        return rows

    def _line(self, figure: str, note: str) -> dict[str, Any]:
        line = {"row": self.row["row"], "cell": self.name, "figure": figure, "original": self.printed[figure]}
        line |= {"verdict": NO_DATA, "note": note}
        if self.stated:
            here = self.expected[self.stated][figure]
            line |= {"here": here.here, "low": here.low, "high": here.high, "seeds": len(self.by_cell[self.stated])}
            line["verdict"] = self._verdict(self.stated, figure)
        if self.nearest:
            there = self.expected[self.nearest["cell"]][figure]
            line |= {"nearest_cell": self.nearest["cell"], "nearest_here": there.here, "nearest_low": there.low}
            line |= {"nearest_high": there.high, "nearest_verdict": self._verdict(self.nearest["cell"], figure)}
        return line

    def _images(self, note: str) -> dict[str, Any]:
        original = self.printed["train_images"]
        line = {"row": self.row["row"], "cell": self.name, "figure": "train_images", "original": original}
        if not self.stated:
            return line | {"verdict": NO_DATA, "note": note}
        here = self.by_name[self.stated].run["training_images"]
        return line | {"here": here, "verdict": CONSISTENT if here == original else DIFFERS, "note": note}


def _minutes(row: str, cell: str | None, original: float, seeds: pd.DataFrame | None, note: str) -> dict[str, Any]:
    line = {"row": row, "cell": cell, "figure": "minutes", "original": original, "verdict": NO_DATA, "note": note}
    if seeds is None:
        return line
    here = seeds["train_seconds"].mean() / 60
    return line | {"here": here, "ratio": here / original, "seeds": len(seeds), "verdict": NOT_JUDGED}
