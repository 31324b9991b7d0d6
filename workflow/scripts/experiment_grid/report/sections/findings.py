"""Findings in sentences, as compare wrote them, each with a link to its evidence; the original's
conclusions among them."""

from typing import Any

from experiment_grid.report.format import missing, p_value, points, ratio, signed, significant
from experiment_grid.report.results import Results

EVIDENCE = {
    "final": ("errors", "the final model’s mistakes"),
    "effect": ("factors", "effects and intervals"),
    "factor": ("factors", "effects and intervals"),
    "time": ("time", "times"),
    "reference": ("agreement", "figure by figure"),
    "failed": ("provenance", "why and when"),
}
TIMES = ("train_seconds", "seconds_per_epoch", "loader_seconds")
SHOWN = 3  # cells named behind a finding
MOST = 30  # findings on the page, and pairs behind a claim: the most important ones; a large grid has one per pair


def context(results: Results) -> dict[str, Any]:
    """Findings, claims and caveats, in compare's order."""
    found = results.findings["findings"]
    return {
        "main": [_finding(finding) for finding in found[:MOST]],
        "left": max(0, len(found) - MOST),
        "claims": [_claim(claim) for claim in results.claims],
        "caveats": results.findings["caveats"],
    }


def _finding(finding: dict[str, Any]) -> dict[str, Any]:
    part, link = EVIDENCE.get(finding["kind"], ("comparison", "the comparison"))
    decided = finding["decided"]
    return {
        "text": finding["text"],
        "kind": finding["kind"],
        "part": part,
        "link": link,
        "mark": "" if decided is None else "decided" if decided else "not decided",
        "cells": finding["cells"][:SHOWN],
        "more": max(0, len(finding["cells"]) - SHOWN),
    }


def _claim(claim: dict[str, Any]) -> dict[str, Any]:
    rows = claim["evidence"]
    more = max(0, len(rows) - MOST)
    return claim | {"evidence": [_evidence(row, claim["measure"]) for row in rows[:MOST]], "more": more}


def _evidence(row: dict[str, Any], measure: str) -> dict[str, Any]:
    value, low, high = (row.get(key) for key in ("difference", "low", "high"))
    if measure in TIMES:
        shown = ratio(row["ratio"]), "–"
        if not missing(row["ratio_low"]):
            shown = shown[0], f"{ratio(row['ratio_low'])} to {ratio(row['ratio_high'])}"
    elif "accuracy" in measure or "f1" in measure:
        shown = points(value), _between(points, low, high)
    else:
        shown = significant(value), _between(significant, low, high)
    agrees = {True: "yes", False: "no"}.get(row.get("agrees"), "cannot tell")
    return {
        "from": row["from"],
        "to": row["to"],
        "value": shown[0],
        "interval": shown[1],
        "p": p_value(row.get("p_adjusted")),
        "agrees": agrees,
    }


def _between(write, low: float | None, high: float | None) -> str:
    """An interval; an end that leaves zero out by less than the digits show says so."""
    if missing(low) or missing(high):
        return "–"
    zero = write(0.0)
    least = "above 0" if low > 0 and write(low) == zero else write(low)
    return f"{least} to {'below 0' if high < 0 and write(high) == zero else write(high)}"


def points_interval(low: float | None, high: float | None) -> str:
    """An interval of differences, in percentage points."""
    return _between(points, low, high)


def loss_interval(low: float | None, high: float | None) -> str:
    """An interval of differences of losses."""
    return _between(lambda value: signed(value, 3), low, high)
