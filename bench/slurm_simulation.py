"""A grid on a GPU cluster, simulated: how long it takes, how busy the GPUs are, what the run waits for.

    python -m bench.slurm_simulation

Simulated are the three that work together: Snakemake (one process that submits, asks for the state of all jobs at
growing intervals and takes in what ended, each costing time), Slurm (starts waiting jobs at its next scheduling pass)
and the nodes (a submission starts Snakemake, then trains its cells one after another). What Snakemake costs is measured
by bench/slurm_queue.py; the other figures are assumptions, named in `Cluster` and `Grid`.
"""

import heapq
import math
import random
from collections import deque
from dataclasses import dataclass

FIRST_PAUSE, LONGER, LONGEST = 40, 10, 180  # s between status checks: snakemake-executor-plugin-slurm 2.8.0


@dataclass(frozen=True)
class Grid:
    """What is to be trained. Seconds per cell: its training, lognormal, and what surrounds it on the node."""

    cells: int = 10_000
    median: float = 20  # s of training
    sigma: float = 0.7  # of its logarithm: widths and epochs differ by factors
    around: float = 12  # s: two starts of Snakemake and of PyTorch, evaluation
    start: float = 5  # s per submission: prolog, first start of Snakemake
    lost: float = 0.002  # share of cells whose submission is lost and done again


@dataclass(frozen=True)
class Cluster:
    """What it runs on."""

    gpus: int = 100
    scheduling: float = 5  # s between two passes of Slurm's scheduler
    starts: int = 100  # jobs that one pass looks at (Slurm's default_queue_depth)


@dataclass(frozen=True)
class Submitting:
    """How it is submitted. Seconds of the submitting process per submission and per cell: bench/slurm_queue.py."""

    group: int = 1  # cells in a submission
    jobs: int = 100  # submissions waiting or running at once: `jobs` of the profile
    submit: float = 0.03  # s each
    take_in: float = 0.1  # s per cell, when its submission has ended


@dataclass
class Outcome:
    """What came out. Shares are of the whole time."""

    hours: float
    busy: float  # GPU time in which something runs
    training: float  # GPU time in which something trains
    submissions: int
    checks: int
    main: float  # time in which the submitting process works


def simulate(grid: Grid, cluster: Cluster, how: Submitting, seed: int = 1) -> Outcome:
    """Run the grid to its end, with the same cells for the same seed."""
    chance = random.Random(seed)
    trained = [chance.lognormvariate(0, grid.sigma) * grid.median for _ in range(grid.cells)]
    ready = deque(range(0, grid.cells, how.group))  # a submission is known by its first cell
    waiting: deque[int] = deque()
    running: list[tuple[float, int, bool]] = []  # heap of (end, submission, good)
    ended: list[tuple[int, bool]] = []
    now = working = busy = training = 0.0
    checks = submissions = done = 0
    next_check, pause, next_pass = float(FIRST_PAUSE), FIRST_PAUSE, 0.0
    free, open_jobs, main_free = cluster.gpus, 0, 0.0
    while done < grid.cells:
        while running and running[0][0] <= now:
            _, first, good = heapq.heappop(running)
            ended.append((first, good))
            free += 1
        if main_free <= now and now >= next_check:  # Snakemake asks, and takes in what ended
            checks += 1
            pause = FIRST_PAUSE if ended else min(pause + LONGER, LONGEST)
            for first, good in ended:
                cells = min(how.group, grid.cells - first)
                main_free = max(main_free, now) + how.take_in * cells
                working += how.take_in * cells
                open_jobs -= 1
                if good:
                    done += cells
                else:
                    ready.appendleft(first)
            ended.clear()
            next_check = max(now, main_free) + pause
        if main_free <= now and ready and open_jobs < how.jobs:  # or submits the next one
            waiting.append(ready.popleft())
            open_jobs, submissions = open_jobs + 1, submissions + 1
            main_free = now + how.submit
            working += how.submit
        if now >= next_pass:  # Slurm starts what is waiting
            for _ in range(min(cluster.starts, free, len(waiting))):
                first = waiting.popleft()
                cells = range(first, min(first + how.group, grid.cells))
                work = sum(trained[cell] for cell in cells)
                seconds = grid.start + grid.around * len(cells) + work
                good = chance.random() < (1 - grid.lost) ** len(cells)
                heapq.heappush(running, (now + seconds, first, good))
                busy += seconds
                training += work if good else 0
                free -= 1
            next_pass = now + cluster.scheduling
        events = [next_check, next_pass, main_free, running[0][0] if running else now]
        now = min(event for event in events if event > now)
    return Outcome(
        now / 3600, busy / now / cluster.gpus, training / now / cluster.gpus, submissions, checks, working / now
    )


SCENARIOS = [
    ("as the profile is", Submitting()),
    ("jobs: 200", Submitting(jobs=200)),
    ("jobs: 300", Submitting(jobs=300)),
    ("10 cells in a submission", Submitting(group=10)),
    ("10 cells, jobs: 200", Submitting(group=10, jobs=200)),
    ("30 cells, jobs: 200", Submitting(group=30, jobs=200)),
    ("100 cells", Submitting(group=100)),
]
HEADER = f"{'':<28}{'hours':>7}{'GPUs busy':>11}{'training':>10}{'submissions':>13}{'checks':>8}{'Snakemake works':>17}"


SEEDS = range(1, 10)


def row(name: str, grid: Grid, cluster: Cluster, how: Submitting) -> str:
    """A scenario's figures in the columns of the header: the run of median length out of nine."""
    outcomes = sorted((simulate(grid, cluster, how, seed) for seed in SEEDS), key=lambda outcome: outcome.hours)
    outcome = outcomes[len(outcomes) // 2]
    return (
        f"{name:<28}{outcome.hours:>7.2f}{outcome.busy:>11.0%}{outcome.training:>10.0%}"
        f"{outcome.submissions:>13,}{outcome.checks:>8,}{outcome.main:>17.0%}"
    )


def main() -> None:
    """Print the table of docs/scale.md."""
    for grid in (Grid(), Grid(median=300)):
        hours = grid.cells * grid.median * math.exp(grid.sigma**2 / 2) / Cluster().gpus / 3600
        print(
            f"{grid.cells:,} cells of about {grid.median} s, {Cluster().gpus} GPUs; training alone: {hours:.2f} hours"
        )
        print(HEADER)
        for name, how in SCENARIOS:
            print(row(name, grid, Cluster(), how))
        print()


if __name__ == "__main__":
    main()
