"""The report that is audited: its figures and claims, from `config/original-report.yaml`."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from experiment import schema
from experiment.errors import UserError
from experiment.problems import Keys, Problem, Sources, complain, relative
from experiment.settings import Cell

SCHEMA = "original-report.schema.json"


def load(path: Path | str, cells: Mapping[str, Cell]) -> dict[str, Any]:
    """The report as JSON values; the file's own comments explain every key.

    A row or a time whose cell is not among `cells`, or has other parameters there than the report states, has
    cell None: nothing to compare with. A row always has `notes`, a time `note`, a claim `pairs`, `factor` and
    `explanation`, None or empty where nothing is told. Raises UserError with a line for each problem.
    """
    path = Path(path)
    sources = Sources([path])
    complain(sources.duplicates())
    report = _read(path)
    sources.refuse(schema.problems(report, SCHEMA))
    sources.refuse(_checks(report))
    claim = {"pairs": [], "factor": None, "explanation": None}
    return report | {
        "rows": [{"notes": {}} | row | {"cell": _as_stated(row, cells)} for row in report["rows"]],
        "times": [{"note": None} | time | {"cell": _as_stated(time, cells)} for time in report["times"]],
        "claims": [claim | given for given in report["claims"]],
    }


def _as_stated(item: dict[str, Any], cells: Mapping[str, Cell]) -> str | None:
    """The item's cell, if it is configured with the parameters that the report states."""
    name = item["cell"]
    if name not in cells:
        return None
    parameters = cells[name].parameters.as_dict()
    return name if all(parameters[key] == value for key, value in item["stated"].items()) else None


def _read(path: Path) -> Any:
    try:
        return yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, ValueError, yaml.YAMLError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise UserError(f"{relative(path)}: can't be read: {reason}") from None


def _checks(report: dict[str, Any]) -> Iterator[Problem]:
    for part in ("rows", "claims"):
        yield from _repeated(part, (item["id"] for item in report[part]))
    for index, row in enumerate(report["rows"]):
        for part in ("train", "test"):
            correct, images = (row["figures"].get(f"{part}_{what}") for what in ("correct", "images"))
            keys: Keys = ("rows", index, "figures", f"{part}_correct")
            if correct is not None and images is None:
                yield Problem(keys, f"needs {part}_images beside it", correct)
            elif correct is not None and correct > images:
                yield Problem(keys, f"is more than {part}_images", correct, f"0 to {images}")
    for index, claim in enumerate(report["claims"]):
        keys = ("claims", index)
        if claim["direction"] == "largest" and "factor" not in claim:
            yield Problem((*keys, "factor"), "is missing: which factor's effect is the largest?")
        if not claim.get("pairs") and "factor" not in claim:
            yield Problem((*keys, "pairs"), "is missing: a claim needs pairs of cells or a factor")


def _repeated(part: str, names: Iterable[str]) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, name in enumerate(names):
        if name in seen:
            yield Problem((part, index, "id"), f"is the id of {part}[{seen[name]}] too", name, "another id")
        seen.setdefault(name, index)
