"""timing.csv and timing/rounds.csv: the results of the rounds."""

import math
from collections.abc import Sequence
from statistics import fmean, stdev
from typing import Any

from experiment_grid.timing.measured_steps import Way
from experiment_grid.timing.rounds import Visit

CONFIDENCE = 0.95  # of `low` and `high`
FIGURES = ["step_seconds", "low", "high", "images_per_second", "steps", "rounds"]
COLUMNS = ["cell", "device", "way", *FIGURES, "measured_as"]
VISITS = ["measured_as", "device", "way", "round", "steps", "seconds"]


def rows(ways: Sequence[Way], visits: Sequence[Visit], cells: Sequence[str]) -> list[dict[str, Any]]:
    """timing.csv: a row for each cell and device, in the order of `cells`, then those of the loader."""
    made = []
    for index, way in enumerate(ways):
        own = [visit for visit in visits if visit.way == index]
        figures = _figures([visit.seconds / visit.steps for visit in own], way.batch)
        figures |= {"steps": sum(visit.steps for visit in own), "rounds": len(own), "measured_as": way.cells[0]}
        made += [{"cell": name, "device": way.device, "way": way.way} | figures for name in way.cells]
    place = {name: number for number, name in enumerate(cells)}
    kinds = [*dict.fromkeys(way.way for way in ways)]
    return sorted(made, key=lambda row: (kinds.index(row["way"]), place[row["cell"]]))


def _figures(seconds: list[float], batch: int) -> dict[str, Any]:
    """Geometric mean over the rounds with Student's t interval of the logarithms; no interval from one round."""
    if not seconds:
        return dict.fromkeys(("step_seconds", "low", "high", "images_per_second"))
    logs = [math.log(value) for value in seconds]
    mean, margin = fmean(logs), math.nan
    if len(logs) > 1:
        from scipy.special import stdtrit

        margin = float(stdtrit(len(logs) - 1, (1 + CONFIDENCE) / 2)) * stdev(logs) / math.sqrt(len(logs))
    ends = {} if math.isnan(margin) else {"low": math.exp(mean - margin), "high": math.exp(mean + margin)}
    figures = {"step_seconds": math.exp(mean), "low": None, "high": None, "images_per_second": batch / math.exp(mean)}
    return figures | ends


def visit_rows(ways: Sequence[Way], visits: Sequence[Visit]) -> list[dict[str, Any]]:
    """timing/rounds.csv: a row for each visit, in the order in which they were made."""
    named = [{"measured_as": way.cells[0], "device": way.device, "way": way.way} for way in ways]
    return [named[visit.way] | {key: getattr(visit, key) for key in ("round", "steps", "seconds")} for visit in visits]
