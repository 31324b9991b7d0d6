"""The comparison tables, recomputed from the cells' files with NumPy and SciPy only."""

import json
import math
from itertools import combinations

import numpy as np
import pytest
from scipy import stats
from tables import rows

CONFIDENCE = 0.95
ALPHA = 1 - CONFIDENCE
# An original report of one row, beside which the finished run is compared.
STATED = {"hidden": [16], "batch_size": 32, "learning_rate": 0.01}
FIGURES = {"train_loss": 0.02, "train_correct": 900, "train_images": 1038, "minutes": 0.5, "test_correct": 430}
FIGURES |= {"test_images": 500, "test_f1": 0.86, "test_accuracy": 0.86}
ROW = {"row": "a", "heading": "A", "cell": "grid-batch-32", "stated": STATED, "figures": FIGURES, "notes": {}}
TIME = {"cell": "narrow", "stated": {}, "minutes": 0.25, "note": "A note."}


def claim_on(measure):
    """A claim on the effect of the batch size."""
    claim = {"claim": "c", "says": "So.", "source": "figures", "quote": None, "measure": measure, "where": {}}
    return claim | {"direction": "lower", "factor": ["batch_size"], "where_ours_differs": None}


class CellFiles:
    """A cell's files, as NumPy has them."""

    def __init__(self, folder):
        self.run = json.loads((folder / "run.json").read_text("utf-8"))
        self.history, self.tests = rows(folder / "history.csv"), rows(folder / "evaluation.csv")
        with np.load(folder / "predictions.npz") as file:
            logs, self.labels = file["log_probabilities"].astype(float), file["labels"]
            self.seeds, self.epochs = file["seeds"].tolist(), file["chosen_epochs"].tolist()
        self.predicted = logs.argmax(axis=2)
        self.right = self.predicted == self.labels
        self.log_loss = -logs[:, np.arange(len(self.labels)), self.labels]
        self.accuracy = self.right.mean(axis=1)
        ranked = sorted(range(len(self.seeds)), key=lambda s: (self.at("validation_accuracy")[s], s))
        self.representative = ranked[(len(ranked) - 1) // 2]

    def at(self, column, epochs=None):
        """A figure of each seed at its chosen epoch."""
        rows = self.tests if column.startswith("test_") else self.history
        found = {(int(row["seed"]), int(row["epoch"])): float(row[column]) for row in rows}
        return np.array([found[pair] for pair in zip(self.seeds, epochs or self.epochs, strict=True)])

    def seconds(self, reduce):
        return np.array(
            [reduce([float(r["seconds"]) for r in self.history if int(r["seed"]) == s]) for s in self.seeds]
        )

    def scores(self):
        """Macro precision, recall and F1, and F1 weighted by support, of each seed."""
        made = []
        for predicted in self.predicted:
            rows = []
            for k in sorted({*self.labels.tolist()} | {*predicted.tolist()}):
                hits, said, true = (
                    ((predicted == k) & (self.labels == k)).sum(),
                    (predicted == k).sum(),
                    (self.labels == k).sum(),
                )
                rows.append((hits / said if said else 0, hits / true if true else 0, 2 * hits / (said + true), true))
            rows = np.array(rows, float)
            made.append([*rows[:, :3].mean(axis=0), (rows[:, 2] * rows[:, 3]).sum() / rows[:, 3].sum()])
        return np.array(made).T


def pooled(variances, n):
    """Variance that counts, degrees of freedom and those of the average (no cell here is out of all proportion)."""
    variances, own = np.array(variances), n - 1
    for place in range(len(variances)):
        rest = np.delete(variances, place).mean()
        assert stats.f.sf(variances[place] / rest, own, own * (len(variances) - 1)) > 0.0001 / len(variances)
    average, total = variances.mean(), own * len(variances)
    stands_out = stats.f.sf(variances / average, own, total) < 0.05
    return np.maximum(variances, average), np.where(stands_out, own, total), total


def images_share(one, other, n_images):
    """Covariance of different seeds' answers, image by image, over the number of images."""
    pairs = [np.cov(a, b)[0, 1] for i, a in enumerate(one) for j, b in enumerate(other) if i != j]
    return np.mean(pairs) / n_images


def compared(cells, values, answers, ends):
    """Differences of the cells' means with standard error and degrees of freedom; `answers` None: no images in it."""
    n, names = len(next(iter(values.values()))), [*values]
    rounding = 0 if answers is None or answers[names[0]].dtype != bool else 1 / (12 * len(cells[names[0]].labels) ** 2)
    variance, degrees, total = pooled([values[name].var(ddof=1) + rounding for name in names], n)
    found = []
    for first, second in ends:
        i, j = names.index(first), names.index(second)
        share = 0.0
        if answers is not None:
            own = [answers[name].astype(float) for name in (first, second)]
            m = own[0].shape[1]
            share = images_share(own[0], own[0], m) + images_share(own[1], own[1], m) - 2 * images_share(*own, m)
        parts = variance[[i, j]] / n
        error2 = parts.sum() + max(share, 0)
        freedom = min(error2**2 / (parts**2 / degrees[[i, j]]).sum(), total)
        found.append(
            (values[second].mean() - values[first].mean(), math.sqrt(error2), freedom, variance[i] + variance[j])
        )
    return found


def by_holm(p):
    order, adjusted, running = sorted(range(len(p)), key=lambda k: p[k]), [0.0] * len(p), 0.0
    for place, k in enumerate(order):
        running = max(running, min(1.0, p[k] * (len(p) - place)))
        adjusted[k] = running
    return adjusted


def number(text):
    return math.nan if text == "" else float(text)


def equal(text, value, **tolerance):
    assert number(text) == pytest.approx(value, nan_ok=True, **({"rel": 1e-6, "abs": 1e-9} | tolerance))


def differing(settings):
    """(factor, from, to) of the pairs of cells that differ in one parameter, by hand: from the lower value."""
    cells, found = settings["cells"], []
    for one, other in combinations(cells, 2):
        keys = [k for k in one["parameters"] if one["parameters"][k] != other["parameters"][k]]
        if len(keys) == 1:
            first, second = sorted((one, other), key=lambda c: c["parameters"][keys[0]])
            if second["name"] == settings["baseline"]:
                first, second = second, first
            found.append((keys[0], first["name"], second["name"], *(c["parameters"][keys[0]] for c in (first, second))))
    return found


def batch(settings, name):
    return next(cell["parameters"]["batch_size"] for cell in settings["cells"] if cell["name"] == name)
