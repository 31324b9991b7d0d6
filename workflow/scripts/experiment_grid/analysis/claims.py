"""The original report's conclusions, each decided by all pairs that it is about."""

from typing import Any

import pandas as pd

from experiment_grid.analysis.cells import Cell
from experiment_grid.analysis.effects import SAME, SEEDS, Effects, factor_matches
from experiment_grid.analysis.factors import Pair
from experiment_grid.analysis.measures import TIMES
from experiment_grid.analysis.phrases import measured, p_value, signed
from experiment_grid.analysis.verdicts import (
    CONFIRMED,
    CONFOUNDED,
    DEPENDS,
    OPEN,
    REFUTED,
    Evidence,
    counted,
    depends_on,
    evidence,
    is_known,
    verdict,
)
from experiment_grid.config.labels import factor_name

SHOWN = 3  # pairs that a claim's text gives figures of
UNJUDGED = "Trainings beside each other on one machine are no measurement of time, so nothing is decided from them."


def asked(reference: dict[str, Any] | None) -> list[tuple[str, str]]:
    """(measure, factor) of every claim: what effects must compare."""
    claims = reference["claims"] if reference else []
    return [(claim["measure"], factor) for claim in claims for factor in claim["factor"]]


def judge(cells: list[Cell], effects: Effects, reference: dict[str, Any] | None) -> list[dict[str, Any]]:
    """`claims` of claims.json."""
    return [_judged(claim, cells, effects) for claim in (reference["claims"] if reference else [])]


def _judged(claim: dict[str, Any], cells: list[Cell], effects: Effects) -> dict[str, Any]:
    by_factor = {factor: _found(claim, factor, cells, effects) for factor in claim["factor"]}
    found = [one for some in by_factor.values() for one in some]
    if claim["measure"] in TIMES:
        result, text = OPEN, _times(claim, found)
    else:
        result = _together([verdict(some, claim["direction"]) for some in by_factor.values()])
        text = _text(claim, result, found)
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
        "text": text,
        "explanation": claim["where_ours_differs"],
        "evidence": [_evidence(one, claim) for one in found],
    }


def _together(verdicts: list[str]) -> str:
    """The verdict on a claim about each of several factors."""
    if len(set(verdicts)) == 1:
        return verdicts[0]
    return next((one for one in (REFUTED, DEPENDS) if one in verdicts), OPEN)


def _found(claim: dict[str, Any], factor: str, cells: list[Cell], effects: Effects) -> list[Evidence]:
    """What came out for every pair that the claim is about, turned the way in which it is claimed."""
    parameter = "hidden" if factor in ("depth", "width") else factor
    order = claim["where"].get(parameter)
    table = effects.table if claim["measure"] in ("test_accuracy", *TIMES) else effects.others[claim["measure"]]
    rows = table.to_dict("index")
    return [
        evidence(pair, rows[place], cells, order)
        for place, pair in enumerate(effects.pairs)
        if factor_matches(pair.factor, factor) and _holds(pair, claim["where"], cells)
    ]


def _holds(pair: Pair, where: dict[str, list[Any]], cells: list[Cell]) -> bool:
    """Whether both cells are as the claim says."""
    return all(
        _value(cells[place], key) in values for place in (pair.first, pair.second) for key, values in where.items()
    )


def _value(cell: Cell, key: str) -> Any:
    return cell.device if key == "device" else cell.parameters.get(key)


def _evidence(one: Evidence, claim: dict[str, Any]) -> dict[str, Any]:
    row = {"from": one.first.name, "to": one.second.name, "seeds": _seeds(one)}
    if claim["measure"] in TIMES:
        before, after = (_seconds(cell, claim["measure"]) for cell in (one.first, one.second))
        known = before is not None and after is not None
        row |= {"difference": after - before if known else None, "low": None, "high": None}
        row |= {"ratio": after / before if known and before else None, "p_adjusted": None}
        return row | {"decided": False, "agrees": None}
    row |= {key: None if pd.isna(one.row[key]) else float(one.row[key]) for key in ("difference", "low", "high")}
    row |= {"p_adjusted": None if pd.isna(one.row["p_adjusted"]) else float(one.row["p_adjusted"])}
    claimed = {"higher": 1, "lower": -1}.get(claim["direction"])
    agrees = None if not one.sign else claimed is None or one.sign == claimed
    return row | {"decided": bool(one.row["decided"]), "agrees": agrees}


def _seeds(one: Evidence) -> int:
    """Runs of the cell that has fewer."""
    return min(len(one.first.good_seeds), len(one.second.good_seeds))


def _seconds(cell: Cell, measure: str) -> float | None:
    """Mean over the seeds of a training, or of an epoch of it; None without results."""
    if cell.curves is None:
        return None
    by_seed = cell.curves.groupby("seed")["seconds"]
    return float((by_seed.sum() if measure == "train_seconds" else by_seed.mean()).mean())


def _text(claim: dict[str, Any], result: str, found: list[Evidence]) -> str:
    names = " or ".join(factor_name(factor) for factor in claim["factor"])
    if not found:
        where = ", as claimed," if claim["where"] else ""
        return f"No two configured cells{where} differ in the {names} alone."
    known = [one for one in found if is_known(one.row)]
    if not known:
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
    if result in (CONFIRMED, REFUTED) and claim["factor"][0] in CONFOUNDED:
        parts.append(CONFOUNDED[claim["factor"][0]])
    missing = sorted({cell.name for one in found for cell in (one.first, one.second) if not cell.comparable})
    return " ".join([*parts, *([f"Without results: {', '.join(missing)}."] if missing else [])])


def _sentence(measure: str, one: Evidence) -> str:
    row = one.row
    change = signed(measure, row["difference"], row["low"], row["high"])
    return f"{measured(measure)} from {one.first.name} to {one.second.name}: {change}{_reservation(one)}."


def _reservation(one: Evidence) -> str:
    """Why a difference decides nothing, in brackets."""
    if one.row["decided"]:
        return f", {p_value(one.row['p_adjusted'])}"
    if one.row["basis"] == SAME:
        return " (the same in every run)"
    return " (not decided)" if one.row["basis"] == SEEDS else " (single run)"


def _times(claim: dict[str, Any], found: list[Evidence]) -> str:
    """Description only: the ratio of the training times that there are."""
    ratios = [(_evidence(one, claim)["ratio"], one) for one in found]
    known = [(ratio, one) for ratio, one in ratios if ratio]
    if not known:
        return f"{UNJUDGED} No two cells with results differ in this alone."
    described = [f"{one.second.name} took {ratio:.2f} × the time of {one.first.name}" for ratio, one in known[:SHOWN]]
    more = f", and {len(known) - SHOWN} more pairs are in the evidence" if len(known) > SHOWN else ""
    return f"{UNJUDGED} As described by this run: {'; '.join(described)}{more}."
