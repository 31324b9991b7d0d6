"""The large chart: the values under its crosshair, its legend, and zoom by mouse, touch and keyboard."""

import pandas as pd
import pytest


@pytest.fixture
def page(opened):
    return opened()


@pytest.fixture
def curves(report):
    return pd.read_csv(report.parent / "comparison/curves.csv")


def chart(page):
    return page.locator("#focus svg")


def drawn(page):
    return set(
        page.locator("#focus [data-cell] path").evaluate_all("all => all.map((one) => +one.closest('g').dataset.cell)")
    )


def values(page):
    """Cell → its mean and the range of its seeds, in the legend."""
    rows = page.locator("#legend li").evaluate_all(
        "all => all.map((one) => [one.querySelector('bdi').textContent,"
        " one.querySelector('output').firstChild.textContent, one.querySelector('small')?.textContent])"
    )
    return {name: (value, range_) for name, value, range_ in rows}


def point(page, epoch, height=0.5):
    """Move the pointer to an epoch (of four)."""
    chart(page).scroll_into_view_if_needed()
    box = page.locator("#focus svg line[x1]").nth(0).bounding_box()
    page.mouse.move(box["x"] + box["width"] * (epoch - 1) / 3, chart(page).bounding_box()["y"] + height * 300)


def test_the_crosshair_gives_every_cells_value(page, curves):
    point(page, 2)
    assert page.locator("#focus .crosshair-label").text_content() == "epoch 2"
    assert page.locator(".legend-at").inner_text() == "at epoch 2"
    assert page.locator(".legend-values small").inner_text() == "range of seeds"  # what the second column is
    shown = values(page)
    for name, rows in curves[curves["epoch"] == 2].groupby("cell"):
        accuracy = rows["test_accuracy"]
        if accuracy.isna().all():
            assert shown[name][0] == "–"
            continue
        assert shown[name][0] == f"{100 * accuracy.mean():.2f}\u202f%"
        if accuracy.max() > accuracy.min():
            assert shown[name][1] == f"{100 * accuracy.min():.2f} to {100 * accuracy.max():.2f}"
    assert shown["batch-128"][0] == "–", "it failed"


def test_any_measure_can_be_shown(page, curves):
    page.locator("#focus-measure").select_option("train_loss")
    last = curves[(curves["epoch"] == 4) & (curves["cell"] == "normalization")]["train_loss"].mean()
    assert float(values(page)["normalization"][0]) == pytest.approx(last, rel=1e-3)
    page.locator('[data-focus="validation_accuracy"]').click()
    assert page.locator("#focus-measure").input_value() == "validation_accuracy"
    assert "focus=validation_accuracy" in page.url


def test_the_legend_hides_and_shows_in_all_charts(page):
    assert 2 in drawn(page)
    page.locator("#legend li", has_text="four-hidden-layers").locator("button").click()
    assert 2 not in drawn(page)
    assert not page.locator('#panels svg [data-cell="2"]').first.is_visible()
    assert page.locator('#cells-table tr[data-cell="2"]').is_visible(), "tables keep it"
    assert "off=four-hidden-layers" in page.url
    page.locator("#hide-all").click()
    assert drawn(page) == set()
    page.locator("#show-all").click()
    assert page.locator('#panels svg [data-cell="2"]').first.is_visible()
    assert len(drawn(page)) == 7


def test_zooms_by_dragging_and_goes_back(page):
    box = chart(page).bounding_box()
    point(page, 2)
    page.mouse.down()
    point(page, 3)
    page.mouse.up()
    low, high = (float(end) for end in page.evaluate("state.get('zoom')").split("~"))
    assert (low, high) == (pytest.approx(2, abs=0.1), pytest.approx(3, abs=0.1))
    assert chart(page).bounding_box()["width"] == box["width"]
    page.locator("#zoom-reset").click()
    assert page.evaluate("state.get('zoom')") == ""
    assert page.locator("#zoom-reset").is_disabled()


def test_zooms_and_reads_values_by_keyboard(page):
    chart(page).focus()
    page.keyboard.press("ArrowRight")
    assert page.locator(".legend-at").inner_text() == "at epoch 1"
    page.keyboard.press("End")
    assert page.locator(".legend-at").inner_text() == "at epoch 4"
    assert "epoch 4: " in page.locator("#status").inner_text()
    page.keyboard.press("+")
    assert page.evaluate("state.get('zoom')") != ""
    assert page.evaluate("document.activeElement.matches('#focus svg')")
    page.keyboard.press("Escape")
    assert page.evaluate("state.get('zoom')") == ""


def test_zooms_by_two_fingers_and_reads_by_one(opened):
    page = opened(has_touch=True, viewport={"width": 375, "height": 800})
    chart(page).scroll_into_view_if_needed()
    box = chart(page).bounding_box()
    client = page.context.new_cdp_session(page)

    def touch(kind, *places):
        points = [
            {"x": box["x"] + x * box["width"], "y": box["y"] + 150, "id": place} for place, x in enumerate(places)
        ]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 0.9)
    assert page.locator(".legend-at").inner_text() == "at epoch 4"
    touch("touchEnd")
    touch("touchStart", 0.4, 0.7)
    touch("touchMove", 0.35, 0.8)
    touch("touchMove", 0.25, 0.9)
    touch("touchEnd")
    assert page.evaluate("state.get('zoom')") != ""


def test_a_line_lights_its_cell_and_a_click_pins_it(page):
    chart(page).scroll_into_view_if_needed()
    place = page.evaluate("""() => {
      const { x, y } = view_, at = known.get(5), svg = document.querySelector('#focus svg').getBoundingClientRect();
      return [svg.left + x(at.x[1]), svg.top + y(at.mean[1])];
    }""")
    page.mouse.move(*place)
    page.wait_for_function("() => document.querySelector('#cells-table tr[data-cell=\"5\"]').matches('.is-lit')")
    page.mouse.click(*place)
    assert "pin=learning-rate-0.05" in page.url


def test_over_seconds_the_lines_end_where_the_training_did(page, curves):
    page.locator('button[data-axis="seconds"]').click()
    seconds = curves[curves["cell"] == "four-hidden-layers"].groupby("epoch")["elapsed_seconds"].mean().tolist()
    assert page.evaluate("known.get(2).x") == pytest.approx(seconds, rel=1e-3)
    assert page.locator("#focus svg text", has_text="seconds of training").is_visible()
