"""The page for every reader: without scripts, in dark mode, on paper, on a phone, by a screen reader; and with hostile
texts and odd results."""

import json
import re
from itertools import pairwise

import pytest
from axe_playwright_python.sync_playwright import Axe
from figures import draw as draw_figures
from report import report as draw_report
from simulated_page import figures, make_page

PARTS = ["answer", "curves", "comparison", "factors", "pair", "errors", "cells", "time", "agreement", "provenance"]
HOSTILE = (
    '"><img src=x onerror="window.owned=1"> </script><script>window.owned=1</script> {{ 7*7 }} 😀 '
    "\u202e\u05e2\u05d1\u05e8\u05d9\u05ea " + "x" * 300
)


@pytest.fixture(scope="session")
def hostile(tmp_path_factory):
    """A page whose every free text is hostile; one seed per cell, nothing to audit."""
    results = tmp_path_factory.mktemp("hostile")
    grid = {"a": ({}, 4.0), "b" * 100: ({"learning_rate": 0.1}, 4.4), "c": ({"hidden": []}, 3.0)}
    changes = {"title": HOSTILE, "note": HOSTILE, "dataset": HOSTILE[:60]}
    return make_page(results, changes=changes, notes=dict.fromkeys(grid, HOSTILE), grid=grid, seeds=(1,))


def test_all_parts_are_in_order(opened):
    page = opened()
    assert page.locator("main > section").evaluate_all("all => all.map((one) => one.id)") == PARTS
    levels = page.locator("h1, h2, h3, h4").evaluate_all(
        "all => all.filter((one) => one.checkVisibility()).map((one) => +one.tagName[1])"
    )
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels[1:]))


def test_says_what_this_run_trained_and_why_each_cell_ran(opened):
    page = opened()
    assert "2 cells trained" in page.locator(".facts").inner_text()
    assert "6 kept from before" in page.locator(".facts").inner_text()
    rows = page.locator("#provenance table").first.locator("tbody tr").all_text_contents()
    assert len(rows) == 8
    assert "trained" in rows[0]
    assert "kept" in rows[-1]


def test_diverged_and_failed_cells_keep_their_row(opened):
    table = opened().locator("#cells-table")
    assert "diverged" in table.locator("tr", has_text="mse").first.inner_text()
    assert "failed" in table.locator("tr", has_text="batch-128").first.inner_text()


def test_can_be_read_without_scripts(opened):
    page = opened(java_script_enabled=False)
    text = page.locator("main").inner_text()
    for words in ("Results", "Effects by factor", "only A right", "Confusion matrix", "Why it last ran"):
        assert words in page.content()
    assert "Test accuracy of all cells" in text
    assert "Over seconds of training" in text
    assert page.locator("#focus svg text", has_text="four-hidden-layers").is_visible()
    assert page.locator("#filter").is_hidden()
    assert page.locator("#pair-chooser").is_hidden()
    assert page.locator("#cells-table tbody tr").count() == 8
    assert page.locator("#cells-table tbody bdi").all_inner_texts() == page.locator("#ranking bdi").all_inner_texts()
    page.locator("#cell-0 > summary").click()
    assert page.locator("#cell-0 .heat td").first.is_visible()


# Only the colours differ in dark mode.
@pytest.mark.parametrize(("scheme", "options"), [("light", None), ("dark", {"runOnly": ["color-contrast"]})])
def test_axe_finds_nothing(opened, scheme, options):
    page = opened(color_scheme=scheme, bypass_csp=True)
    page.locator("#cell-1 summary").first.click()
    found = Axe().run(page, options=options).response["violations"]
    assert [(one["id"], [node["html"][:200] for node in one["nodes"]][:3]) for one in found] == []


def luminance(page):
    channels = [
        int(value) for value in re.findall(r"\d+", page.evaluate("getComputedStyle(document.body).backgroundColor"))
    ]
    return sum(channels[:3]) / 765


def test_dark_mode_by_the_system_and_by_the_button(opened):
    assert luminance(opened()) > 0.9
    page = opened(color_scheme="dark")
    assert luminance(page) < 0.2
    page.locator(".tools summary").click()
    page.locator("#theme").click()
    assert luminance(page) > 0.9
    assert "theme=light" in page.url


@pytest.mark.parametrize("scripts", [True, False])
def test_on_paper_every_section_is_open(opened, scripts):
    page = opened(java_script_enabled=scripts)
    assert 8 <= len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))) <= 20
    page.emulate_media(media="print")
    if scripts:
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert page.locator("#cell-1 [data-curves] svg").count() == 2
    assert page.locator("#cell-1 .heat td").first.is_visible()
    assert page.locator("#cell-1 .result").first.bounding_box()["height"] > 100
    assert page.locator("#theme").is_hidden()


@pytest.mark.parametrize("which", ["report", "hostile"])
def test_no_sideways_scroll_on_a_phone(opened, request, which):
    page = opened(request.getfixturevalue(which), viewport={"width": 375, "height": 700})
    page.locator("#open-all").click()
    page.wait_for_timeout(100)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375


def test_hostile_texts_stay_text(opened, hostile):
    page = opened(hostile)
    page.locator("#open-all").click()
    page.wait_for_timeout(100)
    assert page.troubles == []
    assert page.evaluate("window.owned") is None
    assert page.locator("main img").count() == 0
    shown = page.locator("h1").inner_text()
    assert '"><img src=x onerror="window.owned=1"> </script>' in shown
    assert "{{ 7*7 }}" in shown
    assert "😀" in shown
    assert "x" * 300 in shown
    assert HOSTILE[:40] in page.locator("#cell-0").inner_text()
    assert HOSTILE[:40] in page.title()
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_single_runs_and_no_reference_say_so(opened, hostile):
    page = opened(hostile)
    assert page.locator("#agreement").count() == 0
    assert page.locator("#claims").count() == 0
    assert "single runs" in page.locator("#ranking caption").inner_text()
    assert "cells trained once do not show it" in page.locator(".sentences").inner_text()
    assert "Single runs" in page.locator("#comparison").inner_text()


def test_the_same_results_give_the_same_page(hostile):
    before = hostile.read_bytes(), [file.read_bytes() for file in figures(hostile.parent)]
    plan = json.loads((hostile.parent / "plan" / "report.json").read_text("utf-8"))
    draw_report(hostile.parent, plan, hostile)
    draw_figures(hostile.parent, plan, figures(hostile.parent))
    assert (hostile.read_bytes(), [file.read_bytes() for file in figures(hostile.parent)]) == before


def test_a_bar_is_as_wide_as_its_probability(opened):
    bar = opened().locator(".bars").first.locator("rect").first.bounding_box()["width"]
    whole = opened().locator(".bars").first.locator("svg").first.bounding_box()["width"]
    assert bar / whole == pytest.approx(0.8, abs=0.01)


def test_names_leave_room_for_the_numbers_on_a_phone(opened, hostile):
    table = opened(hostile, viewport={"width": 375, "height": 700}).locator("#cells-table")
    assert table.locator("tbody th").nth(1).bounding_box()["width"] < 200
    table.locator("td:visible").last.scroll_into_view_if_needed()
    assert table.locator("tbody th").nth(1).bounding_box()["x"] >= 0


def test_only_digits_and_letters_are_shown_as_ink(opened, hostile):
    """Colours and greys of other data sets stay as they are."""
    seen = "one => getComputedStyle(one).filter"
    shown = opened().locator(".tile:not(.map) use").first.evaluate(seen)
    assert shown == "invert(1)"
    assert opened(hostile).locator(".tile:not(.map) use").first.evaluate(seen) == "none"
