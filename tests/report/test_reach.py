"""What a reader can reach: tables that fit the screen, menus, the back button, few tab stops, files of the run."""

import json
import re

import pytest
from simulated_page import make_page
from words import UNCLEAR


def test_comparison_fits_the_screen(opened):
    page = opened(viewport={"width": 1366, "height": 900})
    for table in ("#cells-table", "#effects-table"):
        wide = page.locator(table).evaluate("one => one.parentElement.scrollWidth - one.parentElement.clientWidth")
        assert wide <= 0, table


@pytest.mark.parametrize(
    ("table", "columns"), [("#cells-table", ["test_accuracy", "interval"]), ("#effects-table", None)]
)
def test_what_decides_is_on_the_screen_of_a_phone(opened, table, columns):
    page = opened(viewport={"width": 375, "height": 800})
    if columns:
        cells = [page.locator(f'{table} th[data-key="{key}"]') for key in columns]
    else:
        cells = [page.locator(f"{table} thead th").nth(place) for place in range(3)]  # change, points, decided
    for cell in cells:
        box = cell.bounding_box()
        assert box["x"] + box["width"] <= 375


def test_no_chart_is_wider_than_a_phone(opened):
    page = opened(viewport={"width": 375, "height": 800})
    shown = page.locator("svg.chart:visible")
    widths = shown.evaluate_all("all => all.map((one) => [one.ariaLabel, one.getBoundingClientRect().right])")
    assert {"Settings and test accuracy of all cells", "Test accuracy and training time"} <= {
        name for name, _ in widths
    }
    assert not [name for name, right in widths if right > 375]
    page.locator("#errors h3", has_text="Is its confidence right?").scroll_into_view_if_needed()
    table = page.locator("#errors .scroll", has=page.locator("th", has_text="Share right"))
    assert table.evaluate("one => one.scrollWidth <= one.clientWidth")


def test_few_tab_stops_lead_to_the_filter(opened):
    page = opened()
    stops = 0
    while page.evaluate("document.activeElement.id") != "filter":
        page.keyboard.press("Tab")
        stops += 1
        assert stops < 15
    page = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('.skip')")


def test_menus_close_by_escape_and_by_a_click_elsewhere(opened):
    page = opened()
    menu = page.locator("#comparison details.menu").first
    for close in (lambda: page.keyboard.press("Escape"), lambda: page.locator("#comparison-title").click()):
        menu.locator("summary").click()
        assert menu.get_attribute("open") is not None
        close()
        assert menu.get_attribute("open") is None


def test_back_returns_to_where_a_link_was(opened):
    page = opened()
    page.locator("#filter").fill("layers")
    start = page.evaluate("scrollY")
    page.locator('.contents a[href="#time"]').click()
    page.locator('.contents a[href="#errors"]').click()
    page.go_back()
    assert page.url.split("#")[1].startswith("time")
    assert "filter=layers" in page.url
    page.go_back()
    assert abs(page.evaluate("scrollY") - start) < 10
    assert page.locator("#filter").input_value() == "layers"


def test_a_cells_settings_are_compared_above_the_counts(opened):
    page = opened()
    page.locator("#pair-a").select_option("3")
    page.locator("#pair-b").select_option("4")
    rows = page.locator("#pair-settings tbody tr").all_inner_texts()
    assert rows == ["Batch size\t64\t128"]
    page.locator("#pair-b").select_option("0")
    rows = page.locator("#pair-settings tbody th").all_inner_texts()
    assert sorted(rows) == ["Hidden layers", "Learning rate", "Normalized"]


def test_a_cell_has_its_files_and_command(opened, report):
    page = opened()
    page.locator("#cell-1 summary").first.click()
    links = page.locator("#cell-1 .files a").evaluate_all("all => all.map((one) => one.getAttribute('href'))")
    assert "logs/train/normalization.log" in links
    made = [link for link in links if link.startswith("cells/") and not link.endswith("safetensors")]
    assert len(made) == 4
    assert all((report.parent / link).is_file() for link in made)
    assert page.locator("#cell-1 .files code").inner_text() == "make cell NAME=normalization"


def test_a_small_error_opens_its_card(opened, tmp_path):
    report = make_page(tmp_path, grid={"weak": ({}, 2.0)})
    page = opened(report)
    errors = json.loads((report.parent / "errors/errors.json").read_text("utf-8"))["errors"]
    page.locator("#errors summary", has_text="more, worst first").click()
    page.locator("#more-errors button").first.click()
    shown = page.locator("#viewer")
    assert shown.locator(".case svg.tile").count() == 4
    assert errors[12]["text"] in shown.inner_text()
    assert shown.locator(".bars span").count() == len(errors[12]["runners_up"]) + 1


@pytest.mark.parametrize("words", UNCLEAR)
def test_no_unclear_words(opened, words):
    page = opened()
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    assert words not in page.locator("main").inner_text()


def test_ticks_of_the_charts_are_round(opened):
    page = opened()
    texts = page.locator("#panels svg text, #focus svg text, #factors svg text").all_text_contents()
    ticks = [text for text in texts if re.fullmatch(r"[\d.]+( %)?", text)]
    assert len(ticks) > 40
    assert [text for text in ticks if len(re.sub(r"[^\d]", "", text).strip("0")) > 4] == []


@pytest.mark.parametrize("width", [375, 1366])
def test_nothing_moves_when_the_filter_answers(opened, width):
    page = opened(viewport={"width": width, "height": 800})
    before = page.locator("h1").bounding_box()
    page.locator("#filter").fill("accuracy > 99.99%")
    assert page.locator("#shown").is_visible()
    assert page.locator("h1").bounding_box() == before


def test_the_confusion_matrix_fits_a_phone(opened):
    page = opened(viewport={"width": 375, "height": 800})
    place = page.locator("#errors [data-confusion] .scroll")
    assert place.evaluate("(one) => one.scrollWidth - one.clientWidth") <= 0


def test_names_have_the_colours_of_their_groups(opened):
    """Both in charts and in legends, whatever a cell's own colour is."""
    page = opened()
    page.locator("#group").select_option("learning_rate")
    script = """() => {
      const seen = {};
      for (const [place, members] of [...groups.values()].entries()) for (const cell of members) {
        const wanted = getComputedStyle(document.querySelector(`.legend .g${place}`) ?? document.body).borderLeftColor;
        for (const one of document.querySelectorAll(`.chart [data-cell="${cell}"] text`)) {
          if (one.checkVisibility()) seen[getComputedStyle(one).fill === wanted] = one.textContent;
        }
      }
      return seen;
    }"""
    assert set(page.evaluate(script)) == {"true"}


def test_a_page_of_very_many_cells_says_where_its_scores_are(opened, tmp_path, monkeypatch):
    monkeypatch.setattr("experiment_grid.report.results.MANY", 1)
    page = opened(make_page(tmp_path, grid={"a": ({}, 4.0), "b": ({"batch_size": 8}, 4.0)}, images=100, epochs=2))
    assert "no tables of scores: those by class are in comparison/classes.csv" in page.locator("#cells").text_content()
    page.locator("#cell-0 summary").first.click()
    page.locator("#cell-0 .heat").wait_for()
    assert page.locator("#cell-0 .result").count() == 0
