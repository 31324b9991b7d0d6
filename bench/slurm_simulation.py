"""A simulated grid on a GPU cluster: how long it takes, how busy the GPUs are, what the run waits for.

    python -m bench.slurm_simulation

Three parts are simulated: Snakemake (one process that submits, asks for the state of all jobs at growing intervals and
processes those that ended, each of which takes time), Slurm (starts waiting jobs at its next scheduling pass) and the
nodes (a submission starts Snakemake, then trains its cells one after another). The times of Snakemake are measured, by
bench/slurm_queue.py where it submits and by bench/slurm_start.py on the nodes; the other numbers are assumptions, named
in `Cluster` and `Grid`.
"""

import heapq
import itertools
import math
import random
from collections import Counter, deque
from dataclasses import dataclass, replace

TRIES = 3  # of a submission: `retries: 2` in the profile
# Measured, see above; to be changed when they are measured again.
STARTING = 1.3  # s of a start of Snakemake on a node: bench.slurm_start
LISTED = 3.3  # s of one where 10,000 cells are listed one by one in YAML
SUBMIT = 0.005  # s of the submitting process for a submission: bench.slurm_queue
TAKE_IN = 0.005  # s of it for a cell, when its submission has ended

WORKERS = 2  # sbatch commands at once, as the same plugin has them
FIRST_PAUSE, LONGER, LONGEST = 40, 10, 180  # s between status checks: snakemake-executor-plugin-slurm 2.8.0


@dataclass(frozen=True)
class Grid:
    """The cells to train, and the overhead on a node: two starts of Snakemake per cell, one per submission."""

    cells: int = 10_000
    median: float = 20  # s of training
    sigma: float = 0.7  # of its logarithm: widths and epochs differ by factors
    starting: float = STARTING
    around: float = 7  # s per cell: two starts of PyTorch, evaluation
    prolog: float = 2.5  # s per submission
    lost: float = 0.002  # share of cells whose submission is lost; it starts again with its first cell

    def seconds(self, training: list[float]) -> list[float]:
        """The times at which the cells of a submission are finished, from their seconds of training."""
        each = [2 * self.starting + self.around + seconds for seconds in training]
        return list(itertools.accumulate(each, initial=self.prolog + self.starting))[1:]


@dataclass(frozen=True)
class Cluster:
    """The cluster that it runs on."""

    gpus: int = 100
    scheduling: float = 5  # s between two passes of Slurm's scheduler
    starts: int = 100  # jobs that one pass looks at (Slurm's default_queue_depth)


@dataclass(frozen=True)
class Submitting:
    """The way of submitting it."""

    group: int = 1  # cells in a submission
    jobs: int = 100  # submissions waiting or running at once: `jobs` of the profile
    submit: float = SUBMIT
    take_in: float = TAKE_IN
    sbatch: float = 0  # s that the command takes besides, waiting for the controller

    @property
    def interval(self) -> float:
        """Seconds from one submission to the next: Python's work is done one by one, the waiting side by side."""
        return max(self.submit, (self.submit + self.sbatch) / WORKERS)


@dataclass
class Outcome:
    """The result of a simulation. Shares are of the whole time."""

    hours: float
    busy: float  # GPU time in which something runs
    training: float  # GPU time in which something trains
    submissions: int
    missing: int  # cells that are not finished after the last try
    main: float  # time in which the submitting process works


def simulate(grid: Grid, cluster: Cluster, how: Submitting, seed: int = 1) -> Outcome:
    """Run the grid to its end, with the same cells for the same seed."""
    chance = random.Random(seed)
    trained = [chance.lognormvariate(0, grid.sigma) * grid.median for _ in range(grid.cells)]
    ready = deque(range(0, grid.cells, how.group))  # a submission is known by its first cell
    waiting: deque[int] = deque()
    running: list[tuple[float, int, bool]] = []  # heap of (end, submission, good)
    ended: list[tuple[int, bool]] = []
    tries: Counter[int] = Counter()
    finished: Counter[int] = Counter()  # cells of a submission, in the best of its tries
    now = working = busy = training = 0.0
    submissions = done = missing = 0
    next_check, pause, next_pass = float(FIRST_PAUSE), FIRST_PAUSE, 0.0
    free, open_jobs, main_free, next_submission = cluster.gpus, 0, 0.0, 0.0
    while done + missing < grid.cells:
        while running and running[0][0] <= now:
            _, first, good = heapq.heappop(running)
            ended.append((first, good))
            free += 1
        if main_free <= now and now >= next_check:  # Snakemake asks, and takes in what ended
            pause = FIRST_PAUSE if ended else min(pause + LONGER, LONGEST)
            for first, good in ended:
                cells = min(how.group, grid.cells - first)
                main_free = max(main_free, now) + how.take_in * cells
                working += how.take_in * cells
                open_jobs -= 1
                if good:
                    done += cells
                elif tries[first] < TRIES:
                    ready.appendleft(first)
                else:
                    done += finished[first]
                    missing += cells - finished[first]
            ended.clear()
            next_check = max(now, main_free) + pause
        if max(main_free, next_submission) <= now and ready and open_jobs < how.jobs:  # or submits the next one
            waiting.append(ready.popleft())
            open_jobs, submissions = open_jobs + 1, submissions + 1
            main_free, next_submission = now + how.submit, now + how.interval
            working += how.submit
        if now >= next_pass:  # Slurm starts what is waiting
            for _ in range(min(cluster.starts, free, len(waiting))):
                first = waiting.popleft()
                work = trained[first : first + how.group]
                ends = grid.seconds(work)
                good = chance.random() < (1 - grid.lost) ** len(work)
                seconds = ends[-1] if good else ends[-1] * chance.random()
                tries[first] += 1
                finished[first] = max(finished[first], sum(end <= seconds for end in ends))
                heapq.heappush(running, (now + seconds, first, good))
                busy += seconds
                training += sum(work) if good else 0
                free -= 1
            next_pass = now + cluster.scheduling
        events = [next_check, next_pass, main_free, next_submission, running[0][0] if running else now]
        now = min(event for event in events if event > now)
    return Outcome(
        now / 3600, busy / now / cluster.gpus, training / now / cluster.gpus, submissions, missing, working / now
    )


SEEDS = range(1, 10)
SCENARIOS = [
    ("as the profile is: `jobs: 100`, one cell to a submission", Grid(), Submitting()),
    ("`jobs: 200`", Grid(), Submitting(jobs=200)),
    ("`jobs: 300`", Grid(), Submitting(jobs=300)),
    ("10 cells to a submission", Grid(), Submitting(group=10)),
    ("10 cells, `jobs: 200`", Grid(), Submitting(group=10, jobs=200)),
    ("10 cells, `jobs: 300`", Grid(), Submitting(group=10, jobs=300)),
    ("30 cells, `jobs: 200`", Grid(), Submitting(group=30, jobs=200)),
    ("100 cells, `jobs: 200`", Grid(), Submitting(group=100, jobs=200)),
    ("`jobs: 200`, an sbatch of 0.5 s", Grid(), Submitting(jobs=200, sbatch=0.5)),
    ("10 cells, `jobs: 200`, an sbatch of 0.5 s", Grid(), Submitting(group=10, jobs=200, sbatch=0.5)),
    ("`jobs: 200`, cells listed in YAML", Grid(starting=LISTED), Submitting(jobs=200)),
    ("10 cells, `jobs: 200`, cells listed in YAML", Grid(starting=LISTED), Submitting(group=10, jobs=200)),
]


def row(name: str, grid: Grid, cluster: Cluster, how: Submitting) -> str:
    """A scenario's figures as a row of docs/scale.md: the run of median length out of nine, with the least and most."""
    outcomes = sorted((simulate(grid, cluster, how, seed) for seed in SEEDS), key=lambda outcome: outcome.hours)
    median = outcomes[len(outcomes) // 2]
    missing = sorted(outcome.missing for outcome in outcomes)
    cells = [
        name,
        f"{median.hours:.1f} ({outcomes[0].hours:.1f} to {outcomes[-1].hours:.1f})",
        f"{median.busy:.0%}",
        f"{median.training:.0%}",
        f"{median.submissions:,}",
        f"{missing[0]} to {missing[-1]}" if missing[-1] else "0",
        f"{median.main:.0%}",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the tables of docs/scale.md."""
    for median in (20, 300):
        hours = Grid.cells * median * math.exp(Grid.sigma**2 / 2) / Cluster.gpus / 3600
        print(f"{Grid.cells:,} cells of about {median} s, {Cluster.gpus} GPUs; training alone: {hours:.1f} hours\n")
        print("| how | hours (least to most) | GPUs busy | training | submissions | cells missing | Snakemake works |")
        print("|---|---|---|---|---|---|---|")
        for name, grid, how in SCENARIOS:
            print(row(name, replace(grid, median=median), Cluster(), how), flush=True)
        print()


if __name__ == "__main__":
    main()
