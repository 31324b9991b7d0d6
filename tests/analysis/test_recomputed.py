"""comparison.csv, effects.csv, reference.csv and timing.csv, every column, recomputed from the files of a finished run.

By NumPy and SciPy alone: nothing that computes here comes from the project. What a column means is in docs/files.md.
"""

import csv
import json
import math
import zlib
from itertools import combinations, product

import numpy as np
import pytest
from compare import compare
from scipy import stats
from test_compare import OUTPUTS

CONFIDENCE = 0.95
ALPHA = 1 - CONFIDENCE
CELLS = ("wide", "narrow", "grid-batch-32", "grid-batch-128")
STATED = {"hidden": [16], "batch_size": 32, "learning_rate": 0.01}
FIGURES = {"train_loss": 0.02, "train_correct": 900, "train_images": 1038, "minutes": 0.5, "test_correct": 430}
FIGURES |= {"test_images": 500, "test_f1": 0.86, "test_accuracy": 0.86}


@pytest.fixture(scope="module")
def run(finished, tmp_path_factory):
    """The finished run's files, and the tables that compare makes of them beside an original report of one row."""
    results = finished / "results"
    settings = json.loads((results / "plan/compare.json").read_text("utf-8"))["recipe"]["settings"]
    row = {"row": "a", "heading": "A", "cell": "grid-batch-32", "stated": STATED, "figures": FIGURES, "notes": {}}
    times = [{"cell": "narrow", "stated": {}, "minutes": 0.25, "note": "A note."}]
    claim = {"claim": "c", "says": "So.", "source": "figures", "quote": None, "measure": "train_loss", "where": {}}
    claim |= {"direction": "lower", "factor": ["batch_size"], "where_ours_differs": None}
    reference = {"title": "t", "rows": [row], "times": times, "claims": [claim], "not_stated": {}}
    folder = tmp_path_factory.mktemp("recomputed")
    (folder / "comparison").mkdir()
    cells = {cell["name"]: results / "cells" / cell["name"] for cell in settings["cells"]}
    outputs = {name: folder / file for name, file in OUTPUTS.items()}
    compare(settings | {"reference": reference}, cells, outputs, results / "plan/compare.json", [])
    return {name: Cell(folder) for name, folder in cells.items()}, settings, {n: table(outputs[n]) for n in TABLES}


TABLES = ("comparison", "effects", "reference")


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class Cell:
    """A cell's files, as NumPy has them."""

    def __init__(self, folder):
        self.run = json.loads((folder / "run.json").read_text("utf-8"))
        self.history, self.tests = table(folder / "history.csv"), table(folder / "evaluation.csv")
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


def test_comparison(run):
    cells, settings, tables = run
    rows = tables["comparison"]
    parameters = [c["parameters"] for c in settings["cells"]]
    checked = {"cell"}
    assert [row["cell"] for row in rows] == [c["name"] for c in settings["cells"]]
    for row, stated in zip(rows, parameters, strict=True):
        cell = cells[row["cell"]]
        for key, value in stated.items():
            if key in row and key not in ("seeds", "device"):
                shown = "-".join(map(str, value)) if isinstance(value, list) else str(value)
                assert row[key] == (shown.lower() if isinstance(value, bool) else shown), key
                checked.add(key)
        last = [max(int(r["epoch"]) for r in cell.history)] * len(cell.seeds)
        precision, recall, f1, _ = cell.scores()
        means = {
            name: cell.at(name) for name in ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
        }
        means |= {
            "test_loss": cell.at("test_loss"),
            "test_accuracy": cell.accuracy,
            "chosen_epoch": np.array(cell.epochs),
        }
        means |= {"test_precision_macro": precision, "test_recall_macro": recall, "test_f1_macro": f1}
        means |= {"train_seconds": cell.seconds(sum), "seconds_per_epoch": cell.seconds(np.mean)}
        means |= {f"last_{name}": cell.at(name, last) for name in ("test_loss", "test_accuracy")}
        means["last_test_f1_macro"] = f1  # the last epoch is the chosen one here
        for name, values in means.items():
            equal(row[name], values.mean())
        interval = stats.t.interval(CONFIDENCE, len(cell.seeds) - 1, cell.accuracy.mean(), stats.sem(cell.accuracy))
        equal(row["test_accuracy_low"], max(0, interval[0]))
        equal(row["test_accuracy_high"], min(1, interval[1]))
        equal(row["test_accuracy_sd"], cell.accuracy.std(ddof=1))
        equal(row["validation_accuracy_sd"], cell.at("validation_accuracy").std(ddof=1))
        equal(row["images_per_second"], cell.run["training_images"] / cell.seconds(np.mean).mean())
        texts = {"seeds": 2, "seeds_ok": 2, "parameters": cell.run["parameters_count"], "device": "cpu", "status": "ok"}
        texts |= {"interval": "seeds", "representative_seed": cell.seeds[cell.representative]}
        assert {key: row[key] for key in texts} == {key: str(value) for key, value in texts.items()}
        checked |= {
            *means,
            *texts,
            "test_accuracy_low",
            "test_accuracy_high",
            "test_accuracy_sd",
            "validation_accuracy_sd",
        }
    assert {*rows[0]} - checked == {"images_per_second"}


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


def test_effects(run):
    cells, settings, tables = run
    rows, pairs = tables["effects"], differing(settings)
    assert {(row["from"], row["to"]) for row in rows} == {pair[1:3] for pair in pairs} and rows
    ends = [(row["from"], row["to"]) for row in rows]
    accuracy = {name: cell.accuracy for name, cell in cells.items()}
    found = compared(cells, accuracy, {name: cell.right for name, cell in cells.items()}, ends)
    of_claim = [end for end, row in zip(ends, rows, strict=True) if row["factor"] == "batch_size"]
    found += compared(cells, {name: cell.at("train_loss") for name, cell in cells.items()}, None, of_claim)
    p = [2 * stats.t.sf(abs(d) / error, freedom) for d, error, freedom, _ in found]
    adjusted = by_holm(p)
    losses = {name: cell.log_loss.mean(axis=1) for name, cell in cells.items()}
    by_loss = compared(cells, losses, {name: cell.log_loss for name, cell in cells.items()}, ends)
    exact = [mcnemar(*(cells[name].right[cells[name].representative] for name in end)) for end in ends]
    for k, row in enumerate(rows):
        factor, _, _, one_value, other_value = next(pair for pair in pairs if pair[1:3] == ends[k])
        first, second = cells[row["from"]], cells[row["to"]]
        difference, error, freedom, variance = found[k]
        margin = stats.t.ppf(1 - ALPHA / (2 * len(found)), freedom) * error
        decided = adjusted[k] < ALPHA
        low, high = difference - margin, difference + margin
        if decided:
            low, high = (max(low, 0), high) if difference > 0 else (low, min(high, 0))
        texts = {"factor": "width" if factor == "hidden" else factor, "family": "page", "basis": "seeds and images"}
        texts |= {"from_value": spelled(one_value), "to_value": spelled(other_value), "seeds": "2", "from_seeds": "2"}
        texts |= {
            "to_seeds": "2",
            "is_baseline": str(row["from"] == settings["baseline"]).lower(),
            "decided": str(decided).lower(),
        }
        for end, cell in (("from_seed", first), ("to_seed", second)):
            texts[end] = str(cell.seeds[cell.representative])
        assert {key: row[key] for key in texts} == texts
        numbers = {"difference": difference, "low": low, "high": high, "p": p[k], "p_adjusted": adjusted[k]}
        numbers["seeds_needed"] = (
            math.nan if decided else needed(difference, error**2, freedom, variance, 2, len(found))
        )
        beats = [(b > a) + (b == a) / 2 for a, b in product(first.accuracy, second.accuracy)]
        numbers |= {"probability_higher": np.mean(beats), "seeds_p_floor": 0.5}
        flips = [abs(np.mean((second.accuracy - first.accuracy) * s)) for s in product([1, -1], repeat=2)]
        numbers["seeds_p"] = np.mean(np.array(flips) >= abs(difference) - 1e-12)
        loss, loss_error, loss_freedom, _ = by_loss[k]
        loss_margin = stats.t.ppf(1 - ALPHA / (2 * len(rows)), loss_freedom) * loss_error
        numbers |= {"loss_difference": loss, "loss_low": loss - loss_margin, "loss_high": loss + loss_margin}
        numbers["f1_difference"] = second.scores()[2].mean() - first.scores()[2].mean()
        numbers |= dict.fromkeys(("time_ratio", "time_low", "time_high"), math.nan)  # test_ratios_of_times
        counts, models = exact[k]
        numbers |= counts | {"mcnemar_p": models, "mcnemar_p_adjusted": by_holm([m for _, m in exact])[k]}
        total, b, c = len(first.labels), counts["only_from_right"], counts["only_to_right"]
        draws = np.random.default_rng(zlib.crc32(f"{row['from']}\n{row['to']}".encode())).multinomial(
            total, np.array([b, c, total - b - c]) / total, size=2000
        )
        limits = np.quantile((draws[:, 1] - draws[:, 0]) / total, [ALPHA / 2, 1 - ALPHA / 2])
        numbers |= {"models_difference": (c - b) / total, "models_low": limits[0], "models_high": limits[1]}
        for key, value in numbers.items():
            equal(row[key], value, rel=1e-4)  # images' share is in single precision there
        assert {*row} == {*texts, *numbers, "from", "to"}


def spelled(value):
    return "-".join(map(str, value)) if isinstance(value, list) else str(value)


def mcnemar(one, other):
    """Counts of images, and the exact test's p less half the probability of the split observed."""
    b, c = int((one & ~other).sum()), int((~one & other).sum())
    counts = {"both_right": int((one & other).sum()), "only_from_right": b, "only_to_right": c}
    counts["both_wrong"] = len(one) - sum(counts.values())
    least, n = min(b, c), b + c
    return counts, 1.0 if b == c else 2 * stats.binom.cdf(least, n, 0.5) - stats.binom.pmf(least, n, 0.5)


def needed(difference, error2, freedom, variance, n_now, tests):
    """Seeds for a chance of 80 %, by trying one number after the other."""
    images = error2 - variance / n_now
    for n in range(2, 31):
        f = max(freedom * (n - 1) / (n_now - 1), 1)
        reach = stats.t.ppf(0.8, f) + stats.t.ppf(1 - ALPHA / (2 * tests), f)
        if abs(difference) >= reach * math.sqrt(variance / n + images):
            return n
    return math.nan


def test_reference(run):
    cells, settings, tables = run
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


def batch(settings, name):
    return next(cell["parameters"]["batch_size"] for cell in settings["cells"] if cell["name"] == name)


def test_timing(finished):
    results = finished / "results"
    rows, rounds = table(results / "timing.csv"), table(results / "timing/rounds.csv")
    settings = json.loads((results / "plan/compare.json").read_text("utf-8"))["recipe"]["settings"]
    assert [row["cell"] for row in rows] == [cell["name"] for cell in settings["cells"]]
    for row in rows:
        key = ("measured_as", "device", "way")
        visits = [one for one in rounds if all(one[k] == row[k] for k in key)]
        logs = np.log([float(one["seconds"]) / int(one["steps"]) for one in visits])
        low, high = stats.t.interval(0.95, len(logs) - 1, logs.mean(), stats.sem(logs))
        numbers = {"step_seconds": math.exp(logs.mean()), "low": math.exp(low), "high": math.exp(high)}
        numbers["images_per_second"] = batch(settings, row["cell"]) / math.exp(logs.mean())
        numbers |= {"steps": sum(int(one["steps"]) for one in visits), "rounds": len({one["round"] for one in visits})}
        for column, value in numbers.items():
            equal(row[column], value)
        assert {*row} == {"cell", *key, *numbers}
        assert (row["device"], row["way"], row["measured_as"]) == ("cpu", "trainer", row["cell"])


def test_ratios_of_times(run, finished, tmp_path):
    """Behind claims on time: logarithms of step times from rounds of little noise, with the steps of a training."""
    cells, settings, _ = run
    steps = {name: 0.001 * (place + 1) for place, name in enumerate(cells)}
    noise = {name: np.random.default_rng(place).normal(0, 0.02, 6) for place, name in enumerate(cells)}
    lines = ["measured_as,device,way,round,steps,seconds"]
    lines += [f"{n},cpu,trainer,{r},20,{20 * steps[n] * math.exp(e)!r}" for n in cells for r, e in enumerate(noise[n])]
    (tmp_path / "rounds.csv").write_text("\n".join(lines))
    lines = ["cell,device,way,step_seconds,measured_as", *(f"{n},cpu,trainer,{steps[n]},{n}" for n in cells)]
    (tmp_path / "timing.csv").write_text("\n".join(lines))
    claim = {"claim": "c", "says": "So.", "source": "figures", "quote": None, "measure": "train_seconds", "where": {}}
    claim |= {"direction": "lower", "factor": ["batch_size"], "where_ours_differs": None}
    reference = {"title": "t", "rows": [], "times": [], "claims": [claim], "not_stated": {}}
    (tmp_path / "comparison").mkdir()
    outputs = {name: tmp_path / file for name, file in OUTPUTS.items()}
    folders = {name: finished / "results/cells" / name for name in cells}
    plan = finished / "results/plan/compare.json"
    timing = tmp_path / "timing.csv", tmp_path / "rounds.csv"
    compare(settings | {"reference": reference}, folders, outputs, plan, [], timing)
    (judged,) = json.loads(outputs["claims"].read_text("utf-8"))["claims"]
    ends = [(row["from"], row["to"]) for row in judged["evidence"]]
    assert len(ends) == sum(pair[0] == "batch_size" for pair in differing(settings))
    p = [float(row["p"]) for row in table(outputs["effects"])]

    per_epoch = {
        name: math.ceil((cell.run["training_images"] - 1) / batch(settings, name)) for name, cell in cells.items()
    }
    logs = {name: np.log(2 * per_epoch[name] * steps[name]) + noise[name] for name in cells}
    found = compared(cells, logs, None, ends)
    p += [2 * stats.t.sf(abs(d) / error, freedom) for d, error, freedom, _ in found]
    adjusted = by_holm(p)[-len(found) :]
    for row in table(outputs["effects"]):
        times = [per_epoch[name] * steps[name] * math.exp(noise[name].mean()) for name in (row["from"], row["to"])]
        equal(row["time_ratio"], times[1] / times[0])
        known = next((one for one in judged["evidence"] if one["from"] == row["from"] and one["to"] == row["to"]), {})
        for end in ("low", "high"):
            equal(row[f"time_{end}"], known.get(f"ratio_{end}", math.nan))
    for row, (difference, error, freedom, _), holm in zip(judged["evidence"], found, adjusted, strict=True):
        margin = stats.t.ppf(1 - ALPHA / (2 * len(p)), freedom) * error
        low, high = difference - margin, difference + margin
        if holm < ALPHA:
            low, high = (max(low, 0), high) if difference > 0 else (low, min(high, 0))
        expected = {"ratio": math.exp(difference), "ratio_low": math.exp(low), "ratio_high": math.exp(high)}
        assert {key: row[key] for key in expected} == pytest.approx(expected)
        assert row["p_adjusted"] == pytest.approx(holm) and row["decided"] == (holm < ALPHA)
        assert row["agrees"] == (difference < 0 if holm < ALPHA else None)
