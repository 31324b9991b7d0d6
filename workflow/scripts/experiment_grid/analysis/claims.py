"""The original report's conclusions, decided from what came out: confirmed, refuted or not decided."""

from typing import Any

import numpy as np
import pandas as pd

from experiment_grid.analysis.cells import Cell
from experiment_grid.analysis.effects import by_seed, common_seeds, compare_cells, figures_by_seed, time_ratio
from experiment_grid.analysis.intervals import mean_over_seeds
from experiment_grid.analysis.paired import holm
from experiment_grid.analysis.phrases import measured, p_value, signed

CONFIRMED, REFUTED, OPEN = "confirmed", "refuted", "not decided"
SEED_COLUMNS = {"test_accuracy": "accuracy"}  # a column of comparison.csv by its name in seeds.csv
TIMES = ("train_seconds", "seconds_per_epoch")


def judge(
    cells: list[Cell], seeds: pd.DataFrame, effects: pd.DataFrame, reference: dict[str, Any] | None, confidence: float
) -> list[dict[str, Any]]:
    """`claims` of claims.json.

    A claim about pairs of cells is confirmed where every pair's difference is decided on the claimed side, refuted
    where one is decided on the other side. p values are Holm's: those of effects.csv for its pairs' test accuracy,
    within all claims together for loss, times, training accuracy and pairs that effects.csv has not.
    """
    if not reference:
        return []
    bench = _Evidence(cells, seeds, effects, confidence)
    for claim in reference["claims"]:
        for pair in claim["pairs"]:
            bench.gather(pair["from"], pair["to"], claim["measure"])
    bench.adjust()
    return [_judged(claim, bench) for claim in reference["claims"]]


class _Evidence:
    """Differences between pairs of cells, each found once for all claims that need it."""

    def __init__(self, cells, seeds, effects, confidence):
        self.cells = {cell.name: cell for cell in cells}
        self.figures = figures_by_seed(seeds)
        self.effects = effects
        self.confidence = confidence
        self.found: dict[tuple[str, str, str], dict[str, Any]] = {}

    def gather(self, first, second, measure):
        key = (first, second, measure)
        if key not in self.found:
            self.found[key] = {"from": first, "to": second} | self._difference(first, second, measure)

    def _difference(self, first, second, measure):
        one, other = self.cells.get(first), self.cells.get(second)
        nothing = {"difference": None, "low": None, "high": None, "p": np.nan, "p_adjusted": None, "seeds": 0}
        if not (one and other and one.comparable and other.comparable and common_seeds(one, other)):
            return nothing | {"missing": [n for n, c in ((first, one), (second, other)) if not (c and c.comparable)]}
        seeds = len(common_seeds(one, other))
        if measure == "test_accuracy":
            row = compare_cells(one, other, self.figures, self.confidence)
            figures = {key: row[key] for key in ("difference", "low", "high", "p")}
            return nothing | figures | {"seeds": seeds, "p_adjusted": self._p_of_effects(first, second)}
        changes = by_seed(one, other, self.figures, SEED_COLUMNS.get(measure, measure))
        estimate = mean_over_seeds(changes, self.confidence)
        figures = {
            "difference": estimate.value,
            "low": estimate.low,
            "high": estimate.high,
            "p": estimate.p,
            "seeds": seeds,
        }
        if measure in TIMES:
            figures["ratio"] = time_ratio(one, other, self.figures, measure)
        return nothing | figures

    def _p_of_effects(self, first, second):
        table = self.effects
        same = table["from"].isin([first, second]) & table["to"].isin([first, second])
        return float(table.loc[same, "p_adjusted"].iloc[0]) if same.any() else None

    def adjust(self):
        """Holm over what effects.csv has not adjusted already; then what is decided (never by one seed)."""
        rest = [item for item in self.found.values() if item["p_adjusted"] is None]
        for item, p in zip(rest, holm([item["p"] for item in rest]), strict=True):
            item["p_adjusted"] = float(p)
        for item in self.found.values():
            item["decided"] = bool(item["seeds"] > 1 and item["p_adjusted"] < 1 - self.confidence)

    def of(self, claim):
        return [dict(self.found[pair["from"], pair["to"], claim["measure"]]) for pair in claim["pairs"]]


def _judged(claim, bench):
    evidence = bench.of(claim)
    if claim["direction"] == "largest":
        verdict, text = _largest(claim, evidence, bench)
    else:
        for item in evidence:
            item["agrees"] = _agrees(claim["direction"], item)
        verdict = _verdict(evidence)
        text = _text(claim, evidence)
    missing = sorted({name for item in evidence for name in item.get("missing", [])})
    if missing:
        text += f" Without results: {', '.join(missing)}."
    for item in evidence:
        item.setdefault("agrees", None)
        for key in ("p", "missing"):
            item.pop(key, None)
    return {
        "id": claim["claim"],
        "claim": claim["says"],
        "source": claim["source"],
        "measure": claim["measure"],
        "verdict": verdict,
        "text": text,
        "explanation": claim["where_ours_differs"],
        "evidence": evidence,
    }


def _agrees(direction, item):
    if not item["decided"]:
        return None
    return direction == "different" or bool(item["difference"] > 0) == (direction == "higher")


def _verdict(evidence):
    if any(item["agrees"] is False for item in evidence):
        return REFUTED
    return CONFIRMED if evidence and all(item["agrees"] for item in evidence) else OPEN


def _text(claim, evidence):
    if not evidence:
        return "No two configured cells differ in this factor alone."
    parts = [_sentence(claim["measure"], item) for item in evidence if item["difference"] is not None]
    return " ".join(parts) or "The cells that it needs have no results."


def _sentence(measure, item):
    change = signed(measure, item["difference"], item["low"], item["high"])
    ratio = f", {item['ratio']:.2f} times as long" if item.get("ratio") is not None else ""
    return f"{measured(measure)} from {item['from']} to {item['to']}: {change}{ratio}{_reservation(item)}."


def _reservation(item):
    """Why a difference decides nothing, in brackets; an interval without zero may belong to one of several pairs."""
    if item["decided"]:
        return ""
    if np.isnan(item["p_adjusted"]):
        return " (the same predictions on every image)"
    if item["seeds"] == 1:
        return " (single run)"
    if item["low"] <= 0 <= item["high"]:
        return " (not decided)"
    return f" (not decided: {p_value(item['p_adjusted'])}; the interval is for this pair alone)"


def _largest(claim, evidence, bench):
    """Whether the factor's ratio is above every other pair's; needs cells that differ in the factor alone."""
    own = bench.effects[bench.effects["factor"] == claim["factor"]]
    own = own[own["seconds_ratio"].notna()] if claim["measure"] in TIMES else own.iloc[:0]
    others = [item for item in evidence if item.get("ratio")]
    if not len(own) or not others:
        known = max((max(item["ratio"], 1 / item["ratio"]) for item in others), default=None)
        rest = f" Of the others, the largest changes the time by a factor of {known:.2f}." if known else ""
        return OPEN, f"No two configured cells with results differ in the {claim['factor']} alone.{rest}"
    strength = np.abs(np.log(own["seconds_ratio"].to_numpy(float)))
    best = own.iloc[int(strength.argmax())]
    rival = max(others, key=lambda item: abs(np.log(item["ratio"])))
    text = (
        f"The {claim['factor']} changes the time by a factor of {np.exp(strength.max()):.2f} "
        f"({best['from']} to {best['to']}); "
        f"the largest of the others, {rival['from']} to {rival['to']}, by {np.exp(abs(np.log(rival['ratio']))):.2f}."
    )
    if best["seeds"] < 2 or len(others) < len(evidence):
        return OPEN, text + " Single runs or missing cells leave it open."
    return (CONFIRMED if strength.max() > abs(np.log(rival["ratio"])) else REFUTED), text
