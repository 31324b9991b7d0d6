"""A sample of cells: points of a Sobol' sequence, and the values of each axis at them.

The sequence spreads a few points over all axes more evenly than independent draws, and continues where more are asked
for.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from experiment_grid.config.annotations import alike
from experiment_grid.config.cell_keys import Sample

SETTINGS = ("number", "seed")  # of a sample; its other keys are axes
MOST_POINTS = 2**16  # looked at for cells that are not left out and not the same as others
STEPS = 10_000  # at least, that a range is divided into


def distributions(sample: Mapping[str, Any]) -> dict[str, tuple[str, list[Any]]]:
    """What each axis is drawn from, such as ("log_uniform", [0.0001, 0.1])."""
    return {axis: next(iter(drawn.items())) for axis, drawn in sample.items() if axis not in SETTINGS}


def seed_of(sample: Mapping[str, Any]) -> int:
    """The seed of the sequence."""
    seed: int = sample.get("seed", Sample.model_fields["seed"].default)
    return seed


def draw(sample: Mapping[str, Any], exclude: Sequence[Mapping[str, Any]] = ()) -> dict[int, dict[str, Any]]:
    """The values of each cell by the number of its point in the sequence, from 1: of those that no entry of `exclude`
    matches, and that are no cell yet, the first `number`; fewer where there are not as many."""
    axes = distributions(sample)
    order = sorted(axes)  # the same cells in whatever order the file has the axes
    found: dict[int, dict[str, Any]] = {}
    known = set()
    enough = min(sample["number"], _combinations(axes))
    most = max(MOST_POINTS, 2 * enough)
    for number, point in enumerate(islice(_points(len(axes), seed_of(sample), enough), most), 1):
        drawn = {axis: _value(*axes[axis], share) for axis, share in zip(order, point, strict=True)}
        values = {axis: drawn[axis] for axis in axes}
        if repr(values) not in known and not any(matches(entry, values) for entry in exclude):
            known.add(repr(values))
            found[number] = values
            if len(found) == enough:
                break
    return found


def matches(entry: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Whether a combination has all values of an entry of `exclude`."""
    return all(covers(wanted, values[axis]) for axis, wanted in entry.items())


def covers(wanted: Any, value: Any) -> bool:
    """Whether a value is the one wanted, or in the range `{above: …, below: …}`."""
    if is_range(wanted):
        return bool(wanted.get("above", -math.inf) < value < wanted.get("below", math.inf))
    return bool(alike(wanted) == alike(value))


def is_range(wanted: Any) -> bool:
    """Whether an entry of `exclude` has a range of numbers for an axis."""
    if not isinstance(wanted, Mapping) or not wanted or not wanted.keys() <= {"above", "below"}:
        return False
    return all(isinstance(bound, int | float) and not isinstance(bound, bool) for bound in wanted.values())


def between(kind: str, bounds: list[Any]) -> float:
    """A value of a range that is neither end: where the parameter is a whole number, one that is none is refused."""
    value: float = _value(kind, bounds, 0.4142)
    return value


def _points(axes: int, seed: int, number: int) -> Iterator[Sequence[float]]:
    """Points [axes] from 0 to below 1, without end; each power of two of them is spread evenly over all axes."""
    from scipy.stats import qmc  # over a second of the CPU: for those who sample

    engine = qmc.Sobol(axes, scramble=True, rng=seed)
    yield from engine.random_base2(max(number - 1, 1).bit_length()).tolist()
    while True:
        yield from engine.random(engine.num_generated).tolist()


def _combinations(axes: Mapping[str, tuple[str, list[Any]]]) -> float:
    return math.prod(len(values) if kind == "choice" else math.inf for kind, values in axes.values())


def _value(kind: str, values: list[Any], share: float) -> Any:
    """The value at a share of an axis from 0 to below 1. Numbers are rounded: they are written in tables, and the last
    bits of a logarithm are another processor's own."""
    if kind == "choice":
        return values[int(share * len(values))]
    low, high = values
    if kind == "int_uniform":
        return int(low) + int(share * (high - low + 1))
    if kind == "log_int_uniform":
        return min(int(low * ((high + 1) / low) ** share), int(high))
    if kind == "uniform":
        return float(min(max(round(low + share * (high - low), _digits(high - low)), low), high))
    value = low * (high / low) ** share
    digits = _digits(min(math.log(high / low), 1.0)) - math.floor(math.log10(value)) - 1
    return float(min(max(round(value, digits), low), high))


def _digits(width: float) -> int:
    """Digits behind the point that divide a width into `STEPS` at least."""
    return math.ceil(math.log10(STEPS / width))
