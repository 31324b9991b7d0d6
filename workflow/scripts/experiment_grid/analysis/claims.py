"""The original report's conclusions, each decided by all pairs that it is about."""

import math
from typing import Any

import pandas as pd

from experiment_grid.analysis.cell_results import CellResults
from experiment_grid.analysis.effects import Effects
from experiment_grid.analysis.factor_pairs import ANY, Pair, factor_matches
from experiment_grid.analysis.measures import LOSSES
from experiment_grid.analysis.phrases import difference, measured, p_value, ratio
from experiment_grid.analysis.verdicts import (
    CONFOUNDED,
    Evidence,
    counted,
    depends_on,
    evidence,
    is_known,
    largest,
    verdict,
)
from experiment_grid.column_values import (
    CONFIRMED,
    COUNTED,
    DEPENDS,
    LOADER_SECONDS,
    OPEN,
    REFUTED,
    SAME,
    SEEDS,
    TIMES,
    UNTESTED,
)
from experiment_grid.config.labels import factor_name, title
from experiment_grid.format import listed, setting

SHOWN = 3  # pairs that a claim's text gives figures of
NOT_MEASURED = {
    "device": "Not measured here: there was no GPU to measure beside the CPU.",
    LOADER_SECONDS: "Not measured here: torchvision has no such data set.",
}


def asked(reference: dict[str, Any] | None) -> list[tuple[str, str]]:
    """(measure, factor) of every claim: what effects must compare. More than any other factor: all of them."""
    claims = reference["claims"] if reference else []
    return [
        (claim["measure"], factor)
        for claim in claims
        for factor in ([ANY] if claim["direction"] == "largest" else claim["factor"])
    ]


def judge(cells: list[CellResults], effects: Effects, reference: dict[str, Any] | None) -> list[dict[str, Any]]:
    """`claims` of claims.json."""
    return [_judged(claim, cells, effects) for claim in (reference["claims"] if reference else [])]


def _judged(claim: dict[str, Any], cells: list[CellResults], effects: Effects) -> dict[str, Any]:
    by_factor = {factor: _found(claim, factor, cells, effects) for factor in claim["factor"]}
    found = [one for some in by_factor.values() for one in some]
    known = {factor: _known(some) for factor, some in by_factor.items()}
    scope = None
    if claim["direction"] == "largest":
        others = _found(claim, claim["factor"][0], cells, effects, others=True)
        result, text = largest(_known(found), _known(others)), _text(claim, OPEN, found)
        text += _beside(claim["measure"], _known(found), _known(others))
    else:
        result = _together([verdict(some, claim["direction"]) for some in known.values()])
        text = _text(claim, result, found)
        if len(known) > 1 and any(known.values()):
            text = _factor_by_factor(known, claim["direction"])
        if result in (CONFIRMED, REFUTED) and len(_known(found)) == 1:
            scope, text = "one pair", f"{text}{_condition(_known(found)[0], cells)}"
    return {
        "id": claim["claim"],
        "claim": claim["says"],
        "source": claim["source"],
        "quote": claim["quote"],
        "measure": claim["measure"],
        "factor": claim["factor"],
        "direction": claim["direction"],
        "where": claim["where"],
        "verdict": result,
        "scope": scope,
        "text": text,
        "explanation": claim["where_ours_differs"],
        "evidence": [_evidence(one, claim) for one in found],
    }


def _together(verdicts: list[str]) -> str:
    """The verdict on a claim about each of several factors."""
    if len(set(verdicts)) == 1:
        return verdicts[0]
    return next((one for one in (REFUTED, DEPENDS) if one in verdicts), OPEN)


def _factor_by_factor(known: dict[str, list[Evidence]], direction: str) -> str:
    """Which of a claim's factors have the effect: each by its own pairs."""
    names: dict[str, list[str]] = {}
    for factor, some in known.items():
        result = verdict(some, direction)
        name = factor_name(factor)
        names.setdefault(result, []).append(f"{name} ({counted(some)})" if some else name)
    beginnings = {
        CONFIRMED: "An effect was found for",
        REFUTED: "The reverse was found for",
        DEPENDS: "The direction changes within",
        OPEN: "No effect was found for",
        UNTESTED: "Not tested:",
    }
    return " ".join(f"{words} {listed(names[result])}." for result, words in beginnings.items() if result in names)


def _condition(one: Evidence, cells: list[CellResults]) -> str:
    """The settings that the two cells of the only pair share and other cells of the grid do not."""
    shared, compared = one.first.parameters, [cell.parameters for cell in cells if cell.comparable]
    fixed = [
        f"{title(key)} {setting(value)}"
        for key, value in shared.items()
        if key != "seeds"
        and one.second.parameters.get(key) == value
        and any(key in other and other[key] != value for other in compared)
    ]
    return f" Tested with {listed(fixed)} only." if fixed else ""


def _found(
    claim: dict[str, Any], factor: str, cells: list[CellResults], effects: Effects, *, others: bool = False
) -> list[Evidence]:
    """The evidence for every pair that the claim is about, oriented as claimed; or for the `others`."""
    parameter = "hidden" if factor in ("depth", "width") else factor
    order = claim["where"].get(parameter)
    pairs, table = effects.pairs, effects.table
    if claim["measure"] in TIMES:
        if claim["measure"] not in effects.times:
            return []
        (pairs, cells, _), table = effects.times[claim["measure"]]
    elif claim["measure"] != "test_accuracy":
        table = effects.others[claim["measure"]]
    rows = table.to_dict("index")
    return [
        evidence(pair, rows[place], cells, order)
        for place, pair in enumerate(pairs)
        if factor_matches(pair.factor, factor) != others and _holds(pair, claim["where"], cells)
    ]


def _holds(pair: Pair, where: dict[str, list[Any]], cells: list[CellResults]) -> bool:
    """Whether both cells are as the claim says."""
    return all(
        _value(cells[place], key) in values for place in (pair.first, pair.second) for key, values in where.items()
    )


def _value(cell: CellResults, key: str) -> Any:
    return cell.device if key == "device" else cell.parameters.get(key)


def _evidence(one: Evidence, claim: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"from": one.first.name, "to": one.second.name}
    figures = {key: None if pd.isna(one.row[key]) else float(one.row[key]) for key in ("difference", "low", "high")}
    if claim["measure"] in TIMES:
        row |= {"seeds": None} | dict.fromkeys(figures)
        names = {"difference": "ratio", "low": "ratio_low", "high": "ratio_high"}
        row |= {names[key]: None if value is None else math.exp(value) for key, value in figures.items()}
    else:
        row |= {"seeds": _seeds(one)} | figures
    row |= {"p_adjusted": None if pd.isna(one.row["p_adjusted"]) else float(one.row["p_adjusted"])}
    claimed = {"higher": 1, "lower": -1}.get(claim["direction"])
    agrees = None if not one.sign else claimed is None or one.sign == claimed
    return row | {"decided": bool(one.row["decided"]), "agrees": agrees, "basis": one.row["basis"]}


def _known(found: list[Evidence]) -> list[Evidence]:
    return [one for one in found if is_known(one.row)]


def _seeds(one: Evidence) -> int:
    """The number of runs of the cell with fewer runs."""
    return min(len(one.first.good_seeds), len(one.second.good_seeds))


def _text(claim: dict[str, Any], result: str, found: list[Evidence]) -> str:
    names = " or ".join(factor_name(factor) for factor in claim["factor"])
    if not found:
        place = next((key for key in (*claim["factor"], claim["measure"]) if key in NOT_MEASURED), None)
        if place and claim["measure"] in TIMES:
            return NOT_MEASURED[place]
        where = ", as claimed," if claim["where"] else ""
        return f"No two configured cells{where} differ in the {names} alone."
    known = _known(found)
    if not known:
        if claim["measure"] in LOSSES and all(cell.comparable for one in found for cell in (one.first, one.second)):
            return "Values of different loss functions cannot be compared."
        return "The cells that it needs have no results."
    count = counted(known)
    parts = [f"{count[0].upper()}{count[1:]}."]
    if result == DEPENDS:
        parts.append(f"The direction depends {depends_on(known)}.")
    elif claim["direction"] == "different" and verdict(known, "higher") == DEPENDS:
        parts.append(f"It matters; the direction depends {depends_on(known)}.")
    strongest = sorted(known, key=lambda one: (not one.sign, -abs(one.row["difference"])))
    parts += [_sentence(claim["measure"], one) for one in strongest[:SHOWN]]
    if len(known) > SHOWN:
        parts.append(f"{len(known) - SHOWN} more are in the evidence.")
    if claim["measure"] not in TIMES and result in (CONFIRMED, REFUTED) and claim["factor"][0] in CONFOUNDED:
        parts.append(CONFOUNDED[claim["factor"][0]])
    unknown = [cell for one in found if not is_known(one.row) for cell in (one.first, one.second)]
    missing = sorted({cell.name for cell in unknown if not cell.comparable})
    return " ".join([*parts, *([f"Without results: {', '.join(missing)}."] if missing else [])])


def _sentence(measure: str, one: Evidence) -> str:
    figures = [one.row[key] for key in ("difference", "low", "high")]
    if one.row["basis"] == COUNTED:
        figures = figures[:1]
    change = ratio(*figures) if measure in TIMES else difference(measure, *figures)
    return f"{measured(measure)} from {one.first.name} to {one.second.name}: {change}{_reservation(one)}."


def _beside(measure: str, found: list[Evidence], others: list[Evidence]) -> str:
    """The largest effect of any other factor, for comparison."""
    if not found or not others:
        return ""
    most = max(others, key=lambda one: abs(one.row["difference"]))
    return f" The largest effect of another factor: {_sentence(measure, most)}"


def _reservation(one: Evidence) -> str:
    """Why a difference decides nothing, in brackets."""
    if one.row["basis"] == COUNTED:
        return " (computed: the same step, another number of them)"
    if one.row["decided"]:
        return f", {p_value(one.row['p_adjusted'])}"
    if one.row["basis"] == SAME:
        return " (the same in every run)"
    return " (not significant)" if one.row["basis"] == SEEDS else " (single run)"
