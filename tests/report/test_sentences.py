"""Pages of many simulated grids: every sentence agrees with the tables of the same page."""

import html
import json
import re

import pandas as pd
import pytest
from project import ROOT
from simulated_cells import GRID
from simulated_page import make_page

from experiment_grid.config.reference import load

RATES = {f"rate-{rate}": ({"learning_rate": rate}, skill) for rate, skill in ((0.001, 2), (0.005, 4.5), (0.05, 2.5))}
CROSSED = {
    f"{rate}-{normalize}": ({"learning_rate": rate, "normalize": normalize}, skill)
    for (rate, normalize), skill in {(0.001, False): 2, (0.001, True): 4, (0.05, False): 4, (0.05, True): 2}.items()
}
EQUAL = {"three-hidden-layers": ({}, 4.0), "ce": ({"loss": "cross_entropy"}, 4.0), "mse": ({"loss": "mse"}, 2.0)}
WIDTHS = {f"w{w}-{b}": ({"hidden": [w], "batch_size": b}, 2 + w / 40) for w in (16, 32, 64) for b in (32, 64)}
GRIDS = {
    "the report's cells": {"grid": GRID},
    "a cell missing, one diverged": {"grid": GRID, "missing": ("batch-128",), "diverged": ("mse",)},
    "single runs": {"grid": GRID, "seeds": (1,)},
    "ten seeds": {"grid": GRID, "seeds": tuple(range(10)), "images": 300},
    "signs that change with another factor": {"grid": CROSSED, "images": 1500},
    "signs that change with the factor's own values": {"grid": RATES, "images": 1500},
    "cells that predict the same": {"grid": EQUAL, "images": 1000},
    "widths and batches": {"grid": WIDTHS},
    "no effect at all": {"grid": {f"b{b}": ({"batch_size": b}, 4.0) for b in (16, 32, 64, 128)}},
    "everything missing": {"grid": EQUAL, "missing": tuple(EQUAL)},
    "one cell": {"grid": {"only": ({}, 4.0)}},
}
FACTORS = ["normalize", "learning_rate", "batch_size", "train_fraction", "depth", "width", "hidden", "loss"]
EVERY_CLAIM = [
    {"claim": f"{measure}-{factor}-{direction}", "says": "So it is.", "source": "figures", "quote": None, "where": {}}
    | {"measure": measure, "direction": direction, "factor": [factor], "where_ours_differs": None}
    for measure in ("test_accuracy", "train_loss", "train_seconds")
    for factor in FACTORS
    for direction in ("higher", "lower", "different")
]


class Page:
    """A page as text, and the tables that it was made of."""

    def __init__(self, results, made_of):
        reference = load(ROOT / "config/original-report.yaml")
        reference["claims"] = reference["claims"] + EVERY_CLAIM
        page = make_page(results, changes={"reference": reference}, **made_of)
        self.source = page.read_text("utf-8")
        main = self.source[self.source.index("<main") : self.source.index("</main>")]
        self.text = html.unescape(
            re.sub(r"\s+", " ", re.sub(r"<(svg|style|script).*?</\1>|<[^>]+>", " ", main, flags=re.S))
        )
        self.effects = pd.read_csv(results / "effects.csv", keep_default_na=False, na_values=[""])
        texts = [
            json.loads((results / f"comparison/{name}.json").read_text("utf-8")) for name in ("findings", "claims")
        ]
        self.findings, self.claims = texts[0], texts[1]["claims"]

    def row(self, first, second):
        rows = self.effects
        same = rows[
            ((rows["from"] == first) & (rows["to"] == second)) | ((rows["from"] == second) & (rows["to"] == first))
        ]
        assert len(same) == 1, (first, second)
        return same.iloc[0]


@pytest.fixture(scope="module", params=GRIDS, ids=lambda name: name.replace(" ", "-"))
def page(request, tmp_path_factory):
    results = tmp_path_factory.mktemp("results")
    made_of = {"images": 400, "epochs": 2, **GRIDS[request.param]}
    if request.param == "cells that predict the same":
        return Page(results, made_of | {"same": ("three-hidden-layers", "ce")})
    return Page(results, made_of)


def test_intervals_leave_zero_out_just_where_decided(page):
    rows = page.effects[page.effects["basis"] == "seeds and images"]
    assert (((rows["low"] >= 0) | (rows["high"] <= 0)) == (rows["decided"].astype(str).str.lower() == "true")).all()


def test_every_sentence_on_a_pair_agrees_with_its_row(page):
    texts = [one["text"] for part in ("findings", "factors") for one in page.findings[part]]
    pattern = r"([\w.-]+) to ([\w.-]+)\)?: test accuracy (\S+) points(?: \((above 0|[^s ]\S*) to (below 0|[^)]+)\))?"
    pattern += r"(, not significant|, significant| \(single)"
    found = [match for text in texts for match in re.findall(pattern, text)]
    assert len(found) == sum(": test accuracy " in text and " points" in text for text in texts)
    for first, second, value, low, high, said in found:
        row = page.row(first, second)
        assert (said == ", significant") == _true(row["decided"])
        sign = 1 if row["from"] == first else -1
        assert _number(value) == pytest.approx(100 * sign * row["difference"], abs=0.005001)
        if said != " (single":
            assert (low.startswith(("+", "above")) or high.startswith(("\N{MINUS SIGN}", "below"))) == _true(
                row["decided"]
            )
        assert all(one in page.text for one in (first, second))


def test_every_sentence_on_a_factor_agrees_with_its_pairs(page):
    for factor in page.findings["factors"]:
        rows = page.effects[page.effects["factor"] == factor["factor"]]
        signs = _signs(rows)
        expected = {frozenset(): "not decided", frozenset({1}): "higher", frozenset({-1}): "lower"}.get(
            signs, "depends"
        )
        if factor["factor"] == "loss":
            expected = "not decided" if not signs else "different"
        assert factor["tendency"] == expected
        assert factor["decided"] == rows["decided"].map(_true).sum()
        assert "raises" not in factor["text"] or expected == "higher"
        assert "lowers" not in factor["text"] or expected == "lower"


def test_verdicts_on_claims_agree_with_their_pairs(page):
    for claim in page.claims:
        if claim["direction"] == "largest" or claim["measure"] == "loader_seconds":
            assert claim["verdict"] == "not tested" and claim["text"].startswith("Not measured here")
            continue
        keys, zero = ("difference", "low", "high"), 0
        if claim["measure"] == "train_seconds":
            keys, zero = ("ratio", "ratio_low", "ratio_high"), 1
        decided = [row for row in claim["evidence"] if row["decided"]]
        signs = {row[keys[0]] > zero for row in decided}
        if all(row[keys[0]] is None for row in claim["evidence"]):
            assert claim["verdict"] == "not tested"
            continue
        if claim["direction"] == "different":
            if len(claim["factor"]) == 1 or not decided:
                assert claim["verdict"] == ("confirmed" if decided else "not decided")
        else:
            claimed = claim["direction"] == "higher"
            verdict = {
                frozenset(): "not decided",
                frozenset({claimed}): "confirmed",
                frozenset({not claimed}): "refuted",
            }
            assert claim["verdict"] == verdict.get(frozenset(signs), "depends")
        for row in claim["evidence"]:
            assert not row["decided"] or not row[keys[1]] < zero < row[keys[2]]
        if claim["measure"] == "test_accuracy":
            _same_as_effects(page, claim)


def _same_as_effects(page, claim):
    """A claim without condition rests on all rows of its factor, with the same numbers and decisions."""
    (factor,) = claim["factor"]
    for row in claim["evidence"]:
        other = page.row(row["from"], row["to"])
        sign = 1 if other["from"] == row["from"] else -1
        assert _true(other["decided"]) == row["decided"]
        assert row["difference"] is None or row["difference"] == pytest.approx(sign * other["difference"])
    if not claim["where"]:
        names = {factor} | ({"depth", "width"} if factor == "hidden" else set())
        assert len(claim["evidence"]) == page.effects["factor"].isin(names).sum()


def test_only_words_of_the_original_are_in_quotation_marks(page):
    quotes = [html.unescape(text) for text in re.findall(r"<q>(.*?)</q>", page.source)]
    assert set(quotes) == {claim["quote"] for claim in page.claims if claim["quote"]}
    assert not re.search("[“”]", page.text)


def test_single_runs_decide_nothing(page):
    single = page.effects["basis"] == "images (single run)"
    assert not page.effects[single]["decided"].map(_true).any()


def _true(value):
    return str(value).lower() == "true"


def _signs(rows):
    """Directions of decided differences along the factor's values, where these have an order."""
    signs = set()
    for row in rows[rows["decided"].map(_true)].to_dict("records"):
        one, other = (_order(row[end]) for end in ("from_value", "to_value"))
        signs.add((1 if row["difference"] > 0 else -1) * (1 if one < other else -1))
    return frozenset(signs)


def _order(value):
    text = str(value).lower()
    if text in ("true", "false"):
        return (text == "true",)
    try:
        return (float(text),)
    except ValueError:
        parts = text.split("-")
        return (len(parts), sum(map(float, parts))) if all(part.isdigit() for part in parts) else (0,)


def _number(text):
    return float(text.replace("\N{MINUS SIGN}", "-"))


@pytest.mark.parametrize(
    ("grid", "factor", "on"),
    [(CROSSED, "normalize", "on learning rate (0.001 up, 0.05 down)"), (RATES, "learning_rate", "its own values")],
)
def test_signs_that_change_are_said_to_depend(tmp_path, grid, factor, on):
    page = Page(tmp_path, {"grid": grid, "images": 1500, "epochs": 2})
    (summary,) = (one for one in page.findings["factors"] if one["factor"] == factor)
    claim = next(one for one in page.claims if one["id"] == f"test_accuracy-{factor}-higher")
    assert (summary["tendency"], claim["verdict"]) == ("depends", "depends")
    assert on in summary["text"] and on in claim["text"] and on in page.text
