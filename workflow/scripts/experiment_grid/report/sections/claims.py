"""The original report's conclusions: each with its verdict and the pairs behind it."""

from typing import Any

from experiment_grid.column_values import COUNTED, TIMES
from experiment_grid.format import MISSING, between, missing, p_value, points, points_interval, ratio, signed
from experiment_grid.report.results import Results

MOST = 30  # pairs behind a claim; claims.json has all


def context(results: Results) -> list[dict[str, Any]]:
    """Claims in compare's order."""
    return [_claim(claim) for claim in results.claims]


def _claim(claim: dict[str, Any]) -> dict[str, Any]:
    rows = claim["evidence"]
    more = max(0, len(rows) - MOST)
    return claim | {"evidence": [_evidence(row, claim["measure"]) for row in rows[:MOST]], "more": more}


def _evidence(row: dict[str, Any], measure: str) -> dict[str, Any]:
    value, low, high = (row.get(key) for key in ("difference", "low", "high"))
    computed = row.get("basis") == COUNTED
    if measure in TIMES:
        shown = ratio(row["ratio"]), MISSING
        if not missing(row["ratio_low"]) and not computed:
            shown = shown[0], f"{ratio(row['ratio_low'])} to {ratio(row['ratio_high'])}"
    elif "accuracy" in measure or "f1" in measure:
        shown = points(value), points_interval(low, high)
    else:
        shown = signed(value, 4), between(lambda end: signed(end, 4), low, high)
    answers: dict[bool | None, str] = {True: "yes", False: "no"}
    agrees = answers.get(row.get("agrees"), "cannot tell")
    return {
        "from": row["from"],
        "to": row["to"],
        "value": shown[0],
        "interval": shown[1],
        "p": "computed" if computed else p_value(row.get("p_adjusted")),
        "agrees": agrees,
    }
