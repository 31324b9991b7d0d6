"""What was searched, and what each factor does by a model where no two cells differ in it alone."""

from typing import Any

from experiment_grid.config.labels import title
from experiment_grid.format import level, listed, missing, percent, plural, points, points_interval, setting
from experiment_grid.report.results import Results
from experiment_grid.report.sections.marks import difference_scale

RANGES = {
    "uniform": "from {} to {}",
    "log_uniform": "from {} to {} by its logarithm",
    "int_uniform": "whole, from {} to {}",
    "log_int_uniform": "whole, from {} to {} by its logarithm",
}


def context(results: Results) -> dict[str, Any] | None:
    """The searches in sentences, and the model's table; None without a search."""
    searches = results.settings.get("searches")
    if not searches:
        return None
    rows, model = results.model, results.findings["model"]
    scale = difference_scale(
        [abs(row[key]) for row in rows for key in ("difference", "low", "high") if not missing(row[key])]
    )
    factors = list(dict.fromkeys(row["factor"] for row in rows))
    return {
        "drawn": [_drawn(search) for search in searches],
        "text": _text(model, rows, level(results.settings["confidence"])),
        "ticks": scale.ticks,
        "zero": [{"at": scale.at(0.0)}],
        "list": [
            {
                "name": title(factor)[:1].upper() + title(factor)[1:],
                "rows": [_row(row, scale) for row in rows if row["factor"] == factor],
            }
            for factor in factors
        ],
    }


def _drawn(search: dict[str, Any]) -> str:
    axes = [f"{title(axis)} {_values(*drawn)}" for axis, drawn in search["axes"].items()]
    cells = plural(len(search["cells"]), "cell")
    return f"{search['name']}: {cells} at points of a Sobol’ sequence (seed {search['seed']}), {'; '.join(axes)}."


def _values(kind: str, values: list[Any]) -> str:
    if kind in RANGES:
        return RANGES[kind].format(*map(setting, values))
    return listed([*map(setting, values)], len(values), "or")


def _text(model: dict[str, Any], rows: list[dict[str, Any]], confidence: str) -> str:
    if not rows:
        return f"Too few cells with different accuracies ({model['cells']}) for a model of what each factor does."
    left = [title(factor) for factor in model["left_out"]]
    unseparated = f" Not separable from the others: {', '.join(left)}." if left else ""
    share = percent(model["r_squared"], 0)
    return (
        f"A linear model of the test accuracy of {model['cells']} cells: a row is the change that it gives one factor, "
        f"the others held, on average over the search. It explains {share} of the variance (R²) and leaves out what "
        "factors do together. A range has two rows: from its lower to its upper end, and its middle beside the mean of "
        f"both. The {confidence} intervals hold together; a model decides nothing, so no row is called "
        f"significant.{unseparated}"
    )


def _row(row: dict[str, Any], scale: Any) -> dict[str, Any]:
    first, second = (setting(row[key]) for key in ("from_value", "to_value"))
    return {
        "change": f"{first} → {second}" if row["term"] == "change" else f"ends {first} → middle {second}",
        "difference": points(row["difference"]),
        "interval": points_interval(row["low"], row["high"]),
        "mark": scale.mark(row["difference"], row["low"], row["high"]),
    }
