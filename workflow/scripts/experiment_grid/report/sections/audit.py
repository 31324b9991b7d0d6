"""Agreement with the original report, figure by figure, and what reproduces the rows that do not come out as stated."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from experiment_grid.column_values import CONFIRMED, DEPENDS, INDEPENDENT, NEARER, OPEN, REFUTED, REPRODUCED, UNTESTED
from experiment_grid.config.labels import title
from experiment_grid.format import MISSING, fixed, minutes, missing, percent, plural, ratio, setting, whole
from experiment_grid.report.drawings import Drawings
from experiment_grid.report.labels import FIGURES, settings_text
from experiment_grid.report.results import Results
from experiment_grid.report.sections import claims

OTHER_SETTINGS = (REPRODUCED, NEARER)
# Decimals of a figure, and what writes it with so many.
WRITE: dict[str, tuple[int | None, Callable[[Any, Any], str]]] = {
    "train_images": (0, lambda value, _: whole(value)),
    "train_loss": (4, fixed),
    "minutes": (None, lambda value, _: minutes(60 * value)),
    "train_correct": (0, lambda value, decimals: f"{value:,.{decimals}f}"),
    "test_correct": (0, lambda value, decimals: f"{value:,.{decimals}f}"),
    "train_accuracy": (4, lambda value, decimals: percent(value, decimals - 2)),
    "test_accuracy": (4, lambda value, decimals: percent(value, decimals - 2)),
    "test_f1": (6, fixed),
}
WORDS = {DEPENDS: "that depend"}  # verdicts in a count
MORE = 2  # decimals that an interval may get so that its ends do not seem to contradict the verdict


def context(results: Results, drawings: Drawings) -> dict[str, Any]:
    """A block per row of the original's table."""
    judged = sum(row["judged"] or 0 for row in results.original)
    consistent = sum(row["consistent"] or 0 for row in results.original)
    by_row: dict[str, list[dict[str, Any]]] = {}
    for row in results.reference:
        by_row.setdefault(row["row"], []).append(row)
    return {
        "text": (
            f"{consistent} of {plural(judged, 'figure')} agree with a new run at the stated settings. Three figures of "
            "a row count: total training loss, training images right and test images right; the others repeat them. A "
            "figure is consistent when it is in the prediction interval of one new run on the same test images, "
            "which for losses and F1 includes half a unit of the original’s last printed digit. The spread between "
            "runs is estimated over all cells."
        ),
        "claims": claims.context(results),
        "count": _counted(results.claims),
        "findings": [one["text"] for one in results.findings["findings"] if one["kind"] == "reference"],
        "figure": drawings.agreement(),
        "rows": [_row(row, by_row.get(row["row"], []), results) for row in results.original],
        "note": "Times are compared as ratios and never judged: the original’s machine is not known.",
        "not_stated": [{"name": title(key).capitalize(), "text": text} for key, text in results.not_stated.items()],
        "search": _search(results),
    }


def _counted(judged: list[dict[str, Any]]) -> str:
    """How many conclusions got each verdict."""
    count = Counter(claim["verdict"] for claim in judged)
    verdicts = (CONFIRMED, REFUTED, DEPENDS, OPEN, UNTESTED)
    return ", ".join(f"{count[one]} {WORDS.get(one, one)}" for one in verdicts if count[one])


def _search(results: Results) -> dict[str, Any] | None:
    """What was tried, and how many settings give a row's figures."""
    search = results.search
    if search is None:
        return None
    titles = {row["row"]: row["title"] for row in results.original}
    epochs = search["values"].get("epoch", [])
    axes = [key for key in search["values"] if key != "epoch"]
    given = "; ".join(f"{title(axis)} {', '.join(map(setting, search['values'][axis]))}" for axis in axes)
    text = (
        f"{plural(search['tried'], 'setting')} were tried to fit the original’s rows before this page was made: each "
        f"row with every combination of {given}, after each of {len(epochs)} epochs, else as stated. Its training "
        "loss, training accuracy and test accuracy were what was fitted: test figures too. So a row can be reproduced "
        "by settings that the original did not have, and where several give it the figures cannot tell between them."
    )
    rows = [
        {
            "title": titles.get(row["row"], row["row"]),
            "tried": whole(row["tried"]),
            "fitting": whole(row["fitting"]),
            "nearest": [_tried(one, axes) for one in row["nearest"]],
        }
        for row in search["rows"]
    ]
    return {"text": text, "rows": rows}


def _tried(one: dict[str, Any], axes: list[str]) -> str:
    values = ", ".join(f"{title(axis)} {setting(one[axis])}" for axis in axes)
    fits = "" if one["fits"] == one["of"] else f": {one['fits']} of {one['of']} figures"
    return f"{values}, epoch {one['epoch']}{fits}"


def _row(row: dict[str, Any], figures: list[dict[str, Any]], results: Results) -> dict[str, Any]:
    nearest = next((figure["nearest_cell"] for figure in figures if figure["nearest_cell"]), None)
    return {
        "title": row["title"],
        "verdict": row["verdict"],
        "text": row["text"],
        "stated": settings_text(row["stated"]),
        "nearest": nearest,
        "figures": [_figure(figure) for figure in figures],
        "reproduced": [_other(item) for item in row["reproduced_by"]] if row["verdict"] in OTHER_SETTINGS else [],
        "count": _fits(row),
    }


def _fits(row: dict[str, Any]) -> str:
    """How many figures are consistent as stated, and how many with the other settings that reproduce the row."""
    if not row["judged"]:
        return ""
    stated = f"{row['consistent']} of {row['judged']} as stated"
    if row["verdict"] not in OTHER_SETTINGS:
        return stated
    best = row["reproduced_by"][0]
    return f"{stated}, {best['consistent']} of {best['judged']} with other settings"


def _figure(figure: dict[str, Any]) -> dict[str, Any]:
    decimals, writer = WRITE[figure["figure"]]

    def write(value: float | None, more: int = 0) -> str:
        return MISSING if missing(value) else writer(value, decimals if decimals is None else decimals + more)

    def ours(value: float | None, low: float | None, high: float | None) -> tuple[str, str]:
        more = _more(figure["original"], low, high, decimals)
        return write(value, more), "" if missing(low) else f"{write(low, more)} to {write(high, more)}"

    here, interval = ours(figure["here"], figure["low"], figure["high"])
    if not missing(figure["ratio"]):
        here += f" ({ratio(figure['ratio'])})"
    nearest, near_interval = ours(figure["nearest_here"], figure["nearest_low"], figure["nearest_high"])
    return {
        "label": FIGURES.get(figure["figure"], figure["figure"]),
        "note": figure["note"],
        "original": write(figure["original"]),
        "here": here,
        "interval": interval or MISSING,
        "verdict": figure["verdict"],
        "counts": figure["figure"] in INDEPENDENT,
        "nearest": nearest,
        "nearest_interval": near_interval,
        "nearest_verdict": figure["nearest_verdict"],
    }


def _more(original: float | None, low: float | None, high: float | None, decimals: int | None) -> int:
    """Decimals to add until the original is within the interval as shown just when it does in fact."""
    if missing(original) or missing(low) or missing(high) or decimals is None:
        return 0
    inside = low <= original <= high
    for more in range(MORE):
        if inside == (round(low, decimals + more) <= original <= round(high, decimals + more)):
            return more
    return MORE


def _other(item: dict[str, Any]) -> dict[str, Any]:
    changes = [
        f"{title(key)} {setting(there)} where {setting(stated)} is stated"
        for key, (stated, there) in item["differs"].items()
    ]
    fits = f"{item['consistent']} of {plural(item['judged'], 'figure')} consistent"
    return {"cell": item["cell"], "text": "; ".join([fits, *changes])}
