"""Which cells differ in exactly one factor: found by grouping cells by everything but that factor."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import Any, NamedTuple

from experiment_grid.config.labels import component, in_order

ANY = "*"  # every factor
MOST_PAIRS = 20_000  # beyond it neighbours on an axis are compared, and every cell with the baseline


class Pair(NamedTuple):
    """Two cells (indices) and the one factor in which they differ."""

    factor: str
    first: int
    second: int
    first_value: Any
    second_value: Any


def factor_matches(factor: str, wanted: str) -> bool:
    """Whether a pair's factor is the one asked for; `hidden` means depth, width and both at once, ANY any."""
    return wanted in (factor, ANY) or (wanted == "hidden" and factor in ("depth", "width"))


def levels(parameters: dict[str, Any], device: str) -> dict[str, Any]:
    """The factors' values of a cell with these flat parameters; `device` is what it ran on."""
    return {key: _hashable(value) for key, value in parameters.items() if key != "seeds"} | {"device": device}


def _hashable(value: Any) -> Any:
    if isinstance(value, dict):
        return tuple((key, _hashable(item)) for key, item in sorted(value.items()))
    return tuple(map(_hashable, value)) if isinstance(value, list) else value


def pairs(cells: list[dict[str, Any]], baseline: int | None) -> tuple[list[Pair], int]:
    """All pairs of `cells` (their `levels`) that differ in one factor, the baseline's first; and how many there are.

    Where there are more than `MOST_PAIRS`, only neighbours in the order of the values and pairs with the baseline are
    given. The first cell of a pair is the baseline if it is in it, else the one with the lower value.
    """
    groups = list(_groups(cells))
    n_found = sum(_count([cells[index].get(factor) for index in members]) for factor, members in groups)
    found = []
    for factor, members in groups:
        every = combinations(members, 2) if n_found <= MOST_PAIRS else _thinned(members, baseline)
        found += [_pair(factor, cells, first, second, baseline) for first, second in every]
    found = [pair for pair in found if pair.first_value != pair.second_value]
    order = in_order([*(pair.factor for pair in found)])
    found.sort(key=lambda pair: (pair.first != baseline, order.index(pair.factor), pair.first, pair.second))
    return found, n_found


def _groups(cells: list[dict[str, Any]]) -> Iterator[tuple[str, list[int]]]:
    """(factor, indices of the cells that agree in all else, in the order of the factor's values).

    Between components of different kinds all their options are one factor with them.
    """
    factors = list(dict.fromkeys(key for values in cells for key in values))
    for factor in factors:
        fixed = [other for other in factors if factor not in (other, component(other))]
        groups: defaultdict[tuple[Any, ...], list[int]] = defaultdict(list)
        for index, values in enumerate(cells):
            groups[tuple(values.get(other) for other in fixed)].append(index)
        for members in groups.values():
            if len({cells[index].get(factor) for index in members}) > 1:
                yield factor, sorted(members, key=lambda index: (rank(cells[index].get(factor)), index))


def _count(values: list[Any]) -> int:
    """Number of pairs of different values."""
    return (len(values) ** 2 - sum(same**2 for same in Counter(values).values())) // 2


def _thinned(members: list[int], baseline: int | None) -> Iterator[tuple[int, int]]:
    yield from pairwise(members)
    if baseline is not None and baseline in members:
        place = members.index(baseline)
        yield from ((baseline, other) for at, other in enumerate(members) if abs(at - place) > 1)


def _pair(factor: str, cells: list[dict[str, Any]], first: int, second: int, baseline: int | None) -> Pair:
    if second == baseline:
        first, second = second, first
    values = cells[first].get(factor), cells[second].get(factor)
    return Pair(_what_differs(*values) if factor == "hidden" else factor, first, second, *values)


def _what_differs(first: Any, second: Any) -> str:
    """`width` of as many layers, `depth` where layers were added to the others, else both at once."""
    if len(first) == len(second):
        return "width"
    shorter, longer = sorted((first, second), key=len)
    remaining = iter(longer)
    return "depth" if all(width in remaining for width in shorter) else "hidden"


def rank(value: Any) -> tuple[float, float]:
    """Numbers by size, lists of numbers (networks) by length and sum; other values stay in the order of the cells."""
    if isinstance(value, tuple) and all(isinstance(item, int | float) for item in value):
        return len(value), sum(value)
    return (value, 0) if isinstance(value, int | float) else (0, 0)
