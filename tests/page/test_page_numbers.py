"""Numbers as the page writes them: what is shown must not contradict what it stands for."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from page.numbers import MINUS, probability, seconds_between
from page.parts.findings import _evidence

durations = some.floats(-1e5, 1e5).filter(lambda value: value == 0 or abs(value) > 1e-6)


def numbers(text):
    return [float(one.replace(MINUS, "-")) for one in re.findall(rf"[+{MINUS}]?\d+(?:\.\d+)?", text)]


@given(some.lists(durations, min_size=3, max_size=3))
def test_a_shown_difference_of_times_lies_in_its_shown_interval(three):
    low, value, high = sorted(three)
    shown, interval = seconds_between(value, low, high)
    (middle,), (least, most) = numbers(shown), numbers(interval)
    assert least <= middle <= most
    assert middle == pytest.approx(value, abs=0.01 * max(abs(low), abs(high)))


@pytest.mark.parametrize("measure", ["train_seconds", "test_accuracy", "train_loss"])
def test_the_evidence_of_a_claim_lies_in_its_interval(measure):
    row = {"from": "a", "to": "b", "difference": -3.5826, "low": -5.7189, "high": -1.4462}
    if measure == "train_seconds":
        row["ratio"] = 0.7536
    shown = _evidence(row, measure)
    least, most = numbers(shown["interval"])
    assert least <= numbers(shown["value"])[0] <= most
    if measure == "train_seconds":
        assert shown["value"] == f"{MINUS}3.58\u202fs (×\u202f0.754)"
        assert shown["interval"] == f"{MINUS}5.72\u202fs to {MINUS}1.45\u202fs"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.0 %"), (1e-6, "< 0.1 %"), (0.0006, "0.1 %"), (0.954, "95.4 %"), (0.9999, "> 99.9 %"), (1.0, "100.0 %")],
)
def test_a_probability_is_certain_only_where_it_is(value, text):
    assert probability(value).replace("\u202f", " ") == text
