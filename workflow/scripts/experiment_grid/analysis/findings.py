"""What came out, in sentences made from the tables: effects, best and final cell, times, seeds, and their limits."""

from datetime import datetime
from typing import Any

import pandas as pd

from experiment_grid.analysis.audit import NEARLY, by_chance
from experiment_grid.analysis.cells import Cell
from experiment_grid.analysis.effects import SINGLE, Effects
from experiment_grid.analysis.factors import MOST_PAIRS
from experiment_grid.analysis.phrases import listed, p_value, percent, signed
from experiment_grid.config.labels import factor_name, in_order


def findings(
    settings: dict[str, Any],
    cells: list[Cell],
    seeds: pd.DataFrame,
    comparison: pd.DataFrame,
    effects: Effects,
    audited: list[dict[str, Any]],
) -> dict[str, Any]:
    """The content of findings.json."""
    table = comparison.set_index("cell")
    factors = [_factor(factor, group) for factor, group in _by_factor(effects.table)]
    baseline = effects.table[effects.table["is_baseline"]]
    told = set(baseline.loc[baseline["difference"].notna(), "factor"])
    kept, found = len(effects.table), effects.found
    sentences = [
        *_overview(cells, comparison),
        *_final(settings, table),
        *_best(table),
        *(_effect(row) for row in baseline.to_dict("records") if not pd.isna(row["difference"])),
        *(_factor_finding(factor) for factor in factors if factor["largest"] and factor["factor"] not in told),
        *_times(table),
        *_spread(table, settings["confidence"]),
        *_audit(audited, settings["confidence"]),
    ]
    return {
        "confidence": settings["confidence"],
        "epoch": settings["epoch"],
        "baseline": settings["baseline"],
        "final": settings["final"],
        "findings": [{"decided": None, "factor": None} | finding for finding in sentences],
        "factors": factors,
        "pairs": {"found": found, "kept": kept, "text": _pairs(found, kept)},
        "caveats": [*_caveats(settings, table, effects.table), *_crowded(cells)],
    }


def _finding(kind: str, name: str, text: str, cells: list[str], evidence: str, **more: Any) -> dict[str, Any]:
    figures = more.pop("figures", {})
    return {
        "id": f"{kind}-{name}",
        "kind": kind,
        "text": text,
        "cells": cells,
        "figures": figures,
        "evidence": evidence,
    } | more


def _overview(cells, comparison):
    counts = comparison["status"].value_counts()
    seeds = sorted({len(cell.parameters["seeds"]) for cell in cells})
    each = (
        f"{seeds[0]} {'seed' if seeds[0] == 1 else 'seeds'}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]} seeds"
    )
    figures = {status: int(count) for status, count in counts.items()}
    yield _finding("overview", "cells", f"{len(cells)} cells with {each} each.", [], "comparison.csv", figures=figures)
    for status, what in (("diverged", "stopped being numbers in at least one seed"), ("failed", "left no results")):
        names = comparison.loc[comparison["status"] == status, "cell"].tolist()
        if names:
            yield _finding("failed", status, f"{listed(names)} {what}.", names, "comparison.csv")


def _final(settings, table):
    row = table.loc[settings["final"]]
    if pd.isna(row["test_accuracy"]):
        yield _finding(
            "final", "none", f"The final cell, {row.name}, has no usable model.", [row.name], "comparison.csv"
        )
        return
    text = (
        f"The final cell, {row.name}, gets {_accuracy(row)} of the test images right, "
        f"macro F1 {row['test_f1_macro']:.4f}, trained in {row['train_seconds']:.1f} s per seed."
    )
    yield _finding("final", row.name, text, [row.name], "comparison.csv", figures=_figures(row))


def _accuracy(row):
    basis = {"seeds": f"mean of {row['seeds_ok']} seeds", "wilson": "single run, interval from the test images alone"}
    interval = f"[{percent(row['test_accuracy_low'])}, {percent(row['test_accuracy_high'])}]"
    return f"{percent(row['test_accuracy'])} {interval} ({basis[row['interval']]})"


def _figures(row):
    names = ("test_accuracy", "test_accuracy_low", "test_accuracy_high", "test_f1_macro", "test_loss", "train_seconds")
    return {name: float(row[name]) for name in names}


def _best(table):
    usable = table[table["test_accuracy"].notna()]
    if len(usable) < 2:
        return
    best = usable.loc[usable["test_accuracy"].idxmax()]
    near = usable[
        (usable["test_accuracy_high"] >= best["test_accuracy_low"]) & (usable.index != best.name)
    ].index.tolist()
    rest = f"; the intervals of {listed(near)} reach into its own" if near else ""
    text = (
        f"The highest mean test accuracy is that of {best.name}, {_accuracy(best)}{rest}. "
        f"The best of {len(usable)} cells looks better than it is, because chance helped to pick it."
    )
    yield _finding("best", best.name, text, [best.name, *near], "comparison.csv", figures=_figures(best))


def _effect(row):
    return _finding(
        "effect",
        f"{row['from']}-{row['to']}",
        f"{factor_name(row['factor']).capitalize()} {row['from_value']} to {row['to_value']} "
        f"({row['from']} to {row['to']}): test accuracy {_difference(row)}; training time {_time_change(row)}.",
        [row["from"], row["to"]],
        "effects.csv",
        decided=_decided(row),
        factor=row["factor"],
        figures=_effect_figures(row),
    )


def _decided(row):
    """None where two cells predict the same: there is nothing to decide."""
    return None if pd.isna(row["p"]) else bool(row["decided"])


def _difference(row):
    if pd.isna(row["p"]):
        return "the same, with the same predictions on every image"
    change = signed("accuracy", row["difference"], row["low"], row["high"])
    if row["basis"] == SINGLE:
        between = f"{p_value(row['p_adjusted'])} between these two trained models"
        return f"{change}, {between} (single runs say nothing on other seeds)"
    verdict = p_value(row["p_adjusted"]) if row["decided"] else f"not decided ({p_value(row['p_adjusted'])})"
    return f"{change}, {verdict}"


def _time_change(row):
    change = signed("seconds", row["seconds_difference"], row["seconds_low"], row["seconds_high"])
    return change if pd.isna(row["seconds_ratio"]) else f"{change}, {row['seconds_ratio']:.2f} times as long"


def _effect_figures(row):
    names = ("difference", "low", "high", "p", "p_adjusted", "loss_difference", "seconds_difference", "seconds_ratio")
    return {name: _number(row[name]) for name in names}


def _by_factor(table):
    return [(factor, table[table["factor"] == factor]) for factor in in_order(table["factor"])]


def _factor(factor, group):
    """How much a factor moves accuracy, and time with it: its pair with the largest difference, decided ones first."""
    known = group[group["difference"].notna()]
    counts = {"pairs": len(group), "decided": int(group["decided"].sum())}
    summary = {"factor": factor, "name": factor_name(factor)} | counts
    if not len(known):
        text = f"{factor_name(factor).capitalize()}: no pair of cells with results."
        return summary | {"largest": None, "seconds": None, "text": text}
    row = known.assign(size=known["difference"].abs()).sort_values(["decided", "size"], ascending=False).iloc[0]
    cells = {"from": row["from"], "to": row["to"]}
    largest = {name: _number(row[name]) for name in ("difference", "low", "high")} | {"decided": _decided(row)}
    names = {"ratio": "seconds_ratio", "difference": "seconds_difference", "low": "seconds_low", "high": "seconds_high"}
    seconds = {name: _number(row[column]) for name, column in names.items()}
    text = _factor_text(summary, row)
    return summary | {"largest": cells | largest, "seconds": cells | seconds, "text": text}


def _factor_text(summary, row):
    pairs = "the one pair" if summary["pairs"] == 1 else f"{summary['pairs']} pairs"
    if row["basis"] == SINGLE:
        count = "single runs decide nothing"
    elif summary["pairs"] == 1:
        count = {True: "decided", False: "not decided", None: "nothing to decide"}[_decided(row)]
    else:
        count = f"{summary['decided']} decided"
    change = "the same, with the same predictions on every image"
    if not pd.isna(row["p"]):
        change = signed("accuracy", row["difference"], row["low"], row["high"])
    return (
        f"{summary['name'].capitalize()} ({pairs}, {count}): test accuracy {change}; training time "
        f"{_time_change(row)} ({row['from']} to {row['to']})."
    )


def _factor_finding(factor):
    cells = [factor["largest"]["from"], factor["largest"]["to"]]
    decided = factor["largest"]["decided"]
    evidence = {"decided": decided, "factor": factor["factor"], "figures": factor["largest"]}
    return _finding("factor", factor["factor"], factor["text"], cells, "effects.csv", **evidence)


def _times(table):
    timed = table[table["train_seconds"].notna()]
    if len(timed) < 2:
        return
    slow, fast = timed["train_seconds"].idxmax(), timed["train_seconds"].idxmin()
    seconds = timed["train_seconds"]
    text = f"Training one seed took from {seconds[fast]:.1f} s ({fast}) to {seconds[slow]:.1f} s ({slow})."
    figures = {"fastest": float(seconds[fast]), "slowest": float(seconds[slow])}
    yield _finding("time", "range", text, [fast, slow], "comparison.csv", figures=figures)


def _spread(table, confidence):
    spread = table["test_accuracy_sd"].dropna()
    if not len(spread):
        text = "Every cell was trained once: how far chance moves it is not known, and no difference is decided."
        yield _finding("seeds", "single", text, [], "comparison.csv")
        return
    widest = spread.idxmax()
    text = (
        f"Seeds alone move the test accuracy by a standard deviation of {100 * spread.median():.2f} points in the "
        f"median cell and {100 * spread.max():.2f} in {widest}."
    )
    figures = {"median": float(spread.median()), "largest": float(spread.max())}
    yield _finding("seeds", "spread", text, [widest], "comparison/seeds.csv", figures=figures)


def _audit(rows, confidence):
    judged = [row for row in rows if row["sure"] != "no data"]
    if not judged:
        return
    names = {
        verdict: [row["row"] for row in judged if row["sure"] == verdict]
        for verdict in dict.fromkeys(r["sure"] for r in judged)
    }
    good = len(names.get("as stated", []))
    text = f"Of {len(judged)} rows of the original report, {good} come out at the settings that they state."
    for verdict, what in (
        (NEARLY, "all figures but one, which lies just outside"),
        ("explained", "fit another cell instead"),
        ("partly explained", "come nearer to another cell, without fitting it"),
        ("unexplained", "neither come out nor come nearer to another cell"),
    ):
        if verdict in names:
            text += f" {listed(names[verdict])}: {what}."
    if NEARLY in names:
        text += f" {by_chance(max(row['judged'] for row in judged), confidence)}"
    cells = [row["cell"] for row in judged]
    yield _finding("reference", "rows", text, cells, "reference.csv", figures={k: len(v) for k, v in names.items()})


def _pairs(found, kept):
    if kept == found:
        return f"All {found} pairs of cells that differ in one factor are compared."
    return (
        f"{found} pairs of cells differ in one factor, more than {MOST_PAIRS}: compared are neighbours in the order of "
        f"the factor's values and pairs with the baseline, {kept} in all."
    )


def _caveats(settings, table, effects):
    chosen = "the last one" if settings["epoch"] == "last" else "the first with the highest validation accuracy"
    caveats = [
        f"The epoch of every figure is {chosen}; test images choose nothing: no epoch, no seed, no setting.",
        "Intervals of differences count seeds and test images as chance; McNemar's test compares two models only.",
        "p values are Holm's: for test accuracy within the pairs with the baseline and within each factor for the "
        "others, and so in claims on it; within all claims together for loss, times and training accuracy.",
        "All seeds of a cell trained one after the other on one machine: intervals of times tell of these runs there.",
    ]
    floors = effects["seeds_p_floor"].dropna()
    if len(floors) and floors.max() > 1 - settings["confidence"]:
        n = int(effects.loc[floors.index, "seeds"].min())
        caveats.append(
            f"With {n} seeds the least p value of a sign-flip test is {floors.max():g}: it cannot decide anything at "
            f"{settings['confidence']:.0%}; the intervals lean on the normal distribution instead."
        )
    if (table["interval"] == "wilson").any():
        caveats.append("Cells with one seed are single runs: their intervals know of the test images' chance only.")
    return caveats


def _crowded(cells):
    """A caveat for every machine that trained more cells at once than it has cores."""
    hosts = {}
    for run in (cell.run for cell in cells if cell.run):
        hosts.setdefault((run["machine"]["host"], run["machine"]["cores"]), []).append(run)
    for (_, cores), runs in hosts.items():
        times = [(datetime.fromisoformat(run["started"]), datetime.fromisoformat(run["finished"])) for run in runs]
        most = max(sum(start <= moment < end for start, end in times) for moment, _ in times)
        if most > cores:
            yield (
                f"Up to {most} trainings at once on {cores} {'core' if cores == 1 else 'cores'}: times include waiting "
                "for each other."
            )


def _number(value):
    return None if pd.isna(value) else float(value)
