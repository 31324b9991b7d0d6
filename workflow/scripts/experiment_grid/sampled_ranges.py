"""What the factors of a search were drawn from, as its settings hold it: `{"axes": {column: [kind, values]}}`."""

from typing import Any


def range_of(factor: str, searches: list[dict[str, Any]]) -> tuple[bool, float, float] | None:
    """Whether a factor was drawn from a range by its logarithm, and the ends of all such ranges; None if from none."""
    drawn = [search["axes"][factor] for search in searches if factor in search["axes"]]
    drawn = [(kind, ends) for kind, ends in drawn if kind != "choice"]
    if not drawn:
        return None
    return "log" in drawn[0][0], min(ends[0] for _, ends in drawn), max(ends[1] for _, ends in drawn)
