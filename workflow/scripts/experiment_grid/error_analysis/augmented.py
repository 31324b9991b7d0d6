"""Training images as a cell's augmentation changes them, for the page."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from experiment_grid.training.augmentation import Augment
from experiment_grid.training.randomness import EPOCH, seed_all

EACH = 12  # images of a cell
MOST = 40  # augmentations that are shown; of a grid with more, the first


def augmented(
    images: np.ndarray, cells: Mapping[str, list[dict[str, Any]]], seeds: Mapping[str, int]
) -> tuple[np.ndarray, dict[str, int]]:
    """EACH images, uint8 [n, …], for every different augmentation of `cells`; by cell the place of its first one.

    The images are from all over the training set, each drawn for alone, with the first seed of the cell in `seeds`.
    """
    indices = np.linspace(0, len(images) - 1, EACH).astype(int)
    tiles = [images[:0]]
    shown: dict[str, int] = {}  # by what the components are
    for cell, components in cells.items():
        if repr(components) in shown or len(shown) == MOST:
            continue
        shown[repr(components)] = EACH * len(shown)
        augment = Augment(cell, components)
        seed_all(seeds[cell], EPOCH, 1)
        tiles += [augment(torch.from_numpy(images[index : index + 1])).numpy() for index in indices]
    places = {cell: shown.get(repr(components)) for cell, components in cells.items()}
    return np.concatenate(tiles), {cell: place for cell, place in places.items() if place is not None}
