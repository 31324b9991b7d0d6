"""The findings in sentences, from the tables: effects, best and final cell, times, seeds, and caveats."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from experiment_grid.analysis import measures
from experiment_grid.analysis.audit import VERDICTS
from experiment_grid.analysis.caveats import caveats, crowded, no_better_than_chance
from experiment_grid.analysis.cell_results import CellResults
from experiment_grid.analysis.chosen import Chosen, choose, of_choice
from experiment_grid.analysis.effects import Effects, best_beside
from experiment_grid.analysis.factor_findings import decided, difference, number, open_questions, summaries, time_change
from experiment_grid.analysis.factor_pairs import MOST_PAIRS
from experiment_grid.analysis.linear_model import LinearModel
from experiment_grid.analysis.times import Timing
from experiment_grid.analysis.verdicts import CONFOUNDED
from experiment_grid.column_values import DEVICES, NO_DATA, SAME, SEEDS, STATED, TRAINER
from experiment_grid.config.labels import factor_name
from experiment_grid.format import listed, percent, significant
from experiment_grid.format import seconds as duration

Finding = dict[str, Any]  # as in findings.json


def findings(
    settings: dict[str, Any],
    cells: list[CellResults],
    seeds: pd.DataFrame,
    comparison: pd.DataFrame,
    effects: Effects,
    audited: list[dict[str, Any]],
    calibrated: dict[str, Any] | None = None,
    timing: Timing | None = None,
    model: LinearModel | None = None,
) -> dict[str, Any]:
    """The content of findings.json."""
    chosen = choose(settings, cells, seeds)
    table = comparison.set_index("cell")
    factors = summaries(effects, cells)
    baseline = effects.table[effects.table["is_baseline"]]
    reported = set(baseline.loc[baseline["difference"].notna(), "factor"])
    kept, found = len(effects.table), effects.found
    sentences = [
        *_overview(cells, comparison),
        *_final(settings, table),
        *_calibrated(calibrated),
        *(_chosen(chosen, table) if chosen else _best(table, measures.distinct(measures.accuracy(cells)))),
        *(_effect(row) for row in baseline.to_dict("records") if not pd.isna(row["difference"])),
        *(_factor_finding(factor) for factor in factors if factor["largest"] and factor["factor"] not in reported),
        *_times(table),
        *_steps(timing),
        *_spread(table, settings["confidence"]),
        *_audit(audited),
    ]
    return {
        "confidence": settings["confidence"],
        "epoch": settings["epoch"],
        "baseline": settings["baseline"],
        "final": settings["final"],
        "findings": [{"decided": None, "factor": None} | finding for finding in sentences],
        "factors": factors,
        "calibration": calibrated,
        "chosen": chosen and chosen._asdict(),
        "model": model and {"cells": model.cells, "r_squared": model.r_squared, "left_out": model.left_out},
        "best": None if chosen else _best_beside_final(settings, cells, table),
        "pairs": {"found": found, "kept": kept, **_distinct(effects), "text": _pairs(found, kept) + _same(effects)},
        "open": open_questions(effects.table, effects.same),
        "no_better_than_chance": no_better_than_chance(cells),
        "caveats": [*caveats(settings, table, effects), *crowded(cells)],
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


def _overview(cells: list[CellResults], comparison: pd.DataFrame) -> Iterator[Finding]:
    counts = comparison["status"].value_counts()
    seeds = sorted({len(cell.parameters["seeds"]) for cell in cells})
    each = (
        f"{seeds[0]} {'seed' if seeds[0] == 1 else 'seeds'}" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]} seeds"
    )
    figures = {status: int(count) for status, count in counts.items()}
    text = f"{len(cells):,} cells with {each} each."
    yield _finding("overview", "cells", text, [], "comparison.csv", figures=figures)
    for status, what in (
        ("diverged", "diverged: the loss of at least one seed stopped being a number"),
        ("failed", "left no results"),
    ):
        names = comparison.loc[comparison["status"] == status, "cell"].tolist()
        if names:
            yield _finding("failed", status, f"{listed(names)} {what}.", names, "comparison.csv")


def _final(settings: dict[str, Any], table: pd.DataFrame) -> Iterator[Finding]:
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


def _calibrated(found: dict[str, Any] | None) -> Iterator[Finding]:
    if not found:
        return
    text = (
        f"The final cell's confidence differs from its accuracy by {percent(found['ece'], unit=False)} points on "
        f"average (expected calibration error); Brier score {significant(found['brier'])}. The right class is among "
        f"its first two for {percent(found['top2_accuracy'])} of the test images."
    )
    figures = {key: found[key] for key in ("ece", "brier", "top2_accuracy")}
    yield _finding("final", "calibration", text, [found["cell"]], "comparison/findings.json", figures=figures)


def _best_beside_final(
    settings: dict[str, Any], cells: list[CellResults], table: pd.DataFrame
) -> dict[str, Any] | None:
    """The best cell's lead over the final cell; None without two such cells."""
    usable = table["test_accuracy"].dropna()
    final = settings["final"]
    if final not in usable.index or usable.idxmax() == final:
        return None
    return best_beside(cells, usable.idxmax(), final, settings["confidence"])


def _distinct(effects: Effects) -> dict[str, int]:
    """Counts of tested comparisons of test accuracy, those of equal cells once."""
    tested = effects.table.assign(same=effects.same)[effects.table["basis"] == SEEDS].drop_duplicates("same")
    return {"distinct": len(tested), "decided": int(tested["decided"].sum())}


def _same(effects: Effects) -> str:
    equal = int((effects.table["basis"] == SAME).sum())
    if not equal:
        return ""
    pair = "In one pair both cells make" if equal == 1 else f"In {equal:,} pairs both cells make"
    distinct = _distinct(effects)["distinct"]
    return f" {pair} the same predictions. Such cells count once, which leaves {distinct:,} pairs to test."


def _accuracy(row: pd.Series) -> str:
    basis = {"seeds": f"mean of {row['seeds_ok']} seeds", "wilson": "single run, interval from the test images alone"}
    interval = f"{percent(row['test_accuracy_low'])} to {percent(row['test_accuracy_high'])}"
    return f"{percent(row['test_accuracy'])} ({interval}; {basis[row['interval']]})"


def _figures(row: pd.Series) -> dict[str, float]:
    names = ("test_accuracy", "test_accuracy_low", "test_accuracy_high", "test_f1_macro", "test_loss", "train_seconds")
    return {name: float(row[name]) for name in names}


def _best(table: pd.DataFrame, distinct: int) -> Iterator[Finding]:
    usable = table[table["test_accuracy"].notna()]
    if len(usable) < 2:
        return
    best = usable.loc[usable["test_accuracy"].idxmax()]
    near = usable[
        (usable["test_accuracy_high"] >= best["test_accuracy_low"]) & (usable.index != best.name)
    ].index.tolist()
    rest = f"; the intervals of {listed(near)} overlap its interval (unadjusted)" if near else ""
    text = (
        f"The highest mean test accuracy is that of {best.name}, {_accuracy(best)}{rest}. "
        f"It was picked as the best of {distinct:,} {'different ' * (distinct < len(usable))}cells, so its accuracy is "
        "probably overestimated."
    )
    figures = _figures(best) | {"of": distinct}
    yield _finding("best", best.name, text, [best.name, *near], "comparison.csv", figures=figures)


def _chosen(found: Chosen, table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    row = table.loc[found.cell]
    text = (
        f"Chosen by validation accuracy among {found.of:,} cells: {found.cell}, {percent(found.validation_accuracy)} "
        f"of the validation images and {_accuracy(row)} of the test images right. {of_choice(found)}"
    )
    yield _finding("chosen", found.cell, text, [found.cell], "comparison.csv", figures=_figures(row) | found._asdict())


def _effect(row: dict[str, Any]) -> Finding:
    text = (
        f"{factor_name(row['factor']).capitalize()} {row['from_value']} to {row['to_value']} "
        f"({row['from']} to {row['to']}): test accuracy {difference(row)}; {time_change(row)}."
    )
    return _finding(
        "effect",
        f"{row['from']}-{row['to']}",
        f"{text} {CONFOUNDED[row['factor']]}" if row["decided"] and row["factor"] in CONFOUNDED else text,
        [row["from"], row["to"]],
        "effects.csv",
        decided=decided(row),
        factor=row["factor"],
        figures=_effect_figures(row),
    )


def _effect_figures(row: dict[str, Any]) -> dict[str, float | None]:
    names = ["difference", "low", "high", "p", "p_adjusted", "probability_higher", "loss_difference", "time_ratio"]
    return {name: number(row[name]) for name in names}


def _factor_finding(factor: dict[str, Any]) -> Finding:
    cells = [factor["largest"]["from"], factor["largest"]["to"]]
    decided = factor["largest"]["decided"]
    evidence = {"decided": decided, "factor": factor["factor"], "figures": factor["largest"]}
    return _finding("factor", factor["factor"], factor["text"], cells, "effects.csv", **evidence)


def _times(table: pd.DataFrame) -> Iterator[Finding]:
    timed = table[table["train_seconds"].notna()]
    if len(timed) < 2:
        return
    slow, fast = timed["train_seconds"].idxmax(), timed["train_seconds"].idxmin()
    seconds = timed["train_seconds"]
    text = (
        f"Training one seed took from {duration(seconds[fast])} ({fast}) to {duration(seconds[slow])} ({slow}), while "
        "other jobs ran: descriptive only."
    )
    figures = {"fastest": float(seconds[fast]), "slowest": float(seconds[slow])}
    yield _finding("time", "range", text, [fast, slow], "comparison.csv", figures=figures)


def _steps(timing: Timing | None) -> Iterator[dict[str, Any]]:
    if timing is None:
        return
    timed = timing.table[(timing.table["way"] == TRAINER) & timing.table["step_seconds"].notna()]
    for device, rows in timed.groupby("device", sort=False):
        if rows["measured_as"].nunique() < 2:
            continue
        fast, slow = (rows.loc[getattr(rows["step_seconds"], which)()] for which in ("idxmin", "idxmax"))
        text = (
            f"Measured alone on the {DEVICES[device]}, a step takes from {1000 * fast['step_seconds']:.3g} ms "
            f"({fast['cell']}) to {1000 * slow['step_seconds']:.3g} ms ({slow['cell']})."
        )
        figures = {"fastest": float(fast["step_seconds"]), "slowest": float(slow["step_seconds"])}
        yield _finding("time", f"steps-{device}", text, [fast["cell"], slow["cell"]], "timing.csv", figures=figures)


def _spread(table: pd.DataFrame, confidence: float) -> Iterator[Finding]:
    spread = table["test_accuracy_sd"].dropna()
    if not len(spread):
        text = "Every cell was trained once: how far chance moves it is not known, and no difference is significant."
        yield _finding("seeds", "single", text, [], "comparison.csv")
        return
    widest = spread.idxmax()
    text = (
        f"Seeds alone move the test accuracy by a standard deviation of {percent(spread.median(), unit=False)} points "
        f"in the median cell and {percent(spread.max(), unit=False)} in {widest}."
    )
    figures = {"median": float(spread.median()), "largest": float(spread.max())}
    yield _finding("seeds", "spread", text, [widest], "comparison/seeds.csv", figures=figures)


def _audit(rows: list[dict[str, Any]]) -> Iterator[Finding]:
    judged = [row for row in rows if row["verdict"] != NO_DATA]
    if not judged:
        return
    names = {verdict: [row["row"] for row in judged if row["verdict"] == verdict] for verdict in VERDICTS}
    text = (
        f"Of {len(judged)} rows of the original report, {len(names[STATED])} come out at the settings that they state."
    )
    for verdict, what in VERDICTS.items():
        if what and names[verdict]:
            text += f" {listed(names[verdict])}: {what}."
    cells = [row["cell"] for row in judged]
    figures = {verdict: len(rows) for verdict, rows in names.items() if rows}
    yield _finding("reference", "rows", text, cells, "reference.csv", figures=figures)


def _pairs(found: int, kept: int) -> str:
    if not found:
        return ""
    if kept == found:
        return f"All {found} pairs of cells that differ in one factor are compared."
    return (
        f"{found} pairs of cells differ in one factor, more than {MOST_PAIRS}: compared are neighbours in the order of "
        f"the factor's values and pairs with the baseline, {kept} in all."
    )
