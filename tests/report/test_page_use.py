"""The page in use, in a real browser: table, highlighted cells, pairs, matrices, links that restore a state."""

import json

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import mcnemar
from tables import rows


def names(page):
    """The cells of the comparison table, in the order that is shown."""
    return page.locator("#cells-table tbody tr:visible th bdi").all_inner_texts()


def heading(page, key):
    return page.locator(f'#cells-table th[data-key="{key}"]')


def accuracies(report):
    known = {row["cell"]: row["test_accuracy"] for row in rows(report.parent / "comparison.csv")}
    return {name: float(value) for name, value in known.items() if value}


def test_nothing_is_fetched_and_nothing_fails(opened):
    page = opened()
    page.locator("#open-all").click()
    page.locator(".tools summary").click()
    page.locator("#theme").click()
    page.wait_for_timeout(200)
    assert page.troubles == []
    assert [url for url in page.asked if not url.startswith(("file:", "data:"))] == []


def test_the_content_security_policy_stops_foreign_scripts_and_images(opened):
    page = opened()
    page.evaluate("""() => {
        const script = document.createElement("script");
        script.textContent = "window.intruder = 1";
        document.body.append(script);
        const image = document.createElement("img");
        image.src = "https://example.org/x.png";
        document.body.append(image);
    }""")
    page.wait_for_timeout(100)
    assert page.evaluate("window.intruder") is None
    assert any("Content Security Policy" in trouble for trouble in page.troubles)


def test_sorts_by_mouse_and_by_keyboard(opened, report):
    page = opened()
    known = accuracies(report)
    best_first = sorted(known, key=known.get, reverse=True)
    heading(page, "test_accuracy").locator("button").click()
    assert names(page)[: len(known)] == best_first
    assert heading(page, "test_accuracy").get_attribute("aria-sort") == "descending"
    heading(page, "test_accuracy").locator("button").press("Enter")
    assert names(page)[: len(known)] == best_first[::-1], "what is missing stays last"
    heading(page, "cell").locator("button").press("Space")
    assert names(page) == sorted(names(page))


def test_columns_that_do_not_decide_are_shown_by_choice(opened):
    page = opened()
    assert not heading(page, "test_f1_macro").is_visible()
    page.locator("summary", has_text="Columns").click()
    page.locator("#columns label", has_text="Batch size").locator("input").uncheck()
    page.locator("#columns label", has_text="F1").locator("input").check()
    again = opened(hash_=page.url[page.url.index("#") :])
    for shown in (page, again):
        assert not heading(shown, "batch_size").is_visible()
        assert heading(shown, "test_f1_macro").is_visible()
        assert heading(shown, "learning_rate").is_visible()


def lit(page, where, cell, wanted=True):
    """Wait until the first mark of a cell in a part is lit, or is not."""
    script = "([where, wanted]) => document.querySelector(where).classList.contains('is-lit') === wanted"
    page.wait_for_function(script, arg=[f'{where} [data-cell="{cell}"]', wanted])


def test_a_row_lights_its_curves_and_a_curve_its_row(opened):
    page = opened()
    page.locator('#cells-table tr[data-cell="1"]').hover()
    lit(page, "#panels svg", 1)
    lit(page, "#panels svg", 5, False)
    faint = "(where) => getComputedStyle(document.querySelector(where)).opacity < 0.5"
    page.wait_for_function(faint, arg='#panels svg [data-cell="5"]')
    page.mouse.move(0, 0)
    lit(page, "#panels svg", 1, False)
    page.locator('#panels svg [data-cell="1"]').first.dispatch_event("pointerover")
    lit(page, "#cells-table", 1)


def test_focus_lights_and_a_pin_stays(opened):
    page = opened()
    page.locator('#cells-table tr[data-cell="2"] a').focus()
    lit(page, "#cells-table", 2)
    page.locator('#cells-table tr[data-cell="3"] button', has_text="pin").press("Enter")
    page.mouse.move(0, 0)
    page.locator("#filter").focus()
    lit(page, "#cells-table", 2, False)
    lit(page, "#cells-table", 3)


def paired(report, a, b):
    with np.load(report.parent / "comparison" / "predictions.npz") as held:
        cells = held["cells"].tolist()
        right = [held["predicted"][cells.index(name)] == held["labels"] for name in (a, b)]
        return held["labels"], right


def test_two_cells_with_the_right_images_behind_each_count(opened, report):
    page = opened()
    a, b = "no-normalization", "learning-rate-0.05"
    page.locator("#cells-table tr", has_text=a).locator("button", has_text="A").click()
    page.locator("#cells-table tr", has_text=b).locator("button", has_text="B").click()
    labels, (one, other) = paired(report, a, b)
    groups = {
        "both right": one & other,
        "only A right": one & ~other,
        "only B right": ~one & other,
        "both wrong": ~one & ~other,
    }
    atlas = set(json.loads((report.parent / "errors" / "errors.json").read_text())["atlas"]["images"])
    for quarter, members in groups.items():
        button = page.locator(f'[data-quarter="{quarter}"]')
        assert button.inner_text() == str(members.sum())
        button.click()
        shown = page.locator("#viewer figure").evaluate_all("all => all.map((one) => Number(one.dataset.image))")
        assert shown == [int(index) for index in np.flatnonzero(members) if index in atlas], quarter
        page.keyboard.press("Escape")
    text = page.locator("#pair-text").inner_text()
    difference = 100 * (other.mean() - one.mean())
    assert f"{abs(difference):.2f} points" in text
    tested = mcnemar([[0, int(groups["only A right"].sum())], [int(groups["only B right"].sum()), 0]], exact=True)
    assert tested.pvalue < 0.001
    assert "p <\u202f0.001" in text
    assert len(labels) == 600


@pytest.mark.parametrize("counts", [(0, 0), (3, 3), (1, 6), (12, 25), (40, 41), (0, 9), (150, 201)])
def test_the_p_value_in_the_page_is_mcnemars_mid_p(opened, counts):
    from scipy.stats import binom

    n, k = sum(counts), min(counts)
    # Fagerland, Lydersen and Laake 2013: the exact p less the probability of what was observed.
    expected = 1.0 if n == 0 else min(1.0, 2 * binom.cdf(k, n, 0.5) - binom.pmf(k, n, 0.5))
    assert opened().evaluate("([one, other]) => midP(one, other)", list(counts)) == pytest.approx(expected, abs=1e-9)


def test_the_interval_in_the_page_covers_as_often_as_it_says(opened):
    generator = np.random.default_rng(5)
    share = np.array([0.9, 0.03, 0.05, 0.02])
    tables = generator.multinomial(500, share, 2000)
    script = "(tables) => tables.map(([, a, b]) => interval(a, b, 500))"
    bounds = np.array(opened().evaluate(script, tables.tolist()))
    covered = ((bounds[:, 0] <= 0.02) & (bounds[:, 1] >= 0.02)).mean()
    assert 0.93 < covered < 0.98


def test_the_epoch_slider_moves_the_confusion_matrix(opened, report):
    page = opened()
    page.locator("#cell-1 summary").first.click()
    box = page.locator('[data-confusion="1"]')
    with np.load(report.parent / "comparison" / "confusion.npz") as held:
        counts = held["counts/normalization"]

    def shown():
        return np.array(
            [[int(text) for text in row.locator("td").all_inner_texts()] for row in box.locator("tbody tr").all()]
        )

    np.testing.assert_array_equal(shown(), counts[-1])
    box.locator("input[type=range]").press("Home")
    np.testing.assert_array_equal(shown(), counts[0])
    assert "epoch 1 of 4" in box.locator("output").inner_text()
    box.locator("select").select_option("row")
    shares = counts[0] / counts[0].sum(axis=1, keepdims=True)
    assert float(box.locator("tbody td").first.inner_text()) == pytest.approx(100 * shares[0, 0], abs=0.6)


def test_a_count_of_the_matrix_opens_its_images(opened, report):
    page = opened()
    page.locator("#cell-0 summary").first.click()
    with np.load(report.parent / "comparison" / "predictions.npz") as held:
        predicted, labels = held["predicted"][0], held["labels"]
    wrong = np.flatnonzero(predicted != labels)[0]
    true, taken = labels[wrong], predicted[wrong]
    page.locator('[data-confusion="0"] tbody tr').nth(true).locator("td").nth(taken).locator("button").click()
    shown = page.locator("#viewer figure").evaluate_all("all => all.map((one) => Number(one.dataset.image))")
    assert shown == np.flatnonzero((labels == true) & (predicted == taken)).tolist()


def test_an_image_is_its_own_tile_of_the_atlas(opened, report):
    page = opened()
    atlas = json.loads((report.parent / "errors" / "errors.json").read_text())["atlas"]
    index = atlas["images"][23]
    box = page.evaluate("(index) => tile(index, '').getAttribute('viewBox')", index)
    assert box == f"{23 % atlas['columns'] * 28} {23 // atlas['columns'] * 28} 28 28"


def test_the_link_restores_what_was_chosen(opened):
    page = opened()
    heading(page, "test_accuracy").locator("button").click()
    page.locator("#filter").fill("layers")
    page.locator("#cells-table tr", has_text="four-hidden-layers").locator("button", has_text="B").click()
    page.locator("#cells-table tr", has_text="four-hidden-layers").locator("button", has_text="pin").click()
    page.locator('button[data-axis="seconds"]').click()
    address, order = page.url, names(page)
    assert address.startswith("file://")
    again = opened(hash_=address[address.index("#") :])
    assert names(again) == order
    assert again.locator("#filter").input_value() == "layers"
    assert again.locator("#pair-b option:checked").inner_text() == "four-hidden-layers"
    assert again.locator('button[data-axis="seconds"]').get_attribute("aria-pressed") == "true"
    assert again.locator("#focus svg text", has_text="seconds of training").is_visible()
    assert "is-lit" in again.locator("#cells-table tr", has_text="four-hidden-layers").get_attribute("class")


def test_a_link_to_a_cell_opens_it(opened):
    page = opened(hash_="#cell-3&sort=cell")
    assert page.locator("#cell-3").get_attribute("open") is not None
    assert names(page) == sorted(names(page))


def test_downloads_hold_the_files(opened, report):
    page = opened()
    page.locator("summary", has_text="Export").click()
    for name in ("comparison.csv", "effects.csv", "reference.csv", "table.tex", "table.md", "results.json"):
        with page.expect_download() as waiting:
            page.locator(f'[data-download="{name}"]').click()
        content = waiting.value.path().read_text("utf-8")
        if name.endswith(".csv"):
            assert content == (report.parent / name).read_text("utf-8")
        elif name.endswith(".json"):
            assert json.loads(content)["cells"]["names"][0] == "no-normalization"
        else:
            assert content == (report.parent / "comparison" / name).read_text("utf-8")


def test_a_figure_is_saved_with_its_colours_written_out(opened):
    page = opened()
    with page.expect_download() as waiting:
        page.locator('[data-save="time.svg"]').click()
    drawn = waiting.value.path().read_text("utf-8")
    assert "rgb(" in drawn
    assert "var(" not in drawn


def test_the_baseline_is_first_compared_with_its_first_pair(opened, report):
    effects = rows(report.parent / "effects.csv")
    pair = next(row for row in effects if row["is_baseline"] == "true" and row["both_right"])
    page = opened()
    shown = {page.locator(f"#pair-{side} option:checked").inner_text() for side in "ab"}
    assert shown == {pair["from"], pair["to"]}
