"""The filter as people type it: words, numbers with units, several conditions, and what it does not understand."""

import pytest
from simulated_page import make_page
from tables import rows

GRID = {
    "plain": ({"hidden": [64], "learning_rate": 0.001}, 3.0),
    "wide": ({"hidden": [512, 256], "learning_rate": 0.005}, 4.6),
    "raw": ({"hidden": [64], "learning_rate": 0.005, "normalize": False}, 3.4),
    "cross": ({"hidden": [64], "learning_rate": 0.05, "loss": "cross_entropy"}, 4.0),
    "large-batch": ({"hidden": [64], "learning_rate": 0.05, "batch_size": 256, "train_fraction": 0.6}, 4.2),
}


@pytest.fixture(scope="module")
def page_of_five(tmp_path_factory):
    return make_page(tmp_path_factory.mktemp("filter"), grid=GRID, diverged=("raw",))


@pytest.fixture
def five(opened, page_of_five):
    return opened(page_of_five)


def shown(page):
    return set(page.locator("#cells-table tbody tr:visible th bdi").all_inner_texts())


def number(row, key):
    return float(row[key]) if row[key] else float("nan")


CONDITIONS = [
    ("wide", lambda row: row["cell"] == "wide"),
    ("PLAIN", lambda row: row["cell"] == "plain"),
    ("accuracy > 93%", lambda row: number(row, "test_accuracy") > 0.93),
    ("accuracy > 93", lambda row: number(row, "test_accuracy") > 0.93),
    ("test accuracy <= 93 %", lambda row: number(row, "test_accuracy") <= 0.93),
    ("per epoch < 3", lambda row: number(row, "seconds_per_epoch") < 3),
    ("per epoch < 3000 ms", lambda row: number(row, "seconds_per_epoch") < 3),
    ("per epoch < 3000ms", lambda row: number(row, "seconds_per_epoch") < 3),
    ("training < 10", lambda row: number(row, "train_seconds") < 10),
    ("training time < 0.2 min", lambda row: number(row, "train_seconds") < 12),
    ("training fraction < 0.7", lambda row: number(row, "train_fraction") < 0.7),
    ("normalized = yes", lambda row: row["normalize"] == "true"),
    ("normalized != yes", lambda row: row["normalize"] == "false"),
    ("loss = cross_entropy", lambda row: row["loss"] == "cross_entropy"),
    ("loss function = nll", lambda row: row["loss"] == "nll"),
    ("test loss < 0.3", lambda row: number(row, "test_loss") < 0.3),
    ("hidden layers = 512-256", lambda row: row["hidden"] == "512-256"),
    ("hidden != 64", lambda row: row["hidden"] == "512-256"),
    ("learning rate >= 0.005", lambda row: number(row, "learning_rate") >= 0.005),
    ("learning rate ≥ 5e-3", lambda row: number(row, "learning_rate") >= 0.005),
    (
        "learning rate = 0.05, accuracy > 80",
        lambda row: number(row, "learning_rate") == 0.05 and number(row, "test_accuracy") > 0.8,
    ),
    ("accuracy > 80 cross_entropy", lambda row: row["loss"] == "cross_entropy" and number(row, "test_accuracy") > 0.8),
    ("large accuracy > 80 and batch size > 64", lambda row: row["cell"] == "large-batch"),
    ("cell = plain", lambda row: row["cell"] == "plain"),
    ("weights > 60,000", lambda row: number(row, "parameters") > 60000),
    ("diverged", lambda row: row["cell"] == "raw"),
    ("nothing like this", lambda row: False),
]


@pytest.mark.parametrize(("text", "kept"), CONDITIONS, ids=[text for text, _ in CONDITIONS])
def test_keeps_the_cells_that_are_asked_for(five, page_of_five, text, kept):
    expected = {row["cell"] for row in rows(page_of_five.parent / "comparison.csv") if kept(row)}
    five.locator("#filter").press_sequentially(text)
    assert shown(five) == expected
    assert five.locator("#shown").inner_text() == f"{len(expected)} of 5 cells"


def test_a_number_as_the_page_writes_it_is_equal(five, page_of_five):
    for row in rows(page_of_five.parent / "comparison.csv"):
        cells = five.locator("#cells-table tbody tr", has=five.locator(f"text='{row['cell']}'"))
        for key, name in (
            ("test_accuracy", "test accuracy"),
            ("train_seconds", "training time"),
            ("test_f1_macro", "Macro F1"),
        ):
            place = five.locator(f'#cells-table th[data-key="{key}"]').evaluate("one => one.cellIndex")
            text = cells.locator("th, td").nth(place).text_content()
            if text == "–":
                continue
            five.locator("#filter").fill(f"{name} = {text}")
            assert row["cell"] in shown(five), (name, text)
        five.locator("#filter").fill("")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("speed > 3", "No column is called “speed”"),
        ("> 3", "Which column?"),
        ("accuracy >", "Nothing to compare with"),
        ("accuracy > high", "“high” is not a number"),
        ("accuracy > 3 ms", "“ms” is not a unit of Test accuracy, %"),
        ("per epoch < 3 %", "“%” is not a unit of Per epoch"),
        ("normalized = perhaps", "No cell has Normalized “perhaps”: yes, no"),
        ("loss function > 3", "Loss function holds words"),
        ("valid > 3", "Validation accuracy, % or Validation loss"),
    ],
)
def test_says_what_it_did_not_understand(five, text, problem):
    five.locator("#filter").fill(text)
    assert problem in five.locator("#shown").inner_text()
    assert five.locator("#filter").get_attribute("aria-invalid") == "true"
    assert len(shown(five)) == 5


CELLS_DRAWN = """all => [...new Set(all.filter((one) => getComputedStyle(one).display !== 'none')
    .map((one) => +one.dataset.cell))].sort()"""


def test_drives_every_chart_and_list(five):
    five.locator("#filter").fill("learning rate = 0.05")
    for chart in ("#panels svg", "#factors svg", "#time svg", "#focus svg"):
        assert five.locator(f"{chart} [data-cell]").evaluate_all(CELLS_DRAWN) == [3, 4], chart
    assert sorted(five.locator("#legend bdi").all_inner_texts()) == ["cross", "large-batch"]
    assert five.locator("#ranking tr[data-cell]:visible").count() == 2
    assert five.locator("details.cell:visible").count() == 2


def test_a_value_of_the_settings_chart_is_a_condition(opened, report):
    page = opened()
    page.locator('[data-condition="batch_size = 128"]:visible').click()
    assert page.locator("#filter").input_value() == "batch_size = 128"
    assert shown(page) == {"batch-128"}


def test_groups_by_a_setting_in_the_table_and_the_charts(five):
    five.locator("#group").select_option("learning_rate")
    headings = five.locator("#cells-table tr.group th").all_inner_texts()
    assert [text.split(" ")[2] for text in headings] == ["0.001", "0.005", "0.05"]
    assert "2 cells: mean accuracy" in headings[2]
    order = five.locator("#cells-table tbody tr[data-cell]").evaluate_all("all => all.map((one) => +one.dataset.cell)")
    assert order[:3] == [0, 1, 2] and sorted(order[3:]) == [3, 4]  # in a group the most accurate first
    stroke = "(cell) => getComputedStyle(document.querySelector(`#focus [data-cell='${cell}'] path:not(.band)`)).stroke"
    colours = [five.evaluate(stroke, cell) for cell in (0, 1, 3, 4)]
    assert colours[2] == colours[3]
    assert len(set(colours)) == 3
    five.locator("#legend .group-name", has_text="0.05").click()
    assert five.locator("#focus [data-cell]").evaluate_all(CELLS_DRAWN) == [0, 1, 2]
