"""A sentence on the effect of each factor, and how many seeds would decide the open comparisons."""

import math
from typing import Any

import pandas as pd

from experiment_grid.analysis.cell_results import CellResults
from experiment_grid.analysis.effects import Effects
from experiment_grid.analysis.more_seeds import MOST_SEEDS, POWER
from experiment_grid.analysis.phrases import difference as in_words
from experiment_grid.analysis.phrases import p_value, ratio
from experiment_grid.analysis.verdicts import CONFOUNDED, Evidence, counted, depends_on, evidence, tendency
from experiment_grid.column_values import DEPENDS, OPEN, SAME, SEEDS, SINGLE
from experiment_grid.config.labels import factor_name, in_order

MORE = {
    "normalize": "it",
    "depth": "another layer",
    "width": "a wider layer",
    "batch_size": "a larger batch",
    "learning_rate": "a larger rate",
    "train_fraction": "a larger training set",
}
DOES = {
    "higher": "raises test accuracy",
    "lower": "lowers test accuracy",
    "different": "test accuracy differs",
    OPEN: "no difference in test accuracy is significant",
}


def summaries(effects: Effects, cells: list[CellResults]) -> list[dict[str, Any]]:
    """`factors` of findings.json."""
    rows = effects.table.to_dict("records")
    by_factor: dict[str, list[tuple[dict[str, Any], Evidence, int]]] = {}
    for pair, row, same in zip(effects.pairs, rows, effects.same, strict=True):
        by_factor.setdefault(pair.factor, []).append((row, evidence(pair, row, cells), same))
    return [_factor(factor, by_factor[factor]) for factor in in_order(by_factor)]


def _factor(factor: str, group: list[tuple[dict[str, Any], Evidence, int]]) -> dict[str, Any]:
    """How a factor moves accuracy, and its pair with the largest difference, decided ones first."""
    name = factor_name(factor)
    known = [(row, one, same) for row, one, same in group if not pd.isna(row["difference"])]
    distinct = {same: one for _, one, same in reversed(known) if one.row["basis"] != SAME}
    summary = {
        "factor": factor,
        "name": name,
        "pairs": len(group),
        "decided": sum(bool(row["decided"]) for row, *_ in group),
        "distinct": len(distinct),
    }
    if not known:
        text = f"{name.capitalize()}: no pair of cells with results."
        return summary | {"tendency": OPEN, "largest": None, "time": None, "text": text}
    found = [one for _, one, _ in known]
    does = tendency(found)
    row = max(known, key=lambda item: (bool(item[0]["decided"]), abs(item[0]["difference"])))[0]
    ends = {"from": row["from"], "to": row["to"]}
    largest = {key: number(row[key]) for key in ("difference", "low", "high")} | {"decided": decided(row)}
    time = {key: number(row[f"time_{key}"]) for key in ("ratio", "low", "high")}
    more = {"tendency": does, "largest": ends | largest, "time": ends | time}
    return summary | more | {"text": _text(factor, does, found, [*distinct.values()], row)}


def _text(factor: str, does: str, found: list[Evidence], distinct: list[Evidence], row: dict[str, Any]) -> str:
    words = f"what it does to test accuracy depends {depends_on(found)}" if does == DEPENDS else DOES[does]
    if does in ("higher", "lower"):
        words = (
            f"more epochs {words.replace('s ', ' ', 1)}"
            if factor == "epochs"
            else f"{MORE.get(factor, 'a larger value')} {words}"
        )
    if all(one.row["basis"] == SAME for one in found):
        words = "no difference"
    n_pairs = len(distinct) or len(found)
    chosen = "" if n_pairs == 1 else f" The largest of {n_pairs:,} pairs, so probably overestimated."
    count = counted(distinct or found)
    if 0 < len(distinct) < len(found):
        count = count.partition(", ")[2]
        are = "1 is distinct" if len(distinct) == 1 else f"{len(distinct)} are distinct"
        count = f"{len(found):,} pairs, of which {are}, {count}"
    confounded = f" {CONFOUNDED[factor]}" if factor in CONFOUNDED and row["decided"] else ""
    return (
        f"{factor_name(factor).capitalize()} ({count}): {words}. {row['from']} to {row['to']}: test accuracy "
        f"{difference(row)}; {time_change(row)}.{chosen}{confounded}"
    )


def decided(row: dict[str, Any]) -> bool | None:
    """None if both cells make the same predictions: there is nothing to decide."""
    return None if row["basis"] == SAME else bool(row["decided"])


def difference(row: dict[str, Any]) -> str:
    """A pair's difference of test accuracy with its interval, and whether it is decided."""
    if row["basis"] == SAME:
        return "the same, with the same predictions on every image"
    change = in_words("accuracy", row["difference"], row["low"], row["high"])
    if row["basis"] == SINGLE:
        return f"{change} (single runs say nothing on other seeds)"
    if row["basis"] != SEEDS or pd.isna(row["p_adjusted"]):
        return f"{change}, not tested"
    return f"{change}, {'' if row['decided'] else 'not '}significant ({p_value(row['p_adjusted'])})"


def time_change(row: dict[str, Any]) -> str:
    """The ratio of the time of all steps, as used in the conclusions on time."""
    if pd.isna(row["time_ratio"]):
        return "no times"
    low, high = (row[key] for key in ("time_low", "time_high"))
    bounded = not pd.isna(low) and low < high
    figures = [math.log(row[key]) for key in (("time_ratio", "time_low", "time_high") if bounded else ("time_ratio",))]
    return f"time of all steps {ratio(*figures)}"


def open_questions(table: pd.DataFrame, same: list[int]) -> dict[str, Any]:
    """How many seeds would decide the pairs that are not, and the line of config for it; `open` of findings.json.

    `same` numbers the rows' comparisons, as Effects does.
    """
    tested = table[table["basis"] == SEEDS]
    tested = tested[~pd.Series(same, table.index, dtype=int)[tested.index].duplicated()]  # equal cells count once
    left = tested[~tested["decided"]]
    so_far = f"{len(left):,} of {len(tested):,} comparisons {'is' if len(left) == 1 else 'are'} not significant"
    so_far = "The one comparison is not significant" if len(tested) == 1 else so_far
    needed = left["seeds_needed"].dropna().astype(int)
    most = int(needed.max()) if len(needed) else None
    line = f"seeds: [{', '.join(map(str, range(1, most + 1)))}]" if most else None
    if not len(left):
        text = "No comparison is left open." if len(tested) else "Nothing is compared: more than one seed is needed."
    elif not most:
        text = f"{so_far}, and with {MOST_SEEDS} seeds hardly one would be."
    else:
        rest = len(left) - len(needed)
        others = f" The other {rest} differences are too small to plan for." if rest > 1 else ""
        text = (
            f"{so_far}. If differences are as large as measured, {most} seeds show "
            f"{'it' if len(left) == 1 else f'{len(needed):,} of them'} to be significant, each with a chance of "
            f"{100 * POWER:.0f} %; smaller differences need more.{others}"
        )
    return {"pairs": len(left), "seeds": most, "decides": len(needed), "line": line, "text": text}


def number(value: Any) -> float | None:
    """A figure for JSON."""
    return None if pd.isna(value) else float(value)
