"""The report that is audited: its figures and claims, from `config/original-report.yaml`."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from experiment_grid.config import schema
from experiment_grid.config.problems import Keys, Problem, Sources, complain, relative
from experiment_grid.runtime.errors import UserError

SCHEMA = "original-report.schema.json"


def load(path: Path | str) -> dict[str, Any]:
    """The report as JSON values; the file's own comments explain every key.

    A row always has `notes`, a time `note`, a claim `quote`, `where`, `where_ours_differs` and a list `factor`, None or
    empty where nothing is told. Cells that it names need not be configured. Raises UserError with a line for each
    problem.
    """
    path = Path(path)
    sources = Sources([path])
    complain(sources.duplicates())
    report = _read(path)
    sources.refuse(schema.problems(report, SCHEMA))
    sources.refuse(_checks(report))
    claim = {"quote": None, "where": {}, "where_ours_differs": None}
    return report | {
        "not_stated": report.get("not_stated", {}),
        "rows": [{"notes": {}} | row for row in report["rows"]],
        "times": [{"note": None} | time for time in report["times"]],
        "claims": [claim | given | {"factor": _listed(given["factor"])} for given in report["claims"]],
    }


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _read(path: Path) -> Any:
    try:
        return yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise UserError(f"{relative(path)}: can't be read: {reason}") from None


def _checks(report: dict[str, Any]) -> Iterator[Problem]:
    for part, name in (("rows", "row"), ("claims", "claim")):
        yield from _repeated(part, name, (item[name] for item in report[part]))
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
        if (claim["source"] == "words") != ("quote" in claim):
            yield Problem((*keys, "source"), "words need a quote beside them, figures have none", claim["source"])


def _repeated(part: str, key: str, names: Iterable[str]) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, name in enumerate(names):
        if name in seen:
            yield Problem((part, index, key), f"is the name of {part}[{seen[name]}] too", name, "a name of its own")
        seen.setdefault(name, index)
