"""Numbers as the page writes them: what is shown must not contradict the value behind it."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from experiment_grid.analysis.phrases import difference
from experiment_grid.format import MINUS, p_value, points_interval, probability
from experiment_grid.report.figures.audit import _labels
from experiment_grid.report.figures.label_placement import shorten
from experiment_grid.report.figures.scales import accuracies, accuracy_ticks, errors, loss_ticks
from experiment_grid.report.figures.style import looks
from experiment_grid.report.figures.time import draw as draw_time
from experiment_grid.report.sections.audit import _figure
from experiment_grid.report.sections.claims import _evidence
from experiment_grid.report.sections.comparison import _epoch


def numbers(text):
    return [float(one.replace(MINUS, "-")) for one in re.findall(rf"[+{MINUS}]?\d+(?:\.\d+)?", text)]


@pytest.mark.parametrize("measure", ["test_accuracy", "train_loss"])
def test_the_evidence_of_a_claim_is_in_its_interval(measure):
    row = {"from": "a", "to": "b", "difference": -3.5826, "low": -5.7189, "high": -1.4462}
    shown = _evidence(row, measure)
    least, most = numbers(shown["interval"])
    assert least <= numbers(shown["value"])[0] <= most


def test_times_behind_a_claim_are_ratios():
    row = {"from": "a", "to": "b", "ratio": 0.7536, "ratio_low": 0.72, "ratio_high": 0.781, "agrees": False}
    shown = _evidence(row, "train_seconds")
    assert (shown["value"], shown["agrees"]) == ("×\u202f0.754", "no")
    assert shown["interval"] == "×\u202f0.720 to ×\u202f0.781"


def test_an_interval_that_excludes_zero_never_seems_to_include_it():
    assert points_interval(0.0, 0.0123) == "above 0 to +1.23"
    assert points_interval(0.0, 0.0) == "0.00 to 0.00"
    assert points_interval(-0.0123, -0.00001) == f"{MINUS}1.23 to below 0"
    assert points_interval(-0.00001, 0.0123) == "0.00 to +1.23"
    assert difference("accuracy", 0.006, 0.0, 0.0123) == "+0.60 points (above 0 to +1.23)"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.0 %"), (1e-6, "< 0.1 %"), (0.0006, "0.1 %"), (0.954, "95.4 %"), (0.9999, "> 99.9 %"), (1.0, "100.0 %")],
)
def test_only_certain_probabilities_are_shown_as_certain(value, text):
    assert probability(value).replace("\u202f", " ") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0497, "0.0497"), (0.04999, "0.04999"), (0.05, "0.050"), (0.0503, "0.050"), (0.0096, "0.0096"), (0.21, "0.21")],
)
def test_a_p_value_is_not_rounded_to_a_level_that_it_is_below(value, text):
    assert p_value(value) == text


def test_an_interval_is_shown_finely_enough_for_its_verdict():
    row = {"figure": "train_loss", "note": None, "ratio": None, "verdict": "differs", "nearest_verdict": None}
    row |= {"original": 0.0008, "here": 0.00069, "low": 0.000588, "high": 0.000791}
    row |= {"nearest_here": 0.00085, "nearest_low": 0.0007, "nearest_high": 0.001}
    shown = _figure(row)
    assert (shown["original"], shown["here"]) == ("0.0008", "0.00069")
    assert shown["interval"] == "0.00059 to 0.00079"
    assert shown["nearest_interval"] == "0.0007 to 0.0010"


def test_labels_that_would_be_equal_are_replaced_by_the_rows_names():
    long = "with 128 images and all else as before"
    titles = {"one": f"Three hidden layers, normalized, {long}", "c": "C"}
    titles["two"] = f"Three hidden layers, as is, {long}"
    rows = [{"row": name, "cell": f"cell-{name}"} for name in titles]
    labels = _labels(rows, titles)
    assert len(set(labels)) == 2 + 1 and all(len(label.splitlines()) <= 2 for label in labels)
    titles["two"] = titles["one"].replace("with 128", "with 256")  # in the middle, which is cut
    assert _labels(rows, titles) == ["one", "c", "two"]


def test_a_long_name_keeps_its_end():
    names = ("learning-rate-0.05-not-normalized", "learning-rate-0.05")
    assert [shorten(name) for name in names] == ["learning-r…ormalized", "learning-rate-0.05"]


@pytest.mark.parametrize(("epoch", "text"), [(10.0, "10"), (3, "3"), (9.3333, "9.33"), (None, "–")])
def test_whole_epochs_are_shown_without_decimals(epoch, text):
    assert _epoch(epoch) == text


def test_the_time_figure_holds_its_intervals():
    row = {"cell": "a", "train_seconds": 2.0, "test_accuracy": 0.97}
    row |= {"test_accuracy_low": 0.9, "test_accuracy_high": 0.995}
    low, high = draw_time([row], looks(1, None), ["a"], False).axes[0].get_ylim()
    assert low < 0.9
    assert high > 0.995


@given(some.tuples(some.floats(0, 0.9999), some.floats(0, 0.9999)).filter(lambda ends: abs(ends[0] - ends[1]) > 1e-4))
def test_ticks_of_accuracies_are_round_and_inside(ends):
    low, high = sorted(ends)
    ticks = accuracy_ticks(low, high)
    assert len(ticks) >= 2
    assert all(low <= tick <= high for tick in ticks)
    digits = [len(f"{100 * tick:.8g}".replace(".", "").strip("0")) for tick in ticks]
    width = high - low
    assert max(digits) <= max(4, 2 - math.floor(math.log10(width))), (low, high, ticks)


@given(some.floats(1e-4, 10), some.floats(1.05, 1e4))
def test_ticks_of_losses_are_inside(low, factor):
    ticks = loss_ticks(low, low * factor)
    assert len(ticks) >= 2
    assert all(low <= tick <= low * factor for tick in ticks)


def test_half_as_many_errors_is_the_same_step_everywhere():
    assert errors(0.99) - errors(0.98) == pytest.approx(errors(0.9) - errors(0.8))
    assert accuracies(errors(0.97)) == pytest.approx(0.97)
