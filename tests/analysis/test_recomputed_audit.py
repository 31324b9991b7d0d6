"""reference.csv, every column, recomputed from the files of a finished run."""

import math

import numpy as np
from recomputed import ALPHA, FIGURES, batch, equal, pooled
from scipy import stats


def test_reference(compared_run):
    cells, settings, tables = compared_run
    rows = {row["figure"]: row for row in tables["reference"] if row["row"] == "a"}
    name, n = "grid-batch-32", 2
    steps = {key: math.ceil(cell.run["training_images"] / batch(settings, key)) for key, cell in cells.items()}
    images = cells[name].run["training_images"]
    values = {"train_loss": lambda c: c.at("train_loss"), "train_correct": lambda c: c.at("train_accuracy")}
    values |= dict.fromkeys(("test_correct", "test_accuracy"), lambda c: c.accuracy)
    values["test_f1"] = lambda c: c.scores()[3]
    expected = {}
    for figure, of in values.items():
        runs = {key: of(cell) for key, cell in cells.items()}
        variance, degrees, _ = pooled([one.var(ddof=1) for one in runs.values()], n)
        for place, key in enumerate(runs):
            unit = steps[key] / cells[key].run["training_images"] if figure == "train_loss" else 1
            hidden = {"train_loss": 0.00005, "test_f1": 0.0000005}.get(figure, 0)
            sd = unit * math.sqrt(variance[place] * (1 + 1 / n))
            margin = stats.t.ppf(1 - ALPHA / 2, degrees[place]) * sd + hidden
            total = {"train_correct": FIGURES["train_images"], "test_correct": FIGURES["test_images"]}.get(figure, 1)
            most = math.inf if figure == "train_loss" else 1
            low, high = max(0, unit * runs[key].mean() - margin), min(most, unit * runs[key].mean() + margin)
            expected[key, figure] = [x * total for x in (unit * runs[key].mean(), low, high, math.hypot(sd, hidden))]
    judged = ("train_loss", "train_correct", "test_correct")
    allowed = [
        key for key, cell in cells.items() if cell.run["training_images"] == FIGURES["train_images"] or key == name
    ]
    scale = {figure: np.median([expected[key, figure][3] for key in allowed]) for figure in judged}
    misfit = {
        k: math.sqrt(np.mean([((FIGURES[f] - expected[k, f][0]) / scale[f]) ** 2 for f in judged])) for k in allowed
    }
    others = sorted((key for key in allowed if key != name), key=misfit.get)
    nearest = others[0] if others and misfit[others[0]] < misfit[name] else ""
    for figure in values:
        row, (here, low, high, _) = rows[figure], expected[name, figure]
        assert (row["cell"], row["seeds"], row["ratio"], row["note"]) == (name, "2", "", "")
        for key, value in {"original": FIGURES[figure], "here": here, "low": low, "high": high}.items():
            equal(row[key], value)
        assert row["verdict"] == ("consistent" if low <= FIGURES[figure] <= high else "differs")
        assert row["nearest_cell"] == nearest
        if nearest:
            here, low, high, _ = expected[nearest, figure]
            for key, value in {"nearest_here": here, "nearest_low": low, "nearest_high": high}.items():
                equal(row[key], value)
            assert row["nearest_verdict"] == ("consistent" if low <= FIGURES[figure] <= high else "differs")
    assert (rows["train_images"]["here"], rows["train_images"]["verdict"]) == (f"{images}.0", "consistent")
    for row, key, minutes in ((rows["minutes"], name, 0.5), (tables["reference"][-1], "narrow", 0.25)):
        equal(row["here"], cells[key].seconds(sum).mean() / 60)
        equal(row["ratio"], cells[key].seconds(sum).mean() / 60 / minutes)
        assert row["verdict"] == "not judged"
    assert tables["reference"][-1]["note"] == "A note."
