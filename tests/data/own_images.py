"""For the tests of images of the user's own: random pixels, class folders, and what the stages of data make of them."""

import numpy as np
from download import make
from PIL import Image
from prepare import prepare

from experiment_grid.config.dataset import Dataset
from experiment_grid.data import source

RANDOM = np.random.default_rng(1)


def pixels(count, *shape):
    return RANDOM.integers(0, 256, (count, *shape), np.uint8)


def write_images(folder, names=("cat", "dog", "owl"), each=4, mode="RGB", size=(8, 6)):
    """Class folders with PNG files of random pixels."""
    for name in names:
        (folder / name).mkdir(parents=True)
        for number in range(each):
            shape = (size[1], size[0], 3) if mode == "RGB" else (size[1], size[0])
            Image.fromarray(RANDOM.integers(0, 256, shape, np.uint8)).save(folder / name / f"{number}.png")
    return folder


def made(path, folder, **more):
    """The prepared file that download and prepare make of images at a path."""
    settings = source.source(Dataset("own", path, **more))
    make(settings, [], folder)
    target = folder / "prepared.safetensors"
    prepare("own", [folder / source.IMAGES], target)
    return target
