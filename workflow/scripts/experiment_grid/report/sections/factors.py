"""Factors: what each change did, in the order of the assignment's words; the baseline's pairs first."""

from typing import Any

from experiment_grid.column_values import SAME, SEEDS, SINGLE
from experiment_grid.config.labels import ASKED, factor_name, in_order
from experiment_grid.format import (
    MISSING,
    between,
    listed,
    loss_interval,
    missing,
    p_value,
    percent,
    plural,
    points,
    points_interval,
    ratio,
    setting,
    signed,
)
from experiment_grid.report.drawings import Drawings
from experiment_grid.report.results import Results
from experiment_grid.report.sections import search
from experiment_grid.report.sections.marks import Scale, difference_scale

MOST_ROWS = 60  # pairs of a factor that the page lists; effects.csv has all


def context(results: Results, drawings: Drawings) -> dict[str, Any]:
    """Effects by factor."""
    scale = difference_scale([bound for row in results.effects for bound in _bounds(row)])
    names = {factor["factor"]: factor for factor in results.findings["factors"]}
    found = in_order(row["factor"] for row in results.effects)
    absent = [factor_name(factor) for factor in ASKED if factor not in found]
    baseline = [row for row in results.effects if row["is_baseline"]]
    decided = sum(bool(row["decided"]) for row in baseline)
    equal = sum(row["basis"] == SAME for row in baseline)
    same = f"; {equal} of them {'makes' if equal == 1 else 'make'} the same predictions" if equal else ""
    text = (
        f"The baseline is {results.settings['baseline']}. {plural(len(baseline), 'cell')} "
        f"{'differs' if len(baseline) == 1 else 'differ'} from it in exactly one factor{same}. The difference "
        f"in test accuracy is significant for {decided}. These comparisons and those of the conclusions are one "
        "family: p values are adjusted by Holm’s method over all of them, and their intervals are simultaneous. An "
        "interval excludes zero exactly when the difference is significant. Log loss is the mean negative logarithm of "
        "the probability of the true class, by softmax of the outputs whatever the loss function."
    )
    note = results.findings["pairs"]["text"]
    return {
        "baseline": bool(baseline),
        "text": text,
        "figure": drawings.effects(),
        "panels": drawings.factors(),
        "parallel": drawings.parallel(),
        "ticks": scale.ticks,
        "zero": [{"at": scale.at(0.0)}],
        "list": [_factor(factor, names.get(factor, {}), results, scale) for factor in found],
        "absent": _no_pair(absent) if absent and not results.settings.get("searches") else "",
        "note": note,
        "open": results.findings["open"],
        "search": search.context(results),
    }


def _bounds(row: dict[str, Any]) -> list[float]:
    return [abs(row[key]) for key in ("difference", "low", "high") if not missing(row[key])]


def _factor(factor: str, words: dict[str, Any], results: Results, scale: Scale) -> dict[str, Any]:
    rows = [row for row in results.effects if row["factor"] == factor]
    rows.sort(key=lambda row: not row["is_baseline"])
    more = len(rows) - MOST_ROWS
    return {
        "name": factor_name(factor).capitalize(),
        "text": words.get("text"),
        "does": words.get("tendency"),
        "rows": [_row(row, results, scale) for row in rows[:MOST_ROWS]],
        "more": f"{more:,} more pairs are in effects.csv." if more > 0 else "",
    }


def _row(row: dict[str, Any], results: Results, scale: Scale) -> dict[str, Any]:
    bounded = not missing(row["time_low"]) and row["time_low"] < row["time_high"]
    return {
        "index": results.index[row["to"]],
        "from": row["from"],
        "to": row["to"],
        "change": f"{setting(row['from_value'])} → {setting(row['to_value'])}",
        "difference": points(row["difference"]),
        "interval": points_interval(row["low"], row["high"]),
        "mark": scale.mark(row["difference"], row["low"], row["high"]),
        "p": p_value(row["p_adjusted"]),
        "loss": signed(row["loss_difference"], 3),
        "loss_interval": loss_interval(row["loss_low"], row["loss_high"]),
        "time": ratio(row["time_ratio"]),
        "time_interval": between(ratio, row["time_low"], row["time_high"]) if bounded else MISSING,
        "higher": percent(row["probability_higher"], 0),
        "decided": _decided(row),
    }


def _decided(row: dict[str, Any]) -> str:
    if row["decided"]:
        return "yes"
    return {SEEDS: "no", SINGLE: "single run", SAME: "equal"}.get(row["basis"], MISSING)


def _no_pair(factors: list[str]) -> str:
    if len(factors) == 1:
        return f"No two cells differ only in the {factors[0]}, so its effect cannot be estimated."
    names = listed(factors, len(factors), "or")
    return f"No two cells differ in one of these alone, so their effects cannot be estimated: {names}."
