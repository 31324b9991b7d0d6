"""How a run writes numbers, settings and lists: one place for decimals, units, signs and what is missing."""

import math
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import TypeIs  # in `typing` from Python 3.13 on

MISSING = "\u2013"  # en dash
THIN = "\u202f"  # narrow no-break space, between a number and its unit
MINUS = "\u2212"
TIMES = "\u00d7"
LEVELS = (0.001, 0.01, 0.05, 0.1)  # that p values are held against


def missing(value: Any) -> "TypeIs[None]":
    """None and NaN: a figure that could not be computed. What is not missing is not None, for the type checker."""
    return value is None or (isinstance(value, float) and not math.isfinite(value))


def percent(value: float | None, decimals: int = 2, unit: bool = True) -> str:
    """A fraction as per cent: 0.9741 → 97.41 %."""
    return MISSING if missing(value) else f"{100 * value:.{decimals}f}" + (f"{THIN}%" if unit else "")


def level(value: float) -> str:
    """A confidence as per cent, with as many decimals as it has: 95 %, 99.9 %."""
    return f"{100 * value:.10g}{THIN}%"


def probability(value: float | None) -> str:
    """A probability in per cent to one decimal; 0.0 and 100.0 only where it is just that."""
    text = percent(value, 1)
    if missing(value):
        return text
    if text == f"0.0{THIN}%" and value > 0:
        return f"<{THIN}0.1{THIN}%"
    if text == f"100.0{THIN}%" and value < 1:
        return f">{THIN}99.9{THIN}%"
    return text


def points(value: float | None, decimals: int = 2) -> str:
    """A difference of fractions as percentage points with its sign: 0.0042 → +0.42."""
    return MISSING if missing(value) else signed(100 * value, decimals)


def signed(value: float | None, decimals: int = 2) -> str:
    """A number with its sign, a true minus, and no sign on what rounds to zero."""
    if missing(value):
        return MISSING
    text = f"{abs(value):.{decimals}f}"
    if float(text) == 0:
        return text
    return ("+" if value > 0 else MINUS) + text


def fixed(value: float | None, decimals: int) -> str:
    """A number with so many decimals."""
    return MISSING if missing(value) else f"{value:.{decimals}f}"


def significant(value: float | None, digits: int = 3) -> str:
    """A number with so many significant digits, without exponent where it is of everyday size."""
    if missing(value):
        return MISSING
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    if not -5 <= magnitude <= 8:
        return f"{value:.{digits - 1}e}".replace("-", MINUS)
    return f"{value:.{max(0, digits - 1 - magnitude)}f}".replace("-", MINUS)


def whole(value: float | None) -> str:
    """A count with thousands set apart: 60000 → 60,000."""
    return MISSING if missing(value) else f"{round(value):,}"


def p_value(value: float | None) -> str:
    """A p value as journals write it: never zero, and with as many digits as keep it on its side of a level."""
    if missing(value):
        return MISSING
    if value < 0.001:
        return f"<{THIN}0.001"
    texts = (f"{value:.{digits}f}" for digits in range(3 if value < 0.1 else 2, 16))
    return next((text for text in texts if _sides(float(text)) == _sides(value)), str(value))


def _sides(p: float) -> list[bool]:
    return [p < level for level in LEVELS]


def seconds(value: float | None) -> str:
    """A duration in the unit that reads best."""
    if missing(value):
        return MISSING
    if value < 1:
        return f"{1000 * value:.0f}{THIN}ms"
    if value < 120:
        return f"{value:.1f}{THIN}s"
    if value < 7200:
        return f"{value / 60:.1f}{THIN}min"
    return f"{value / 3600:.1f}{THIN}h"


def milliseconds(value: float | None) -> str:
    """A short time, to three digits: 0.243 ms."""
    return MISSING if missing(value) else f"{significant(1000 * value, 3)}{THIN}ms"


def between(write: Callable[[float], str], low: float | None, high: float | None) -> str:
    """An interval; an end that leaves zero out (one at zero does too) by less than the digits show says so."""
    if missing(low) or missing(high):
        return MISSING
    zero = write(0.0)
    least = "above 0" if 0 <= low < high and write(low) == zero else write(low)
    return f"{least} to {'below 0' if low < high <= 0 and write(high) == zero else write(high)}"


def points_interval(low: float | None, high: float | None) -> str:
    """An interval of differences, in percentage points."""
    return between(points, low, high)


def loss_interval(low: float | None, high: float | None) -> str:
    """An interval of differences of losses."""
    return between(lambda value: signed(value, 3), low, high)


def minutes(value: float | None) -> str:
    """Seconds in the original report's unit."""
    return MISSING if missing(value) else f"{significant(value / 60, 3)}{THIN}min"


def ratio(value: float | None) -> str:
    """A ratio of two measures, after a multiplication sign."""
    return MISSING if missing(value) else TIMES + THIN + significant(value, 3)


def moment(value: str | None) -> str:
    """An ISO 8601 time, to the minute: 2026-01-31 12:00 UTC."""
    if not value:
        return MISSING
    return value[:16].replace("T", " ") + " UTC"


def megabytes(size: float) -> str:
    """Bytes in a message: 12.3 MB."""
    return f"{size / 1e6:.1f} MB"


def plural(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun: 1 cell, 2 cells."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(names: Sequence[str], most: int = 6, last: str = "and") -> str:
    """`a, b and c`; beyond `most` the rest is counted: `a, b and 4 more`."""
    if len(names) > most:
        names = [*names[:most], f"{len(names) - most} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"


def plain(value: Any) -> Any:
    """A setting's value in a table of text, exact: 256-128-64 for a list, none for an empty one, true and false."""
    if isinstance(value, list | tuple):
        return "-".join(str(plain(item)) for item in value) or "none"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, dict) else value


def setting(value: Any) -> str:
    """A setting's value as the page writes it, from a record or from a table of text: 0.001, 256-128-64, yes."""
    if missing(value):
        return MISSING
    if isinstance(value, list | tuple):
        return "-".join(map(setting, value)) or plain(value)
    if isinstance(value, float):
        return f"{value:.10g}"
    text = str(plain(value))
    if re.fullmatch(r"-?\d+\.\d*(e[+-]?\d+)?", text):  # a number in a table of text
        return f"{float(text):.10g}"
    return {"true": "yes", "false": "no"}.get(text, text)


FILTERS = {
    function.__name__: function
    for function in (percent, points, signed, significant, whole, p_value, seconds, minutes, ratio, moment)
}
