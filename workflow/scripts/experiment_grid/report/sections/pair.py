"""Two cells, paired: the baseline's pairs as a table; with scripts, any two cells and the images behind the counts."""

from typing import Any

from experiment_grid.format import level, p_value, plural, points, points_interval, whole
from experiment_grid.report.results import Results

MOST_ROWS = 60  # pairs that the page lists; effects.csv has all


def context(results: Results) -> dict[str, Any]:
    """The pairs that compare tested, and what scripts add."""
    tested = [row for row in results.effects if row["both_right"] is not None]
    of_baseline = [row for row in tested if row["is_baseline"]]
    rows = of_baseline or tested
    differ = f"differ{'s' if len(rows) == 1 else ''}{' from the baseline' if of_baseline else ''} in one factor"
    return {
        "rows": [_row(row) for row in rows[:MOST_ROWS]],
        "many": len(rows) > 30,
        "summary": f"{min(len(rows), MOST_ROWS):,} of {plural(len(rows), 'pair')} that {differ}"
        if len(rows) > MOST_ROWS
        else f"{plural(len(rows), 'pair')} that {differ}",
        "note": (
            "One model represents each cell: that of the seed with the median validation accuracy. p is McNemar’s, "
            "mid-p variant. The "
            f"interval of a pair chosen above is Agresti and Min’s {level(results.settings['confidence'])} interval "
            "for paired proportions; in the table it is a paired bootstrap. Both compare two trained models, not two "
            "cells: for these, see the factors, whose differences are means over seeds. Holm: adjusted over all pairs "
            "of cells that differ in one factor, a family of its own."
        ),
    }


def _row(row: dict[str, Any]) -> dict[str, Any]:
    difference = [points(row["models_difference"]), points_interval(row["models_low"], row["models_high"])]
    counts = [whole(row[key]) for key in ("only_from_right", "only_to_right", "both_right", "both_wrong")]
    tests = [p_value(row["mcnemar_p"]), p_value(row["mcnemar_p_adjusted"])]
    return {"from": row["from"], "to": row["to"], "cells": difference + counts + tests}
