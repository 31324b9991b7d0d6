"""The answer on the first screen: all cells by accuracy, what came out in sentences, three pictures that lead on."""

from typing import Any

import numpy as np

from experiment_grid.column_values import SEEDS, SINGLE
from experiment_grid.config.labels import factor_name, title
from experiment_grid.format import (
    level,
    listed,
    missing,
    percent,
    plural,
    points,
    points_interval,
    probability,
    setting,
    whole,
)
from experiment_grid.report.drawings import Drawings
from experiment_grid.report.labels import DATASETS
from experiment_grid.report.results import Results, varying
from experiment_grid.report.sections.marks import Scale, accuracy_scale

MOST_ROWS = 24  # cells in the chart; of more the best, the worst, the baseline and the final one
WORST = 3
NAMED = 3  # factors named in the first sentence


def context(results: Results, drawings: Drawings) -> dict[str, Any]:
    """The chart's rows, the sentences and the pictures."""
    scale = accuracy_scale(results.comparison)
    order = ranked(results)
    return {
        "rows": _rows(results, order, scale),
        "ticks": scale.ticks,
        "confidence": level(results.settings["confidence"]),
        "single": all(row["seeds"] == 1 for row in results.comparison),
        "sentences": [one for one in _sentences(results, order) if one],
        "curves": drawings.small_curves(),
        "matrix": _matrix(results),
        "worst": _worst(results),
        "final": results.settings["final"],
        "caveats": results.findings["caveats"],
    }


def ranked(results: Results) -> list[int]:
    """Places of the cells, the most accurate first; those without an accuracy last."""
    rows = results.comparison
    return sorted(range(len(rows)), key=lambda place: (-_accuracy(rows[place]), place))


def _accuracy(row: dict[str, Any]) -> float:
    return -1.0 if missing(row["test_accuracy"]) else float(row["test_accuracy"])


def _rows(results: Results, order: list[int], scale: Scale) -> list[dict[str, Any]]:
    """A row per cell that is shown, and one that counts those left out between."""
    shown = set(order)
    if len(order) > MOST_ROWS:
        named: set[int | None] = {results.baseline, results.final, results.index.get(_chosen(results) or "")}
        ends = [*order[: MOST_ROWS - WORST - 3], *order[-WORST:]]
        shown = {place for place in order if place in ends or place in named}
    made: list[dict[str, Any]] = []
    left = 0
    for place in order:
        if place not in shown:
            left += 1
            continue
        if left:
            made.append({"between": f"{plural(left, 'cell')} between"})
            left = 0
        made.append(_row(results, place, place == order[0], scale))
    return made


def _chosen(results: Results) -> str | None:
    """The cell that a search chose."""
    return (results.findings.get("chosen") or {}).get("cell")


def _row(results: Results, place: int, best: bool, scale: Scale) -> dict[str, Any]:
    row = results.comparison[place]
    tags = ["best"] if best and len(results.names) > 1 and not missing(row["test_accuracy"]) else []
    if chosen := _chosen(results):
        tags = ["chosen"] if row["cell"] == chosen else []
    tags += [tag for tag in ("final", "baseline") if results.settings[tag] == row["cell"]]
    return {
        "between": None,
        "index": place,
        "name": row["cell"],
        "tags": tags,
        "status": row["status"],
        "accuracy": percent(row["test_accuracy"]),
        "mark": scale.mark(row["test_accuracy"], row["test_accuracy_low"], row["test_accuracy_high"]),
    }


def _sentences(results: Results, order: list[int]) -> list[dict[str, Any] | None]:
    chosen = results.index.get(_chosen(results) or "")
    best = results.comparison[order[0] if chosen is None else chosen]
    return [
        _compared(results),
        _won(results, best),
        _final(results, best),
        _decided(results),
        _mattered(results),
        _wrong(results),
        _troubled(results),
    ]


def _sentence(before: str, strong: str, after: str, part: str, link: str) -> dict[str, Any]:
    return {"before": before, "number": strong, "after": after, "part": part, "link": link}


def _compared(results: Results) -> dict[str, Any]:
    rows = results.comparison
    names = [title(name) for name in varying(rows) if name != "device"]
    seeds = sorted({row["seeds"] for row in rows})
    each = plural(seeds[-1], "seed") if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]} seeds"
    dataset = DATASETS.get(results.settings["dataset"], results.settings["dataset"])
    what = ""
    if names:
        rest = [f"{len(names) - NAMED} more factors"] if len(names) > NAMED + 1 else []
        what = f" in {listed([*names[: NAMED if rest else None], *rest])}"
    cells = plural(len(rows), "cell")
    after = f" on {dataset}{' differ' + ('s' if len(rows) == 1 else '') + what if what else ''}, {each} each."
    return _sentence("", cells, after, "comparison", "all settings")


def _won(results: Results, best: dict[str, Any]) -> dict[str, Any] | None:
    if missing(best["test_accuracy"]):
        return _sentence("", "No cell", " has a result yet.", "provenance", "what ran")
    share = percent(best["test_accuracy"])
    if chosen := results.findings.get("chosen"):
        return _sentence(
            f"{best['cell']}, chosen by validation accuracy among {chosen['of']:,} cells, gets ",
            share,
            f" of the test images right{_interval(best)}.",
            "comparison",
            "the comparison",
        )
    if len(results.comparison) == 1:
        return _sentence(
            f"{best['cell']} gets ", share, f" of the test images right{_interval(best)}.", "cells", "the cell"
        )
    return _sentence(
        f"{best['cell']} is the most accurate: ",
        share,
        f" right{_interval(best)}{_picked(results)}.",
        "comparison",
        "the comparison",
    )


def _picked(results: Results) -> str:
    """Of how many cells the best was picked: those that predict the same are one."""
    found = next((one["figures"] for one in results.findings["findings"] if one["kind"] == "best"), None)
    if not found:
        return ""
    known = sum(not missing(row["test_accuracy"]) for row in results.comparison)
    return f", picked as the best of {found['of']:,} {'that differ' if found['of'] < known else 'cells'}"


def _final(results: Results, best: dict[str, Any]) -> dict[str, Any] | None:
    final = results.settings["final"]
    if final == best["cell"] or final not in results.index:
        return None
    row = results.comparison[results.index[final]]
    if missing(row["test_accuracy"]):
        return _sentence(f"The final cell, {final}, has ", "no usable model", ".", "provenance", "why")
    return _sentence(
        f"The final cell, {final}, gets ",
        percent(row["test_accuracy"]),
        f" right{_behind(results) or _interval(row)}.",
        "errors",
        "its errors",
    )


def _behind(results: Results) -> str:
    """How far the final cell is behind the best, with the interval of the best of so many."""
    beside = results.findings.get("best")
    if not beside:
        return ""
    less = f", {percent(beside['difference'], unit=False)} points less"
    return (
        less
        if missing(beside["low"])
        else f"{less} ({points_interval(beside['low'], beside['high']).replace('+', '')})"
    )


def _interval(row: dict[str, Any]) -> str:
    low, high = row["test_accuracy_low"], row["test_accuracy_high"]
    return "" if missing(low) else f" ({percent(low, unit=False)} to {percent(high, unit=False)})"


def _decided(results: Results) -> dict[str, Any] | None:
    tested = [row for row in results.effects if row["basis"] == SEEDS]
    if len(results.comparison) < 2:
        return None
    if not tested:
        single = any(row["basis"] == SINGLE for row in results.effects)
        why = ": cells trained once do not show it" if single else ": no two cells differ in one factor alone"
        return _sentence("", "No difference", f" is significant{why}.", "factors", "the pairs")
    pairs = results.findings["pairs"]
    if pairs["distinct"] == 1:
        verdict = "significant" if pairs["decided"] else "not significant"
        only = "The one difference that a single factor makes is statistically "
        return _sentence(only, verdict, ".", "factors", "effects")
    return _sentence(
        "Of the differences that one factor makes, ",
        f"{pairs['decided'] or 'none'} of {pairs['distinct']}",
        f" {'is' if pairs['decided'] < 2 else 'are'} statistically significant.",
        "factors",
        "effects",
    )


def _mattered(results: Results) -> dict[str, Any] | None:
    decided = [row for row in results.effects if row["decided"] and not missing(row["difference"])]
    if not decided:
        return None
    row = max(decided, key=lambda row: abs(row["difference"]))
    values = f"from {setting(row['from_value'])} to {setting(row['to_value'])}"
    return _sentence(
        f"The largest, {factor_name(row['factor'])} {values}, changes accuracy by ",
        f"{points(row['difference'])} points",
        ".",
        "factors",
        "effects",
    )


def _wrong(results: Results) -> dict[str, Any] | None:
    """The commonest confusion of the final cell's representative model."""
    final = results.settings["final"]
    counts = results.confusion.get(final)
    if counts is None:
        return None
    cell = results.cells[results.index[final]]
    wrong = counts[cell["chosen_epoch"] - 1].copy()
    np.fill_diagonal(wrong, 0)
    if not wrong.any():
        return None
    true, predicted = np.unravel_index(wrong.argmax(), wrong.shape)
    names = cell["classes"]
    count = f"{whole(wrong.max())} of its {plural(int(wrong.sum()), 'error')}"
    after = f": {count} (seed {cell['representative_seed']})."
    return _sentence(
        f"The commonest error of {final} is ", f"{names[true]} taken for {names[predicted]}", after, "errors", "errors"
    )


def _troubled(results: Results) -> dict[str, Any] | None:
    failed = [row["cell"] for row in results.comparison if row["status"] == "failed"]
    diverged = [row["cell"] for row in results.comparison if row["status"] == "diverged"]
    lost = results.findings["no_better_than_chance"]
    kinds = (failed, "without results"), (diverged, "diverged"), (lost, "no better than chance")
    parts = [f"{len(rows)} {word}" for rows, word in kinds if rows]
    if not parts:
        return None
    before = "This page is partial. Troubled cells: " if failed else "Troubled cells: "
    return _sentence(before, ", ".join(parts), ".", "cells", "their logs" if failed else "the cells")


def _matrix(results: Results) -> dict[str, Any] | None:
    """The final cell's confusion matrix as small squares: [x, y, step of the colour], in units of a class."""
    final = results.settings["final"]
    counts = results.confusion.get(final)
    if counts is None:
        return None
    cell = results.cells[results.index[final]]
    chosen = counts[cell["chosen_epoch"] - 1]
    shares = chosen / np.maximum(chosen.sum(axis=1, keepdims=True), 1)
    steps = np.ceil(np.sqrt(shares) * 9).astype(int)
    squares = [(int(x), int(y), int(steps[y, x])) for y, x in zip(*np.nonzero(steps), strict=True)]
    return {"size": len(chosen), "squares": squares, "seed": cell["representative_seed"]}


def _worst(results: Results) -> dict[str, Any] | None:
    errors = results.errors
    if not errors.get("errors"):
        return None
    first, classes = errors["errors"][0], errors["classes"]
    tiles = {index: tile for tile, index in enumerate(errors["atlas"]["images"])}
    if first["index"] not in tiles:
        return None
    true, predicted = classes[first["true"]], classes[first["predicted"]]
    return {
        "tile": tiles[first["index"]],
        "label": f"Test image {first['index']}: {true}, taken for {predicted}",
        "caption": f"{true} taken for {predicted}, {probability(first['probability'])}",
    }
