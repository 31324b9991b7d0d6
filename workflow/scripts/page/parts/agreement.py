"""Agreement with the original report, figure by figure, and what explains the rows that do not come out as stated."""

from typing import Any

from page.drawings import Drawings
from page.numbers import missing, number, percent, ratio, significant, whole
from page.results import Results
from page.words import FIGURES, PARAMETERS, plural, settings_text

EXPLAINED = ("explained", "partly explained")
WRITE = {
    "train_images": whole,
    "train_loss": lambda value: f"{value:.4f}",
    "minutes": lambda value: f"{significant(value, 3)} min",
    "train_correct": whole,
    "test_correct": whole,
    "train_accuracy": percent,
    "test_accuracy": percent,
    "test_f1": lambda value: significant(value, 6),
}


def context(results: Results, drawings: Drawings) -> dict[str, Any]:
    """A block per row of the original's table."""
    judged = sum(row["judged"] or 0 for row in results.original)
    consistent = sum(row["consistent"] or 0 for row in results.original)
    by_row: dict[str, list[dict[str, Any]]] = {}
    for row in results.reference:
        by_row.setdefault(row["row"], []).append(row)
    return {
        "text": (
            f"{consistent} of {plural(judged, 'figure')} that can be judged lie where one new run "
            "of ours would fall. "
            "A figure is consistent when it lies in the prediction interval that our seeds and the "
            "binomial error of its test set give together."
        ),
        "figure": drawings.agreement(),
        "rows": [_row(row, by_row.get(row["row"], []), results) for row in results.original],
        "note": "Times are compared as ratios and never judged: the original’s machine is not known.",
    }


def _row(row: dict[str, Any], figures: list[dict[str, Any]], results: Results) -> dict[str, Any]:
    nearest = next((figure["nearest_cell"] for figure in figures if figure["nearest_cell"]), None)
    return {
        "title": row["title"],
        "sure": row["sure"],
        "text": row["text"],
        "stated": settings_text(row["stated"]),
        "nearest": nearest,
        "figures": [_figure(figure) for figure in figures],
        "explained": [_explanation(item) for item in row["explained_by"]] if row["sure"] in EXPLAINED else [],
    }


def _figure(figure: dict[str, Any]) -> dict[str, Any]:
    def write(value):
        return "–" if missing(value) else WRITE.get(figure["figure"], significant)(value)

    interval = "–" if missing(figure["low"]) else f"{write(figure['low'])} to {write(figure['high'])}"
    here = write(figure["here"])
    if not missing(figure["ratio"]):
        here += f" ({ratio(figure['ratio'])})"
    near_interval = ""
    if not missing(figure["nearest_low"]):
        near_interval = f"{write(figure['nearest_low'])} to {write(figure['nearest_high'])}"
    return {
        "label": FIGURES.get(figure["figure"], figure["figure"]),
        "note": figure["note"],
        "original": write(figure["original"]),
        "here": here,
        "interval": interval,
        "verdict": figure["verdict"],
        "nearest": write(figure["nearest_here"]),
        "nearest_interval": near_interval,
        "nearest_verdict": figure["nearest_verdict"],
    }


def _explanation(item: dict[str, Any]) -> dict[str, Any]:
    changes = [
        f"{PARAMETERS.get(key, key)} {number(there)} where {number(stated)} is stated"
        for key, (stated, there) in item["differs"].items()
    ]
    fits = f"{item['consistent']} of {plural(item['judged'], 'figure')} consistent"
    return {"cell": item["cell"], "text": "; ".join([fits, *changes])}
