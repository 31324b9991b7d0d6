"""Factors: what each change did, in the order of the assignment's words; the baseline's pairs first."""

from typing import Any

from experiment_grid.config.labels import ASKED, factor_name, in_order
from experiment_grid.report.drawings import Drawings
from experiment_grid.report.format import missing, p_value, points, ratio, seconds_between, signed
from experiment_grid.report.labels import plural
from experiment_grid.report.results import Results
from experiment_grid.report.sections.findings import loss_interval, points_interval

MOST_ROWS = 60  # pairs of a factor that the page lists; effects.csv has all


def context(results: Results, drawings: Drawings) -> dict[str, Any]:
    """Effects by factor."""
    names = {factor["factor"]: factor for factor in results.findings["factors"]}
    found = in_order(row["factor"] for row in results.effects)
    absent = [factor_name(factor) for factor in ASKED if factor not in found]
    baseline = [row for row in results.effects if row["is_baseline"]]
    decided = sum(bool(row["decided"]) for row in baseline)
    text = (
        f"The baseline is “{results.settings['baseline']}”. {plural(len(baseline), 'cell')} "
        f"{'differs' if len(baseline) == 1 else 'differ'} from it in exactly one factor; the difference "
        f"in test accuracy is decided for {decided}. "
        "Differences are paired by seed, p values adjusted by Holm’s method."
    )
    note = results.findings["pairs"]["text"]
    return {
        "baseline": bool(baseline),
        "text": text,
        "figure": drawings.effects(),
        "list": [_factor(factor, names.get(factor, {}), results) for factor in found],
        "absent": f"No two cells differ in nothing but {_listed(absent)}: these runs say nothing about it."
        if absent
        else "",
        "note": note,
    }


def _factor(factor: str, words: dict[str, Any], results: Results) -> dict[str, Any]:
    rows = [row for row in results.effects if row["factor"] == factor]
    rows.sort(key=lambda row: not row["is_baseline"])
    more = len(rows) - MOST_ROWS
    return {
        "name": factor_name(factor).capitalize(),
        "text": words.get("text"),
        "rows": [_row(row, results) for row in rows[:MOST_ROWS]],
        "more": f"{more:,} more pairs are in effects.csv." if more > 0 else "",
    }


def _row(row: dict[str, Any], results: Results) -> dict[str, Any]:
    time = ratio(row["seconds_ratio"])
    if not missing(row["seconds_ratio"]) and not row["same_machine"]:
        time += " (another machine)"
    seconds, seconds_interval = seconds_between(*(row[f"seconds_{key}"] for key in ("difference", "low", "high")))
    return {
        "index": results.index[row["to"]],
        "from": row["from"],
        "to": row["to"],
        "change": f"{row['from_value']} → {row['to_value']}",
        "difference": points(row["difference"]),
        "interval": points_interval(row["low"], row["high"]),
        "p": p_value(row["p_adjusted"]),
        "loss": signed(row["loss_difference"], 3),
        "loss_interval": loss_interval(row["loss_low"], row["loss_high"]),
        "seconds": seconds,
        "seconds_interval": seconds_interval,
        "time": time,
        "decided": "–"
        if missing(row["difference"])
        else "yes"
        if row["decided"]
        else "single run"
        if row["seeds"] == 1
        else "no",
    }


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]
