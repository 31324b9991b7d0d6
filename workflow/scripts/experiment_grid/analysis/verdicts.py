"""One way from decided pairs to a verdict, for findings, factors and claims alike.

All pairs of a factor decide, or all under a condition: *confirmed* where one is decided in the claimed direction and
none in the other, *refuted* the reverse, *depends* where some are decided in one direction and some in the other, *not
tested* where there is no pair, else *not decided*. "Is among the factors" needs one decided pair; "changes it most"
one that is beyond those of all other factors.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import pandas as pd

from experiment_grid.analysis.cell_results import CellResults
from experiment_grid.analysis.factor_pairs import Pair, levels, rank
from experiment_grid.column_values import CONFIRMED, COUNTED, DEPENDS, OPEN, REFUTED, SINGLE, UNTESTED
from experiment_grid.config.labels import title
from experiment_grid.format import listed, setting

# Confounders: what changes together with a factor and may cause the difference.
CONFOUNDED = {
    "train_fraction": "Fewer images are fewer steps too: the pairs cannot tell which of the two it is.",
    "batch_size": "A larger batch makes fewer steps of the images: the pairs cannot tell which of the two it is.",
    "depth": "More layers are more weights too: the pairs cannot tell which of the two it is.",
    "hidden": "Layers and neurons change together: the pairs cannot tell which of the two it is.",
}


class Evidence(NamedTuple):
    """The result for two cells that differ in one factor, oriented so that the lower value comes first."""

    first: CellResults
    second: CellResults
    first_value: Any
    second_value: Any
    row: dict[str, Any]  # difference, low, high, p_adjusted, decided, basis; difference and ends turned too
    ordered: bool  # whether the two values have an order

    @property
    def sign(self) -> int:
        """1 or -1 where the difference is decided, else 0."""
        if not self.row["decided"]:
            return 0
        return 1 if self.row["difference"] > 0 else -1


def evidence(pair: Pair, row: dict[str, Any], cells: list[CellResults], order: list[Any] | None = None) -> Evidence:
    """A pair's row of effects.csv, or of another measure; `order` lists the factor's values from first to last."""
    first, second = pair.first_value, pair.second_value
    places = [rank(value) if order is None else (_place(value, order), 0) for value in (first, second)]
    row = {key: row.get(key) for key in ("difference", "low", "high", "p_adjusted", "decided", "basis")}
    if places[0] <= places[1]:
        return Evidence(cells[pair.first], cells[pair.second], first, second, row, places[0] != places[1])
    turned = {"difference": -row["difference"], "low": -row["high"], "high": -row["low"]}
    return Evidence(cells[pair.second], cells[pair.first], second, first, row | turned, True)


def _place(value: Any, order: list[Any]) -> int:
    return next((place for place, other in enumerate(order) if levels({"": other}, "")[""] == value), len(order))


def verdict(found: Iterable[Evidence], direction: str) -> str:
    """The verdict on `higher`, `lower` (along the factor's values) or `different`."""
    found = list(found)
    if not found:
        return UNTESTED
    signs = {one.sign for one in found} - {0}
    if direction == "different":
        return CONFIRMED if signs else OPEN
    claimed = 1 if direction == "higher" else -1
    if signs == {1, -1}:
        return DEPENDS
    return OPEN if not signs else CONFIRMED if claimed in signs else REFUTED


def largest(found: list[Evidence], others: list[Evidence]) -> str:
    """The verdict on a factor that is claimed to change a measure more than any other: the strongest pair of each."""
    if not found or not others:
        return UNTESTED
    (least, most), (other_least, other_most) = (
        [max(ends) for ends in zip(*map(_size, some), strict=True)] for some in (found, others)
    )
    return CONFIRMED if least > other_most else REFUTED if other_least > most else OPEN


def _size(one: Evidence) -> tuple[float, float]:
    """Ends of the interval of a difference without its sign."""
    low, high = one.row["low"], one.row["high"]
    if pd.isna(low) or pd.isna(high):
        return 0.0, math.inf
    return (0.0 if low <= 0 <= high else min(abs(low), abs(high))), max(abs(low), abs(high))


def tendency(found: list[Evidence]) -> str:
    """What a factor does: `higher`, `lower`, `depends`, `different` (values without order), or `not decided`."""
    if verdict(found, "different") == OPEN:
        return OPEN
    if all(one.ordered for one in found):
        return {CONFIRMED: "higher", REFUTED: "lower"}.get(verdict(found, "higher"), DEPENDS)
    by_values: dict[Any, list[Evidence]] = {}
    for one in found:
        by_values.setdefault((one.first_value, one.second_value), []).append(one)
    split = any(verdict(same, "higher") == DEPENDS for same in by_values.values())
    return DEPENDS if split else "different"


def depends_on(found: list[Evidence]) -> str:
    """What the direction depends on, in words: the setting that separates increases from decreases."""
    up, down = ([one for one in found if one.sign == sign] for sign in (1, -1))
    values: dict[str, Callable[[Evidence], str]] = {"its own values": _own}
    fixed = [key for key in dict.fromkeys(key for one in found for key in one.first.parameters) if key != "seeds"]
    for key in fixed:
        if all(one.first.parameters.get(key) == one.second.parameters.get(key) for one in found):
            values[title(key)] = _shared(key)
    apart = [name for name, value in values.items() if not {*map(value, up)} & {*map(value, down)}]
    if not apart:
        return "on something that these pairs do not show"
    where = [f"{name} ({_words(values[name], up)} up, {_words(values[name], down)} down)" for name in apart[:3]]
    if len(apart) > 1:
        return f"on either {' or '.join(where)}; these pairs cannot separate them"
    others = [name for name, value in values.items() if name not in apart and len({*map(value, found)}) > 1]
    if not others:
        return f"on {where[0]}"
    return f"on {where[0]}: of single factors only this one separates the pairs, which differ in {listed(others)} too"


def _own(one: Evidence) -> str:
    return f"{setting(one.first_value)} to {setting(one.second_value)}"


def _shared(key: str) -> Callable[[Evidence], str]:
    return lambda one: setting(one.first.parameters.get(key))


def _words(value: Callable[[Evidence], str], found: list[Evidence]) -> str:
    return listed([*dict.fromkeys(map(value, found))], 3)


def counted(found: list[Evidence]) -> str:
    """How many pairs there are and how many of them are decided, in which direction."""
    single = sum(one.row["basis"] in (None, SINGLE) for one in found)
    up, down = (sum(one.sign == sign for one in found) for sign in (1, -1))
    computed = sum(one.row["basis"] == COUNTED for one in found)
    pairs = "one pair" if len(found) == 1 else f"{len(found):,} pairs"
    if single == len(found):
        return f"{pairs}, single runs or none: nothing is significant"
    if computed:
        tested = [one for one in found if one.row["basis"] != COUNTED]
        rest = f", {counted(tested).partition(', ')[2]}" if tested else ""
        return f"{pairs}{rest}, {computed if tested else 'the ratio' if len(found) == 1 else 'all'} computed"
    if up and down and all(one.ordered for one in found):
        return f"{pairs}, {up} significant upwards and {down} downwards"
    if len(found) == 1:
        return f"{pairs}, {'significant' if up or down else 'not significant'}"
    return f"{pairs}, {up + down} significant"


def is_known(row: dict[str, Any]) -> bool:
    """Whether the pair has a measured difference."""
    return not pd.isna(row["difference"])
