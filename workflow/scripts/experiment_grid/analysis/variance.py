"""How far chance moves a cell's figure: the seeds' spread, taken over all cells of a page, and the images' share."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

OUTLIER_LEVEL = 0.05  # level of the F test by which one cell scatters more than the average
OUT_OF_PROPORTION = 0.0001  # level, all cells together, of the one by which it is left out of the average


class Spread(NamedTuple):
    """Per cell [..., C]: variance of one run, the degrees of freedom behind it, and those of the average."""

    variance: np.ndarray
    degrees: np.ndarray
    total: np.ndarray


def spread(variances: ArrayLike, counts: ArrayLike) -> Spread:
    """The variance that counts for each cell, from the variances [..., C] of its runs and their numbers (>= 2) [C].

    A cell's variance is its own, but never less than the average of all cells: three seeds that happen to be close
    prove nothing. A cell that scatters significantly more than the average (F test) counts with the few degrees of
    freedom of its own seeds; one out of all proportion, as when a seed diverged, is left out of the average, so that
    it does not widen the intervals of others. Leading axes are pages of their own.
    """
    variances = np.asarray(variances, float)
    own = np.broadcast_to(np.asarray(counts, float) - 1, variances.shape)
    kept = _in_proportion(variances, own)
    total = np.where(kept, own, 0).sum(axis=-1, keepdims=True)
    average = np.where(kept, own * variances, 0).sum(axis=-1, keepdims=True) / total
    stands_out = ~kept | (_f_test(own, total, variances, average) < OUTLIER_LEVEL)
    return Spread(np.maximum(variances, average), np.where(stands_out, own, total), total + 0 * own)


def _in_proportion(variances: np.ndarray, own: np.ndarray) -> np.ndarray:
    """bool [..., C]: which cells the average is over. The largest variance is judged first; two cells always stay."""
    kept = np.ones(variances.shape, bool)
    n_cells = variances.shape[-1]
    for _ in range(n_cells - 2):
        squares, degrees = np.where(kept, own * variances, 0), np.where(kept, own, 0)
        rest = squares.sum(axis=-1, keepdims=True) - squares
        degrees = degrees.sum(axis=-1, keepdims=True) - own
        p = np.where(kept, _f_test(own, degrees, variances, rest / degrees), 1)
        worst = p.argmin(axis=-1)[..., None]
        leaves = np.take_along_axis(p, worst, -1) < OUT_OF_PROPORTION / n_cells
        if not leaves.any():
            break
        np.put_along_axis(kept, worst, np.take_along_axis(kept, worst, -1) & ~leaves, -1)
    return kept


def _f_test(own: np.ndarray, degrees: np.ndarray, variances: np.ndarray, average: np.ndarray) -> np.ndarray:
    """p of a variance that is larger than an average by chance."""
    with np.errstate(over="ignore"):  # an average of next to nothing
        p: np.ndarray = special.fdtrc(own, degrees, variances / np.maximum(average, np.finfo(float).tiny))
    return p


def centred(answers: ArrayLike) -> np.ndarray:
    """A figure [seeds, images] per model and image (right or wrong, log loss) without each model's mean, as float32."""
    answers = np.asarray(answers)
    centred: np.ndarray = (answers - answers.mean(axis=1, keepdims=True, dtype=float)).astype(np.float32)
    return centred


def shared_by_images(first: np.ndarray, first_seeds: list[int], second: np.ndarray, second_seeds: list[int]) -> float:
    """Covariance of two cells' mean figures that comes from the choice of the test images.

    Both are answers as `centred` returns them, float32 [seeds, images].

    It is the covariance, image by image, of different seeds' answers, so that what is peculiar to one seed on one
    image is left to the spread between seeds and counted once (components of variance of a crossed design; Owen
    2007). With a cell itself it is that cell's variance by images. 0 with a single image, or without two different
    seeds.
    """
    n_images = first.shape[1]
    different = np.array([[one != other for other in second_seeds] for one in first_seeds])
    if n_images < 2 or not different.any():
        return 0.0
    products = first @ second.T / (n_images - 1)
    return float(products[different].mean() / n_images)
