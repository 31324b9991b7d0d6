"""Two cells, paired: the baseline's pairs as a table; with scripts, any two cells and the images behind the counts."""

from typing import Any

from experiment_grid.report.format import level, p_value, points, whole
from experiment_grid.report.labels import plural
from experiment_grid.report.results import Results
from experiment_grid.report.sections.findings import points_interval

MOST_ROWS = 60  # pairs that the page lists; effects.csv has all


def context(results: Results) -> dict[str, Any]:
    """The pairs that compare tested, and what scripts add."""
    tested = [row for row in results.effects if row["both_right"] is not None]
    rows = [row for row in tested if row["is_baseline"]] or tested
    return {
        "rows": [_row(row) for row in rows[:MOST_ROWS]],
        "many": len(rows) > 30,
        "summary": f"{plural(min(len(rows), MOST_ROWS), 'pair')} of {len(rows)} that differ in one factor",
        "note": (
            "One model stands for each cell: that of its representative seed. p is McNemar’s, mid-p "
            "variant; the interval of a pair chosen "
            f"above is Agresti and Min’s {level(results.settings['confidence'])} interval for "
            "paired proportions, in the table a paired bootstrap. "
            "Both compare two trained models, not two recipes: for these, see the factors."
        ),
    }


def _row(row: dict[str, Any]) -> dict[str, Any]:
    counts = [whole(row[key]) for key in ("both_right", "only_from_right", "only_to_right", "both_wrong")]
    tests = [
        points(row["models_difference"]),
        points_interval(row["models_low"], row["models_high"]),
        p_value(row["mcnemar_p"]),
        p_value(row["mcnemar_p_adjusted"]),
    ]
    return {"from": row["from"], "to": row["to"], "cells": counts + tests}
