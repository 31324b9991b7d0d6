"""comparison.csv and effects.csv, every column, recomputed from the files of a finished run.

Nothing that computes here comes from the project; docs/files.md says what a column means.
"""

import math
import zlib
from itertools import product

import numpy as np
from recomputed import ALPHA, CONFIDENCE, by_holm, compared, differing, equal
from scipy import stats


def test_comparison(compared_run):
    cells, settings, tables = compared_run
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


def test_effects(compared_run):
    cells, settings, tables = compared_run
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
