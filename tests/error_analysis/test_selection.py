"""Which images are shown, and the picture that holds them."""

import numpy as np
from PIL import Image

from experiment_grid.error_analysis.atlas import capacity, write_atlas
from experiment_grid.error_analysis.selection import atlas_images, hard_images, right_examples

LABELS = np.array([0, 0, 0, 0, 0, 0, 1, 1, 1])


def test_right_examples_are_the_first_and_the_narrowest():
    predicted = np.array([0, 1, 0, 0, 0, 0, 1, 1, 0])
    probability = np.array([0.9, 0.9, 0.9, 0.9, 0.9, 0.4, 0.6, 0.5, 0.9])
    assert right_examples(LABELS, predicted, probability) == [
        *((index, "first") for index in (0, 2, 3, 4)),
        (5, "narrow"),
        (6, "first"),
        (7, "first"),
    ]
    assert right_examples(LABELS, 1 - LABELS, probability) == []


def test_hard_images_are_those_that_most_cells_get_wrong():
    predicted = np.array([[0, 1, 0, 0, 0, 0, 1, 1, 0], [0, 1, 0, 0, 0, 0, 1, 2, 2], [0, 2, 0, 0, 0, 0, 1, 1, 2]])
    hard = hard_images(LABELS, predicted)
    assert [(item["index"], item["cells_wrong"]) for item in hard] == [(1, 3), (8, 3), (7, 1)]
    assert (hard[0]["commonest"], hard[0]["commonest_count"], hard[0]["cells"]) == (1, 2, 3)
    assert hard[0]["predictions"] == {1: 2, 2: 1}
    assert hard_images(LABELS, np.vstack([predicted, predicted[:1]])) == hard  # an equal cell counts once
    assert hard_images(LABELS, np.empty((0, 9), np.uint8)) == []


def test_atlas_holds_every_wrong_image_or_those_of_the_best_cells():
    worse, better = 1 - LABELS, LABELS.copy()
    better[4] = 1
    predicted = np.array([worse, better])
    assert atlas_images([7], LABELS, predicted, 100) == ([7, 4, 0, 1, 2, 3, 5, 6, 8], 9)
    assert atlas_images([7], LABELS, predicted, 2) == ([7, 4], 9)


def test_atlas_is_the_images_row_by_row(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (7, 4, 5), dtype=np.uint8)
    layout = write_atlas(tmp_path / "atlas.png", images)
    assert layout == {"columns": 3, "width": 5, "height": 4, "tiles": 7}
    with Image.open(tmp_path / "atlas.png") as picture:
        grid = np.asarray(picture)
    assert picture.mode == "L"
    for tile, image in enumerate(images):
        row, column = divmod(tile, 3)
        assert (grid[4 * row : 4 * row + 4, 5 * column : 5 * column + 5] == image).all()


def test_an_empty_atlas_is_still_a_picture(tmp_path):
    assert write_atlas(tmp_path / "atlas.png", np.empty((0, 4, 5), np.uint8))["tiles"] == 0
    with Image.open(tmp_path / "atlas.png") as picture:
        assert picture.size == (5, 4)


def test_larger_images_leave_room_for_fewer():
    assert capacity(28, 28) == 3000
    assert capacity(56, 56) == 750
    assert capacity(1000, 1000) == 100
