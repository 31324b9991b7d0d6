"""timing.csv, every column, and the ratios of times behind claims, recomputed from rounds of timing."""

import json
import math

import numpy as np
import pytest
from compare import compare
from recomputed import ALPHA, batch, by_holm, claim_on, compared, differing, equal
from scipy import stats
from simulated_cells import compare_outputs
from tables import rows


def test_timing(finished):
    results = finished / "results"
    timed, rounds = rows(results / "timing.csv"), rows(results / "timing/rounds.csv")
    settings = json.loads((results / "plan/compare.json").read_text("utf-8"))["recipe"]["settings"]
    assert [row["cell"] for row in timed] == [cell["name"] for cell in settings["cells"]]
    for row in timed:
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


def test_ratios_of_times(compared_run, finished, tmp_path):
    """Behind claims on time: logarithms of step times from rounds of little noise, with the steps of a training."""
    cells, settings, _ = compared_run
    steps = {name: 0.001 * (place + 1) for place, name in enumerate(cells)}
    noise = {name: np.random.default_rng(place).normal(0, 0.02, 6) for place, name in enumerate(cells)}
    lines = ["measured_as,device,way,round,steps,seconds"]
    lines += [f"{n},cpu,trainer,{r},20,{20 * steps[n] * math.exp(e)!r}" for n in cells for r, e in enumerate(noise[n])]
    (tmp_path / "rounds.csv").write_text("\n".join(lines))
    lines = ["cell,device,way,step_seconds,measured_as", *(f"{n},cpu,trainer,{steps[n]},{n}" for n in cells)]
    (tmp_path / "timing.csv").write_text("\n".join(lines))
    reference = {"title": "t", "rows": [], "times": [], "claims": [claim_on("train_seconds")], "not_stated": {}}
    outputs = compare_outputs(tmp_path)
    folders = {name: finished / "results/cells" / name for name in cells}
    plan = finished / "results/plan/compare.json"
    timing = tmp_path / "timing.csv", tmp_path / "rounds.csv"
    compare(settings | {"reference": reference}, folders, outputs, plan, [], timing)
    (judged,) = json.loads(outputs["claims"].read_text("utf-8"))["claims"]
    ends = [(row["from"], row["to"]) for row in judged["evidence"]]
    assert len(ends) == sum(pair[0] == "batch_size" for pair in differing(settings))
    p = [float(row["p"]) for row in rows(outputs["effects"])]

    per_epoch = {
        name: math.ceil((cell.run["training_images"] - 1) / batch(settings, name)) for name, cell in cells.items()
    }
    logs = {name: np.log(2 * per_epoch[name] * steps[name]) + noise[name] for name in cells}
    found = compared(cells, logs, None, ends)
    p += [2 * stats.t.sf(abs(d) / error, freedom) for d, error, freedom, _ in found]
    adjusted = by_holm(p)[-len(found) :]
    for row in rows(outputs["effects"]):
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
