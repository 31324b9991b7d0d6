"""Figures in words: one way to write a difference with its interval, for findings, claims and audit."""

import math

from experiment_grid import format as page

MINUS = "\N{MINUS SIGN}"
SHARES = ("accuracy", "f1", "precision", "recall")


def measured(measure: str) -> str:
    """A column's name at the beginning of a sentence: `test_accuracy` → `Test accuracy`."""
    names = {"train_seconds": "Time of all steps", "seconds_per_epoch": "Time of an epoch's steps"}
    names["loader_seconds"] = "Time of a step"
    return names.get(measure, measure.replace("_", " ").replace("train ", "training ").capitalize())


def signed(measure: str, value: float, low: float | None = None, high: float | None = None) -> str:
    """A difference with its unit and interval: `+0.91 points (+0.61 to +1.21)`; no interval where there is none."""
    scale, digits, unit = _form(measure, max(abs(x) for x in (value, low or 0, high or 0) if not math.isnan(x)))
    text = f"{_number(value * scale, digits)}{unit}"
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return text
    ends = [_number(end * scale, digits) for end in (low, high)]
    if 0 <= low < high and ends[0] == _number(0, digits):  # an end leaves zero out, by less than the digits show
        ends[0] = "above 0"
    if low < high <= 0 and ends[1] == _number(0, digits):
        ends[1] = "below 0"
    return f"{text} ({ends[0]} to {ends[1]})"


def ratio(value: float, low: float | None = None, high: float | None = None) -> str:
    """A difference of logarithms as a ratio with its interval: `× 1.58 (1.52 to 1.77)`."""
    text = f"× {significant(math.exp(value))}"
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return text
    return f"{text} ({significant(math.exp(low))} to {significant(math.exp(high))})"


def significant(value: float) -> str:
    """Three significant digits, as the page's tables have them."""
    return page.significant(value)


def percent(value: float) -> str:
    """A share as per cent with two digits."""
    return page.percent(value)


def p_value(p: float) -> str:
    """An adjusted p value: `adjusted p = 0.012`, `adjusted p < 0.001`."""
    return "adjusted p < 0.001" if p < 0.001 else f"adjusted p = {page.p_value(p)}"


def listed(names: list[str], most: int = 6) -> str:
    """`a, b and c`; beyond `most` the rest is counted."""
    if len(names) > most:
        names = [*names[:most], f"{len(names) - most} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _form(measure: str, size: float) -> tuple[int, int, str]:
    if any(share in measure for share in SHARES):
        return 100, 2, " points"
    if "seconds" in measure:
        return 1, 1 if size >= 1 else 3, " s"
    return 1, 4, ""


def _number(value: float, digits: int) -> str:
    """With its sign, a real minus, and no sign at zero."""
    rounded = round(value, digits)
    if rounded == 0:
        return f"{0:.{digits}f}"
    return f"{'+' if rounded > 0 else MINUS}{abs(rounded):.{digits}f}"
