"""How often a whole page is wrong: false and missed decisions on simulated grids, as a table.

`python -m bench.error_rate [pages]` (for each row; default: 4,000). A page is one of the default grid: 17 cells, 20
pairs, a confidence of 95 %; accuracies in points. The decisions are made by this project's own code (`variance`,
`multiple_tests`); beside it are the usual ways to treat the spread between seeds, also in one Holm family.
"""

import sys
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from scipy import special

from experiment_grid.analysis.multiple_tests import (
    Comparisons,
    beside_zero,
    compare_means,
    holm,
    p_values,
    simultaneous_margin,
)
from experiment_grid.analysis.variance import Spread, spread

CONFIDENCE, SEEDS = 0.95, (3, 5, 10)
CELLS, BASELINE, CHANGED = 17, 16, 0
PAIRS = np.array(
    [(16, other) for other in (4, 15, 2, 7, 8, 0, 5)]
    + [(15, 4), (2, 7), (2, 8), (7, 8), (10, 15), (13, 15), (11, 15), (11, 13)]
    + [(12, 14), (10, 3), (9, 10), (1, 0), (6, 5)]
)
# Standard deviation of a cell's mean by the choice of test images, as measured on MNIST, in points.
IMAGES = np.array([4, 4, 5, 5, 4, 5, 6, 23, 7, 10, 9, 3, 5, 3, 5, 4, 4]) / 100


class Regime(NamedTuple):
    """A simulated grid: how the seeds' standard deviation (in points) differs between cells, and an effect."""

    spread: str
    sd: float
    effect: float = 0.0  # of one cell, in points

    @property
    def title(self) -> str:
        return f"{self.spread}, SD {self.sd:g}" + (f", effect {self.effect:g}" if self.effect else "")


FALSE = [
    Regime("equal", 0.05),
    Regime("equal", 0.2),
    Regime("equal", 0.5),
    Regime("log-normal", 0.2),
    Regime("two groups, ×4 apart", 0.2),
    Regime("one cell SD 1, others", 0.2),
    Regime("one seed at 30 %, others", 0.2),
]
POWER = [Regime("equal", 0.2, effect) for effect in (0.3, 0.6, 1.0)] + [Regime("log-normal", 0.2, 0.6)]


def simulate(regime: Regime, n_seeds: int, n_pages: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Accuracies [pages, cells, seeds] and the cells' true means [cells], in points."""
    generator = np.random.default_rng(seed)
    factor = np.ones((n_pages, CELLS))
    if regime.spread == "log-normal":  # 95 % of cells within half and twice the SD
        factor = np.exp(generator.normal(0, 0.354, factor.shape))
    elif regime.spread.startswith("two groups"):
        factor = generator.permuted(np.where(np.arange(CELLS) < 8, 2.0, 0.5) * factor, axis=1)
    elif regime.spread.startswith("one cell"):
        factor[:, BASELINE] = 1 / regime.sd
    true = np.where(np.arange(CELLS) == CHANGED, regime.effect, 0.0)
    by_images = generator.normal(0, IMAGES, (n_pages, CELLS))
    runs = generator.normal(size=(n_pages, CELLS, n_seeds)) * (regime.sd * factor)[..., None]
    runs += (true + by_images)[..., None]
    if regime.spread.startswith("one seed"):
        runs[np.arange(n_pages), BASELINE, generator.integers(n_seeds, size=n_pages)] -= 67
    return runs, true


def own(variances: np.ndarray, n_seeds: int) -> Spread:
    """Every cell by its own seeds: Welch's test."""
    degrees = np.full(variances.shape, n_seeds - 1.0)
    return Spread(variances, degrees, np.full(variances.shape, np.inf))


def pooled(variances: np.ndarray, n_seeds: int) -> Spread:
    """One variance for all cells."""
    average, total = variances.mean(axis=-1, keepdims=True), CELLS * (n_seeds - 1.0)
    degrees = np.full(variances.shape, total)
    return Spread(0 * variances + average, degrees, degrees)


def moderated(variances: np.ndarray, n_seeds: int) -> Spread:
    """Empirical Bayes, as in limma (Smyth 2004): each variance drawn towards a common prior."""
    f = n_seeds - 1.0
    log = np.log(variances) - special.digamma(f / 2) + np.log(f / 2)
    excess = log.var(axis=-1, ddof=1, keepdims=True) - special.polygamma(1, f / 2)
    grid = np.geomspace(0.1, 400, 400)
    prior = np.interp(-excess, -special.polygamma(1, grid / 2), grid)
    centre = np.exp(log.mean(axis=-1, keepdims=True) + special.digamma(prior / 2) - np.log(prior / 2))
    variance = (prior * centre + f * variances) / (prior + f)
    return Spread(variance, 0 * variance + prior + f, np.full(variances.shape, CELLS * f))


METHODS: dict[str, Callable[[np.ndarray, int], Spread]] = {
    "this project": lambda variances, n_seeds: spread(variances, np.full(CELLS, n_seeds)),
    "each cell's own": own,
    "pooled": pooled,
    "limma": moderated,
}


class Rates(NamedTuple):
    """Shares of pages with a false decision, of true differences decided, of pages with an interval that misses."""

    false: float
    power: float
    missed: float


def rates(
    regime: Regime,
    n_seeds: int,
    n_pages: int,
    method: Callable[[np.ndarray, int], Spread] = METHODS["this project"],
) -> Rates:
    """The rates of a method on `n_pages` simulated pages."""
    runs, true = simulate(regime, n_seeds, n_pages)
    images = (IMAGES[PAIRS] ** 2).sum(axis=1)
    cells = method(runs.var(axis=2, ddof=1), n_seeds)
    comparisons = compare_means(runs.mean(axis=2), n_seeds, cells, PAIRS, images)
    decided = holm(p_values(comparisons)) < 1 - CONFIDENCE
    low, high = _intervals(comparisons, decided)
    real = true[PAIRS[:, 1]] - true[PAIRS[:, 0]]
    differs = real != 0
    power = decided[:, differs].mean() if differs.any() else np.nan
    missed = (
        ((low > real) | (high < real) | (decided & ~differs)).any(axis=1).mean()
    )  # an interval that ends at zero excludes it
    return Rates(decided[:, ~differs].any(axis=1).mean(), power, missed)


def _intervals(comparisons: Comparisons, decided: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return beside_zero(comparisons.difference, simultaneous_margin(comparisons, len(PAIRS), CONFIDENCE), decided)


def table(n_pages: int) -> str:
    """The table in Markdown: percentages for 3, 5 and 10 seeds."""
    head = [f"{n_pages:,} pages a row; 3 / 5 / 10 seeds; %", *METHODS, "an interval misses"]
    lines = [head, ["---"] * len(head)]
    for what, regimes, pick in (("false page", FALSE, "false"), ("decided", POWER, "power")):
        for regime in regimes:
            results = {name: [rates(regime, n, n_pages, method) for n in SEEDS] for name, method in METHODS.items()}
            shares = [_three(getattr(one, pick) for one in rows) for rows in results.values()]
            lines.append([f"{what}: {regime.title}", *shares, _three(one.missed for one in results["this project"])])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _three(shares: Iterable[float]) -> str:
    return " / ".join(f"{100 * share:.1f}" for share in shares)


if __name__ == "__main__":
    print(table(int(sys.argv[1]) if len(sys.argv) > 1 else 4000))
