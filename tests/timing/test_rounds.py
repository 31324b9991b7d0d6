"""Interleaved rounds and the number of steps in each, with a simulated clock."""

import pytest

from experiment_grid.timing import rounds
from experiment_grid.timing.rounds import Cost, measure, share_out

START, STEP = 0.03, 0.0005


class Clock:
    """What `perf_counter` reads; each visit of a way advances it by its cost."""

    def __init__(self, monkeypatch):
        self.now = 100.0
        monkeypatch.setattr(rounds, "perf_counter", lambda: self.now)

    def ways(self, count, start=START, step=STEP, plain=0.005):
        return [Way(self, start, step, plain) for _ in range(count)]


class Way:
    def __init__(self, clock, start, step, plain):
        self.clock, self.costs, self.step = clock, {True: start, False: plain}, step

    def start(self, round_, *, recorded):
        self.clock.now += self.costs[recorded]
        return self.run

    def run(self, steps):
        self.clock.now += steps * self.step
        return steps * self.step


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


@pytest.mark.parametrize("count", [1, 9, 40, 150, 1000, 5000])
def test_no_grid_takes_longer_than_allowed(clock, count):
    end = clock.now + 30
    measured = measure(clock.ways(count), end)
    assert clock.now <= end + 0.0065  # the first visit of a way, whose cost is unknown
    by_way = {way: [visit for visit in measured.visits if visit.way == way] for way in range(count)}
    assert all(len({visit.steps for visit in visits}) <= 1 for visits in by_way.values())
    if count <= 1000:
        assert min(map(len, by_way.values())) >= 2


def test_few_cells_get_a_few_hundred_steps_each(clock):
    measured = measure(clock.ways(12), clock.now + 30)
    assert measured.recorded
    assert {sum(visit.steps for visit in measured.visits if visit.way == way) for way in range(12)} == {300}


def test_everything_is_measured_once_in_a_round_in_changing_order(clock):
    measured = measure(clock.ways(5), clock.now + 30)
    orders = [[visit.way for visit in measured.visits if visit.round == number] for number in range(1, 11)]
    assert all(sorted(order) == list(range(5)) for order in orders)
    assert len(set(map(tuple, orders))) > 5


def test_many_cells_are_measured_without_recording_their_steps(clock):
    """Making and checking a recording takes as long as some 30 steps."""
    assert measure(clock.ways(100), clock.now + 30).recorded
    assert not measure(clock.ways(1000), clock.now + 30).recorded


def test_imports_at_the_first_start_are_no_cost_of_a_visit(clock):
    """torchvision, or the first object of torch.optim, take seconds to import, once."""
    ways = clock.ways(15)
    start = ways[7].start

    def importing(round_, *, recorded):
        clock.now += 7
        ways[7].start = start
        return start(round_, recorded=recorded)

    ways[7].start = importing
    measured = measure(ways, clock.now + 25)
    assert {sum(visit.steps for visit in measured.visits if visit.way == way) for way in range(15)} == {300}


def test_slow_steps_get_fewer(clock):
    measured = measure(clock.ways(3, step=0.1), clock.now + 30)
    assert all(visit.steps < 30 for visit in measured.visits) and clock.now <= 130


def test_ways_without_time_left_are_left_out(clock):
    measured = measure(clock.ways(4, start=9, plain=9), clock.now + 30)
    assert clock.now <= 130 and len(measured.visits) <= 2


@pytest.mark.parametrize(
    ("costs", "seconds", "shared"),
    [
        ([Cost(0.01, 0.001)] * 10, 30, (10, 30)),
        ([Cost(0.01, 0.001)] * 100, 30.05, (10, 20)),
        ([Cost(0.01, 0.001)] * 300, 30, (5, 10)),
        ([Cost(0.01, 0.001)] * 600, 30, (3, 6)),
        ([Cost(0.01, 0.001)] * 5000, 30, (3, 1)),
        ([], 30, (10, 30)),
    ],
)
def test_rounds_and_steps(costs, seconds, shared):
    assert share_out(costs, seconds) == shared
