"""Many classes: matrices and tables by class stay readable with 47 and with 100."""

import numpy as np
import pytest
from simulated_page import make_page

GRID = {"a": ({}, 4.0), "b": ({"batch_size": 128}, 3.0)}


@pytest.fixture(scope="module", params=[47, 100])
def classes(request):
    return request.param


@pytest.fixture(scope="module")
def wide(tmp_path_factory, classes):
    return make_page(tmp_path_factory.mktemp("classes"), grid=GRID, classes=classes, images=2000, epochs=2)


def commonest(report, name):
    """The most frequent confusions: count, true class, predicted class."""
    with np.load(report.parent / "comparison/confusion.npz") as held:
        counts = held[f"counts/{name}"][-1].copy()
    np.fill_diagonal(counts, 0)
    return sorted((-counts[place], place) for place in zip(*np.nonzero(counts), strict=True))


def test_a_matrix_is_squares_and_its_commonest_confusions(opened, wide, classes):
    page = opened(wide)
    page.locator("#cell-1 > summary").click()
    box = page.locator('[data-confusion="1"]')
    with np.load(wide.parent / "comparison/confusion.npz") as held:
        counts = held["counts/b"][-1]
    assert box.locator(".large-matrix rect:not(.frame)").count() == np.count_nonzero(counts)
    named = box.locator(".large-matrix text").all_text_contents()
    assert {*named} == {str(one) for one in range(0, classes, {47: 2, 100: 4}[classes])}
    assert len(named) == 2 * len({*named})
    rows = box.locator("tbody tr").all_inner_texts()
    (count, (true, predicted)), *_ = commonest(wide, "b")
    assert rows[0].split("\t")[:3] == [str(true), str(predicted), str(-count)]
    assert len(rows) <= 20
    box.locator("tbody button").first.click()
    assert page.locator("#viewer figure").count() == -count


def test_without_scripts_the_commonest_confusions_are_there(opened, wide):
    page = opened(wide, java_script_enabled=False)
    rows = page.locator("#errors .confusion tbody tr").all_inner_texts()
    (count, (true, predicted)), *_ = commonest(wide, "a")
    assert rows[0].split("\t")[:3] == [str(true), str(predicted), str(-count)]
    assert page.locator(".heat").count() == 0


def test_tables_by_class_have_a_height_of_their_own(opened, wide, classes):
    page = opened(wide)
    page.locator("#cell-0 > summary").click()
    table = page.locator("#cell-0 .result.tall")
    assert table.locator("tbody tr").count() == classes
    assert table.bounding_box()["height"] < 700


@pytest.mark.parametrize("width", [375, 1366])
def test_nothing_scrolls_sideways(opened, wide, width):
    page = opened(wide, viewport={"width": width, "height": 900})
    page.locator("#open-all").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.troubles == []
