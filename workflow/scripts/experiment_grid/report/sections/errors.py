"""Errors of the final model: right and wrong predictions, on what basis it erred, the worst, and what most
cells get wrong."""

from typing import Any

from experiment_grid.report.format import missing, percent, probability, whole
from experiment_grid.report.results import Results

WORST = 12  # told at length


def context(results: Results) -> dict[str, Any]:
    """What errors.json holds, with its images' places in the atlas."""
    errors = results.errors
    if not errors.get("cell") or (not errors.get("errors") and not errors.get("right")):
        return {"cell": None, "text": "The final cell left no model whose errors could be shown."}
    tiles = {index: tile for tile, index in enumerate(errors["atlas"]["images"])}
    cases = [_case(error, errors["classes"], tiles) for error in errors["errors"]]
    listed = (
        ""
        if errors["errors_listed"] == errors["errors_total"]
        else f", of which the {whole(errors['errors_listed'])} worst are listed"
    )
    return {
        "cell": errors["cell"],
        "classes": errors["classes"],
        "text": (
            f"{errors['cell']}, seed {errors['seed']}, epoch {errors['epoch']}: "
            f"{whole(errors['wrong'])} of {whole(errors['test_images'])} "
            f"test images wrong ({percent(errors['wrong'] / errors['test_images'])}){listed}."
        ),
        "captions": errors["captions"],
        "worst": cases[:WORST],
        "more": cases[WORST:],
        "more_summary": f"{whole(len(cases) - WORST)} more, worst first",
        "right": [_right(item, errors["classes"], tiles) for item in errors["right"]],
        "right_text": "The first test images of each class that it gets right, and those that it was least sure of.",
        "hard": [_hard(item, errors["classes"], tiles, len(results.names)) for item in errors["hard"]],
        "likeness": [[_likeness(value) for value in row] for row in errors["likeness"]["matrix"]],
    }


def _case(error: dict[str, Any], classes: list[str], tiles: dict[int, int]) -> dict[str, Any]:
    true, predicted = classes[error["true"]], classes[error["predicted"]]
    bars = [(error["predicted"], error["probability"]), *error["runners_up"]]
    if error["true"] not in [kind for kind, _ in bars]:
        bars.append((error["true"], error["true_probability"]))
    return {
        "true": true,
        "predicted": predicted,
        "text": error["text"],
        "tile": tiles.get(error["index"]),
        "label": f"Test image {error['index']}: {true}, taken for {predicted}",
        "attribution": error["attribution"],
        "attribution_label": f"Pixels that spoke for {predicted} (orange) or {true} (blue)",
        "nearest_predicted": _place(error["nearest_predicted"]),
        "nearest_predicted_label": f"Nearest training image of {predicted}",
        "nearest_true": _place(error["nearest_true"]),
        "nearest_true_label": f"Nearest training image of {true}",
        "bars": [_bar(classes[kind], value, kind == error["true"]) for kind, value in bars],
    }


def _place(neighbour: dict[str, Any] | None) -> int | None:
    return neighbour["tile"] if neighbour else None


def _bar(name: str, value: float, true: bool) -> dict[str, Any]:
    return {
        "name": name,
        "value": probability(value),
        "width": f"{100 * value:.1f}",
        "role": "true" if true else "",
    }


def _right(item: dict[str, Any], classes: list[str], tiles: dict[int, int]) -> dict[str, Any]:
    name = classes[item["true"]]
    caption = f"{name}, {probability(item['probability'])}"
    if item["kind"] == "narrow":
        kind, value = item["runner_up"]
        caption += f"; {classes[kind]} {probability(value)}"
    label = f"Test image {item['index']}: {name}, predicted right"
    return {"tile": tiles.get(item["index"]), "label": label, "caption": caption}


def _hard(item: dict[str, Any], classes: list[str], tiles: dict[int, int], cells: int) -> dict[str, Any]:
    true, commonest = classes[item["true"]], classes[item["commonest"]]
    return {
        "tile": tiles.get(item["index"]),
        "label": f"Test image {item['index']}: {true}",
        "caption": f"{true}, mostly taken for {commonest}; {item['cells_wrong']} of {item['cells']} wrong",
    }


def _likeness(value: float | None) -> dict[str, Any]:
    if missing(value):
        return {"text": "–", "heat": 0}
    return {"text": f"{value:.2f}", "heat": max(0, min(9, round(9 * value)))}
