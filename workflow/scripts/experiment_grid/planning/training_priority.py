"""Which training starts first: the longest one, so that it is not left alone at the end while other cores are idle.

Longest first ends at most a third later than the best order would (Graham 1969, "Bounds on multiprocessing timing
anomalies").
"""

from collections.abc import Mapping
from itertools import pairwise

from experiment_grid.config.parameters import Component, Parameters
from experiment_grid.config.shortnames import SHORT_NAMES

PIXELS, CLASSES = 784, 10  # of MNIST; the order hardly depends on them
STEP = 2_000_000  # what a step costs beyond its products, in multiplications: measured on a CPU, [128, 64], batch 64
UNKNOWN = 1_000_000_000  # an image's multiplications in a network of which nothing is known: before all others
CONVOLUTION = 5_000_000  # and in the built-in cnn, roughly


def ranks(cells: Mapping[str, Parameters]) -> dict[str, int]:
    """A number for each cell: the longer its training, the larger."""
    by_work = sorted(cells, key=lambda name: work(cells[name]))
    return {name: rank for rank, name in enumerate(by_work, start=1)}


def work(parameters: Parameters) -> float:
    """About how much there is to train, in multiplications for one image of the data set; only the order counts."""
    images = parameters.train_fraction * parameters.epochs * len(parameters.seeds)
    return float(images * (_weights(parameters.model) + STEP / parameters.batch_size))


def _weights(model: Component) -> float:
    names = SHORT_NAMES["model"]
    if model.target in (names["mlp"], names["linear"]):
        widths = [PIXELS, *model.options.get("hidden", ()), CLASSES]
        return float(sum(inputs * outputs for inputs, outputs in pairwise(widths)))
    return CONVOLUTION if model.target == names["cnn"] else UNKNOWN
