"""Errors of the final model: its confusion matrix, its worst errors and on what basis it made them, and what most
cells get wrong."""

from typing import Any

from experiment_grid.format import missing, percent, probability, whole
from experiment_grid.report.results import Results
from experiment_grid.report.sections.cells import CLASSES, commonest, confusion

WORST = 12  # shown at length
COMMONEST = 10  # confusions beside the matrix
HARDEST = 22  # images that most cells get wrong: shown at once; the others are folded
MOST_ALIKE = 20  # pairs of classes that are listed where a table of all would be too large


def context(results: Results) -> dict[str, Any]:
    """What errors.json holds, with its images' places in the atlas."""
    errors = results.errors
    if not errors.get("cell") or (not errors.get("errors") and not errors.get("right")):
        return {"cell": None, "text": "The final cell left no model whose errors could be shown."}
    tiles = {index: tile for tile, index in enumerate(errors["atlas"]["images"])}
    likeness, large = errors["likeness"]["matrix"], len(errors["classes"]) > CLASSES
    cell, matrix = results.cells[results.index[errors["cell"]]], results.confusion.get(errors["cell"])
    cases = [_case(error, errors["classes"], tiles) for error in errors["errors"][:WORST]]
    others = errors["errors"][WORST:]
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
        "worst": cases,
        "more": [_short(error, errors["classes"], tiles) for error in others],
        "more_summary": f"{whole(len(others))} more, worst first",
        "right": [_right(item, errors["classes"], tiles) for item in errors["right"]],
        "right_text": "The first test images of each class that it gets right, and those with the lowest probability.",
        "hard_text": _hard_text(errors["hard"]),
        "hardest": HARDEST,
        "hard": [_hard(item, errors["classes"], tiles, len(results.names)) for item in errors["hard"]],
        "likeness": None if large else [[_likeness(value) for value in row] for row in likeness],
        "alike": _alike(likeness, errors["classes"]) if large else None,
        "index": results.index[errors["cell"]],
        "confusion": confusion(matrix[cell["chosen_epoch"] - 1], cell) if matrix is not None else None,
        "commonest": commonest(matrix[cell["chosen_epoch"] - 1], cell)[:COMMONEST] if matrix is not None else [],
        "findings": [
            one["text"] for one in results.findings["findings"] if one["kind"] == "final" and "ece" in one["figures"]
        ],
    }


def _case(error: dict[str, Any], classes: list[str], tiles: dict[int, int]) -> dict[str, Any]:
    true, predicted = classes[error["true"]], classes[error["predicted"]]
    return {
        "true": true,
        "predicted": predicted,
        "text": error["text"],
        "tile": tiles.get(error["index"]),
        "label": f"Test image {error['index']}: {true}, taken for {predicted}",
        "attribution": error["attribution"],
        "attribution_label": f"Attribution: pixels for {predicted} (orange) and for {true} (blue)",
        "nearest_predicted": _place(error["nearest_predicted"]),
        "nearest_predicted_label": f"Nearest training image of {predicted}",
        "nearest_true": _place(error["nearest_true"]),
        "nearest_true_label": f"Nearest training image of {true}",
        "bars": [_bar(classes[kind], value, kind == error["true"]) for kind, value in answers(error)],
    }


def answers(error: dict[str, Any]) -> list[tuple[int, float]]:
    """The likeliest classes with their probabilities, the true one among them."""
    found = [(error["predicted"], error["probability"]), *error["runners_up"]]
    return (
        found if error["true"] in [kind for kind, _ in found] else [*found, (error["true"], error["true_probability"])]
    )


def _short(error: dict[str, Any], classes: list[str], tiles: dict[int, int]) -> dict[str, Any]:
    """An error as a small picture; scripts open its card."""
    true, predicted = classes[error["true"]], classes[error["predicted"]]
    return {
        "tile": tiles.get(error["index"]),
        "label": f"Test image {error['index']}: {true}, taken for {predicted}",
        "caption": f"{true} taken for {predicted}, {probability(error['probability'])}",
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


def _hard_text(hard: list[dict[str, Any]]) -> str:
    shown = f"The {len(hard)} images" if len(hard) > 1 else "The one image"
    return f"{shown} that most models get wrong. Models with the same predictions count once."


def _hard(item: dict[str, Any], classes: list[str], tiles: dict[int, int], cells: int) -> dict[str, Any]:
    true, taken = classes[item["true"]], classes[item["commonest"]]
    return {
        "tile": tiles.get(item["index"]),
        "label": f"Test image {item['index']}: {true}",
        "caption": f"{true}, mostly taken for {taken}; wrong in {item['cells_wrong']} of {item['cells']}",
    }


def _alike(likeness: list[list[float | None]], classes: list[str]) -> list[dict[str, str]]:
    """The pairs of classes that look most alike."""
    pairs = [
        (value, one, other)
        for one in range(len(classes))
        for other in range(one)
        if not missing(value := likeness[one][other])
    ]
    pairs.sort(key=lambda pair: (-pair[0], pair[1:]))
    return [
        {"classes": f"{classes[other]} and {classes[one]}", "likeness": f"{value:.2f}"}
        for value, one, other in pairs[:MOST_ALIKE]
    ]


def _likeness(value: float | None) -> dict[str, Any]:
    if missing(value):
        return {"text": "–", "heat": 0}
    return {"text": f"{value:.2f}", "heat": max(0, min(9, round(9 * value)))}
