"""The original report's file: figures that agree with each other and with the default grid; bad files."""

from itertools import permutations

import pytest
import yaml
from project import ROOT

from experiment_grid.config.columns import flat
from experiment_grid.config.reference import load
from experiment_grid.config.settings import load as load_settings
from experiment_grid.runtime.errors import UserError

FILE = ROOT / "config/original-report.yaml"


@pytest.fixture(scope="module")
def report():
    return load(FILE)


@pytest.fixture
def cells(monkeypatch):
    monkeypatch.chdir(ROOT)
    settings = load_settings(yaml.safe_load((ROOT / "config/config.yaml").read_text("utf-8")))
    return flat({name: cell.parameters for name, cell in settings.cells.items()})


def test_every_row_and_time_has_its_cell_at_the_stated_settings(report, cells):
    assert len(report["rows"]) == 8
    assert len(report["times"]) == 5
    for item in report["rows"] + report["times"]:
        parameters = cells[item["cell"]]
        assert {key: parameters[key] for key in item["stated"]} == item["stated"], item


def test_figures_agree_with_each_other(report):
    for row in report["rows"]:
        figures = row["figures"]
        assert figures["test_accuracy"] == figures["test_correct"] / figures["test_images"]
        assert figures["test_percent"] == int(100 * figures["test_accuracy"])  # cut off, as printed
        assert figures["train_percent"] == round(100 * figures["train_correct"] / figures["train_images"])
        assert figures["train_images"] == round(60_000 * row["stated"].get("train_fraction", 0.8))
        assert abs(figures["test_f1"] - figures["test_accuracy"]) < 0.001


def test_listed_times_repeat_the_rows(report):
    minutes = {row["cell"]: row["figures"]["minutes"] for row in report["rows"]}
    listed = {time["cell"]: time["minutes"] for time in report["times"]}
    assert listed.pop("epochs-15") == 5.95
    assert listed.items() <= minutes.items()


def differing(one, other):
    return [key for key in one if one[key] != other.get(key)]


def test_conditions_of_claims_name_values_that_cells_have(report, cells):
    names = [claim["claim"] for claim in report["claims"]]
    assert len(set(names)) == len(names)
    for claim in report["claims"]:
        for key, values in claim["where"].items():
            assert all(any(one.get(key) == value for one in cells.values()) for value in values), claim


def test_directions_of_claims_are_those_of_the_printed_figures(report, cells):
    """Between cells of the report that differ in the claim's factor alone."""
    printed = {row["cell"]: row["figures"] | {"train_accuracy": _share(row)} for row in report["rows"]}
    printed["epochs-15"] = {"minutes": 5.95}
    checked = 0
    for claim in report["claims"]:
        sign = {"higher": 1, "lower": -1}.get(claim["direction"])
        if not sign:
            continue
        key, measure = _parameter(claim), {"train_seconds": "minutes"}.get(claim["measure"], claim["measure"])
        order = claim["where"].get(key) or [False, True]
        for first, second in permutations(printed, 2):
            one, other = cells[first], cells[second]
            if differing(one, other) == [key] and [one[key], other[key]] == order and measure in printed[second]:
                assert (printed[second][measure] - printed[first][measure]) * sign > 0, claim
                checked += 1
    assert checked >= 10


def _parameter(claim):
    return {"depth": "hidden"}.get(claim["factor"][0], claim["factor"][0])


def test_what_the_report_says_is_quoted_and_what_it_shows_is_not(report):
    for claim in report["claims"]:
        assert (claim["quote"] is not None) == (claim["source"] == "words"), claim
    assert "chosen by fit" in report["not_stated"]["momentum"]


def _share(row):
    return row["figures"]["train_correct"] / row["figures"]["train_images"]


ROW = "- {row: a, heading: A, cell: a, stated: {epochs: 3}, figures: {minutes: 1}}"
CLAIM = "- {claim: c, says: x, source: figures, measure: test_accuracy, direction: higher, factor: epochs}"


FIGURES = "train_loss, train_correct, train_images, train_percent, minutes, test_correct, test_images, test_percent"
BAD_ROWS = {
    f"{ROW}\n{ROW}": '4: rows[1].row: is the name of rows[0] too; given: "a"; allowed: a name of its own',
    ROW.replace("minutes: 1", "minuts: 1"): (
        "3: rows[0].figures.minuts: unknown key (did you mean minutes?); given: 1; "
        f"allowed: {FIGURES}, test_f1, test_accuracy"
    ),
    ROW.replace("minutes: 1", "test_correct: 3, test_images: 2"): (
        "3: rows[0].figures.test_correct: is more than test_images; given: 3; allowed: 0 to 2"
    ),
    ROW.replace("minutes: 1", "test_correct: 3"): (
        "3: rows[0].figures.test_correct: needs test_images beside it; given: 3"
    ),
}
BAD_CLAIMS = {
    CLAIM.replace("direction: higher", "direction: up"): (
        '4: claims[0].direction: is not one of those known; given: "up"; allowed: higher, lower, different, largest'
    ),
    CLAIM.replace(", factor: epochs", ""): (
        "4: claims[0].factor: is missing; allowed: the name of a factor, or a list of such names"
    ),
    CLAIM.replace("figures", "words"): (
        '4: claims[0].source: words need a quote beside them, figures have none; given: "words"'
    ),
    CLAIM.replace("epochs}", "epochs, where: {epochs: 3}}"): (
        "4: claims[0].where.epochs: must be a list; given: 3; allowed: a list of values"
    ),
}
BAD = [(f"rows:\n{rows}\nclaims: []", line) for rows, line in BAD_ROWS.items()]
BAD += [(f"rows: []\nclaims:\n{claims}", line) for claims, line in BAD_CLAIMS.items()]


@pytest.mark.parametrize(("lists", "line"), BAD, ids=[line for _, line in BAD])
def test_bad_references(tmp_path, monkeypatch, lists, line):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.yaml").write_text(f"title: t\n{lists}\ntimes: []\n", "utf-8")
    with pytest.raises(UserError) as raised:
        load("own.yaml")
    assert str(raised.value) == f"own.yaml:{line}"
