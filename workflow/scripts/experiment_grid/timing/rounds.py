"""Interleaved rounds: everything is measured again and again in a changing order, so that what slows the machine for a
while slows all of it. The steps are shared out so that the whole takes no longer than it may, whatever the grid."""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from time import perf_counter
from typing import NamedTuple, Protocol

STEPS = 30  # of each at a visit: a few hundred in all rounds
ROUNDS = (10, 5, 3)  # where fewer rounds leave each visit enough steps
ENOUGH = 5  # steps at a visit
PILOT = 3  # steps of the first visit, which shows how long a visit takes and counts for nothing
IMPORTING = 1  # seconds of a start that may have imported something: it is made again, which does not
PILOT_SHARE = 0.25  # of the time, for first visits
FIRST = 5  # first visits after which it is known whether recorded steps can be afforded


class Startable(Protocol):
    """Something to measure: `start` creates it anew and returns a function from a number of steps to seconds."""

    def start(self, round_: int, *, recorded: bool) -> Callable[[int], float]: ...


class Visit(NamedTuple):
    """What was measured at once: `seconds` of so many steps of the way with this index."""

    way: int
    round: int
    steps: int
    seconds: float


class Cost(NamedTuple):
    """Seconds that a visit takes before the clock starts, and those of a step."""

    start: float
    step: float

    def of(self, steps: int) -> float:
        return self.start + steps * self.step


class Measured(NamedTuple):
    """All visits, and whether steps were recorded as in training: many cells leave no time for that."""

    visits: list[Visit]
    recorded: bool


def measure(ways: Sequence[Startable], end: float) -> Measured:
    """Visit all `ways` in rounds until `perf_counter()` says `end`, at the latest."""
    recorded = True
    costs = _pilot(ways, end, recorded=True)
    if costs is None:
        recorded = False
        costs = _pilot(ways, end, recorded=False) or []
    rounds, steps = share_out(costs, end - perf_counter())
    visits = []
    for number in range(1, rounds + 1):
        order = list(range(len(ways)))
        Random(number).shuffle(order)
        for index in order:
            if perf_counter() + costs[index].of(steps) < end:
                run = ways[index].start(number, recorded=recorded)
                visits.append(Visit(index, number, steps, run(steps)))
    return Measured(visits, recorded)


def share_out(costs: Sequence[Cost], seconds: float) -> tuple[int, int]:
    """(rounds, steps at a visit) that `seconds` have room for."""
    start, step = sum(cost.start for cost in costs), sum(cost.step for cost in costs)
    for rounds in ROUNDS:
        steps = min(STEPS, int((seconds / rounds - start) / step)) if step else STEPS
        if steps >= ENOUGH:
            break
    return rounds, max(1, steps)


def _pilot(ways: Sequence[Startable], end: float, *, recorded: bool) -> list[Cost] | None:
    """What a visit costs; ways not tried in the time available cost as much as one of those tried. None: recorded
    steps cost too much."""
    costs: dict[int, Cost] = {}
    order = list(range(len(ways)))
    Random(0).shuffle(order)
    enough = perf_counter() + PILOT_SHARE * (end - perf_counter())
    for done, index in enumerate(order, start=1):
        started = perf_counter()
        if costs and started >= enough:
            break
        run = ways[index].start(0, recorded=recorded)
        if perf_counter() - started > IMPORTING:
            started = perf_counter()
            run = ways[index].start(0, recorded=recorded)
        ready = perf_counter()
        costs[index] = Cost(ready - started, run(PILOT) / PILOT)
        spent = _typical(costs).of(PILOT)
        visits = len(ways) * (1 + ROUNDS[-1]) - done
        if recorded and done >= FIRST and perf_counter() + visits * spent > end:
            return None
    usual = _typical(costs)
    return [costs.get(index, usual) for index in range(len(ways))]


def _typical(costs: Mapping[int, Cost]) -> Cost:
    """The median: the first visit may include imports."""
    return sorted(costs.values(), key=lambda cost: cost.of(PILOT))[len(costs) // 2]
