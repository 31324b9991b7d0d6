"""The first screen: what was compared, with what result and certainty, and what goes wrong, as in the tables."""

import json
import re

import numpy as np
import pytest
from simulated_page import make_page
from tables import rows

SCREEN = {"width": 1366, "height": 900}
MANY = {f"rate-{place}": ({"learning_rate": 0.001 * (place + 1)}, 3 + place / 20) for place in range(40)}


@pytest.fixture(scope="module")
def decisive(tmp_path_factory):
    """A page on which some differences are decided."""
    grid = {f"rate-{rate}": ({"learning_rate": rate}, skill) for rate, skill in ((0.001, 2), (0.005, 4.5), (0.05, 2.5))}
    return make_page(tmp_path_factory.mktemp("decisive"), grid=grid, images=1500)


def percent(value):
    return f"{100 * float(value):.2f}\u202f%"


def sentences(page):
    return page.locator(".sentences li").all_inner_texts()


def test_fits_one_screen(opened):
    page = opened(viewport=SCREEN)
    for part in ("h1", "#ranking", ".sentences", ".lead-curves", ".lead-matrix", ".lead-worst"):
        box = page.locator(part).bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= SCREEN["height"], part
    assert page.locator("#curves-title").bounding_box()["y"] <= SCREEN["height"]


def test_ranks_all_cells_as_in_the_table(opened, report):
    page = opened()
    known = [row for row in rows(report.parent / "comparison.csv") if row["test_accuracy"]]
    known.sort(key=lambda row: -float(row["test_accuracy"]))
    names = page.locator("#ranking bdi").all_inner_texts()
    assert names[: len(known)] == [row["cell"] for row in known]
    assert sorted(names) == sorted(row["cell"] for row in rows(report.parent / "comparison.csv"))
    shown = page.locator("#ranking td.n").all_inner_texts()
    assert shown[: len(known)] == [percent(row["test_accuracy"]) for row in known]
    places = page.locator("#ranking circle").evaluate_all("all => all.map((one) => parseFloat(one.getAttribute('cx')))")
    assert places == sorted(places, reverse=True)
    assert "best" in page.locator("#ranking tbody tr").first.inner_text()
    assert "failed" in page.locator("#ranking tbody tr", has_text="batch-128").inner_text()


def test_an_interval_is_drawn_at_its_ends(opened, report):
    page = opened()
    ticks = page.locator("#ranking tfoot text").evaluate_all(
        "all => all.map((one) => [parseFloat(one.textContent), parseFloat(one.getAttribute('x'))])"
    )
    (low, at_low), (high, at_high) = ticks[-1], ticks[0]
    row = next(row for row in rows(report.parent / "comparison.csv") if row["cell"] == "normalization")
    line = page.locator('#ranking tr[data-cell="1"] line:not(.tick)')

    def place(accuracy):
        share = (np.log10(1 - low / 100) - np.log10(1 - accuracy)) / (
            np.log10(1 - low / 100) - np.log10(1 - high / 100)
        )
        return at_low + share * (at_high - at_low)

    for key, side in (("x1", "low"), ("x2", "high")):
        shown = float(line.get_attribute(key).rstrip("%"))
        assert shown == pytest.approx(place(float(row[f"test_accuracy_{side}"])), abs=0.3)


@pytest.mark.parametrize("which", ["report", "decisive"])
def test_says_what_the_tables_say_in_short_sentences(opened, request, which):
    report = request.getfixturevalue(which)
    page = opened(report)
    texts = sentences(page)
    text = " ".join(texts)
    assert len(texts) <= 7
    for sentence in page.locator(".sentences li").evaluate_all(
        "all => all.map((one) => [...one.childNodes].filter((part) => part.nodeName !== 'A')"
        ".map((part) => part.textContent).join(''))"
    ):
        assert len(sentence.split()) < 20, sentence
        assert "p =" not in sentence and "p <" not in sentence
    comparison = rows(report.parent / "comparison.csv")
    best = max((row for row in comparison if row["test_accuracy"]), key=lambda row: float(row["test_accuracy"]))
    assert f"{best['cell']} is the most accurate: {percent(best['test_accuracy'])}" in text
    tested = [row for row in rows(report.parent / "effects.csv") if row["basis"] == "seeds and images"]
    decided = [row for row in tested if row["decided"] == "true"]
    assert f"{len(decided) or 'none'} of {len(tested)}" in text  # no two cells predict the same here
    final = next(row for row in comparison if row["cell"] == "three-hidden-layers") if which == "report" else best
    if final is not best:
        behind = 100 * (float(best["test_accuracy"]) - float(final["test_accuracy"]))
        assert f"{behind:.2f} points less (" in text
    assert f"picked as the best of {sum(bool(row['test_accuracy']) for row in comparison)} cells." in text
    if which == "decisive":
        largest = max(decided, key=lambda row: abs(float(row["difference"])))
        points = f"{100 * abs(float(largest['difference'])):.2f} points"
        assert f"from {largest['from_value']} to {largest['to_value']}, changes accuracy by" in text and points in text
    else:
        assert "8 cells" in texts[0] and "3 seeds each" in texts[0]
        assert "This page is partial. Troubled cells: 1 without results, 1 diverged" in text


def test_says_what_the_final_cell_gets_wrong_most(opened, report):
    texts = sentences(opened())
    cells = json.loads((report.parent / "comparison/cells.json").read_text("utf-8"))["cells"]
    cell = next(cell for cell in cells if cell["cell"] == "three-hidden-layers")
    with np.load(report.parent / "comparison/confusion.npz") as held:
        counts = held["counts/three-hidden-layers"][cell["chosen_epoch"] - 1].copy()
    np.fill_diagonal(counts, 0)
    found = next(
        re.search(r"is (\w+) taken for (\w+): (\d+) of its (\d+) errors \(seed (\d+)\)", one)
        for one in texts
        if "The commonest error of three-hidden-layers" in one
    )
    true, predicted, count, errors, seed = map(int, found.groups())
    assert counts[true, predicted] == counts.max() == count
    assert errors == counts.sum()
    assert seed == cell["representative_seed"]


def test_every_sentence_and_picture_leads_to_its_section(opened):
    page = opened()
    links = page.locator(".sentences a, .leads a").evaluate_all(
        "all => all.map((one) => one.getAttribute('href').slice(1))"
    )
    assert len(links) >= 8
    for link in links:
        assert page.locator(f"#{link}").count() == 1, link


@pytest.mark.parametrize(
    ("made_of", "words"),
    [
        ({"grid": {"only": ({}, 4.0)}}, "only gets"),
        ({"grid": {"only": ({}, 4.0)}, "missing": ("only",)}, "No cell has a result yet"),
        ({"grid": {"a": ({}, 4.0), "b": ({"batch_size": 8}, 4.0)}, "seeds": (1,)}, "No difference is significant"),
        ({"grid": MANY, "images": 100, "epochs": 1}, "40 cells"),
    ],
    ids=["one-cell", "nothing", "single-runs", "many"],
)
def test_is_complete_for_any_grid(opened, tmp_path, made_of, words):
    page = opened(make_page(tmp_path, **made_of), viewport=SCREEN)
    assert page.troubles == []
    assert words in " ".join(sentences(page))
    box = page.locator("#ranking").bounding_box()
    assert box["y"] + box["height"] <= 900
    if made_of["grid"] is MANY:
        shown = page.locator("#ranking tr[data-cell]").count()
        assert shown <= 24
        assert page.locator("#ranking tr.between").inner_text() == f"{40 - shown} cells between"
