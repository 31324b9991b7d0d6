"""The report that is audited: its figures and claims, from `config/original-report.yaml`."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, create_model
from pydantic_core import PydanticCustomError

from experiment_grid.config.fitted_settings import summary
from experiment_grid.config.key_types import LEFT_OUT, OPTION, Closed, Name, as_list, whole
from experiment_grid.config.parameter_keys import NAMES
from experiment_grid.config.problems import Keys, Problem, Sources, complain, read_yaml
from experiment_grid.config.validation import problems

FACTORS = [name for name in NAMES if name != "seeds"]
MEASURES = Literal[
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
    "test_loss",
    "test_accuracy",
    "test_precision_macro",
    "test_recall_macro",
    "test_f1_macro",
    "train_seconds",
    "seconds_per_epoch",
    "loader_seconds",
]


def _factor(name: str) -> str:
    if name not in FACTORS and not re.fullmatch(OPTION, name):
        raise PydanticCustomError("literal_error", "no factor")
    return name


Text = Annotated[str, Field(min_length=1, max_length=5000)]
Count = Annotated[int, *whole(0, 1_000_000_000)]
Percent = Annotated[float, Field(ge=0, le=100)]
Share = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=0, le=1000000000)]
Factor = Annotated[
    str,
    AfterValidator(_factor),
    Field(
        description="A parameter of the cells, or an option of a component.",
        json_schema_extra={"anyOf": [{"enum": FACTORS}, {"pattern": OPTION}], "allowed": ", ".join(FACTORS)},
    ),
]
Stated = Annotated[dict[Factor, Any], Field(min_length=1, description="The parameters that the report states.")]


class Figures(Closed):
    """As printed."""

    train_loss: Amount = LEFT_OUT
    train_correct: Count = LEFT_OUT
    train_images: Count = LEFT_OUT
    train_percent: Percent = LEFT_OUT
    minutes: Amount = LEFT_OUT
    test_correct: Count = LEFT_OUT
    test_images: Count = LEFT_OUT
    test_percent: Percent = LEFT_OUT
    test_f1: Share = LEFT_OUT
    test_accuracy: Share = LEFT_OUT


Notes = create_model("Notes", __base__=Closed, **dict.fromkeys(("row", *Figures.model_fields), (Text, None)))


class ReferenceRow(Closed):
    """A result block of the report."""

    row: Name
    heading: Text
    cell: Name
    stated: Stated
    figures: Annotated[Figures, Field(json_schema_extra={"minProperties": 1})]
    notes: Notes = LEFT_OUT


class Time(Closed):
    """A training time that the report lists apart from its result blocks."""

    cell: Name
    stated: Stated
    minutes: Amount
    note: Text = LEFT_OUT


class Claim(Closed):
    """A conclusion of the report."""

    claim: Name
    says: Text
    source: Literal["words", "figures"]
    measure: Annotated[
        MEASURES,
        Field(description="A column of comparison.csv; or loader_seconds, a step of the usual loop with a DataLoader."),
    ]
    direction: Literal["higher", "lower", "different", "largest"]
    quote: Annotated[Text, Field(description="The report's own words, word for word; only where source is words.")] = (
        LEFT_OUT
    )
    factor: Annotated[
        Text | list[Text],
        Field(
            description="What is changed: a factor of effects.csv, or several of which each must have the effect.",
            json_schema_extra={"allowed": "the name of a factor, or a list of such names"},
        ),
    ]
    where: Annotated[
        dict[str, Annotated[list[Any], Field(json_schema_extra={"allowed": "a list of values"})]],
        Field(description="Where it is claimed to hold: parameter to the values that both cells may have."),
    ] = LEFT_OUT
    where_ours_differs: Text = LEFT_OUT


class Report(Closed):
    """Figures and conclusions of a report, as config/original-report.yaml explains them."""

    title: Annotated[Text, Field(description="Author and title.")]
    rows: Annotated[list[ReferenceRow], Field(description="A row for each result block of the report.")]
    times: Annotated[
        list[Time], Field(description="Training times that the report lists apart from its result blocks.")
    ]
    not_stated: Annotated[
        dict[str, Text],
        Field(description="What the report leaves out, by what it is about, and how it was chosen here."),
    ] = LEFT_OUT
    search: Annotated[
        Text,
        Field(description="Table of a search for settings that give the report's figures, for the page to say so."),
    ] = LEFT_OUT
    claims: Annotated[list[Claim], Field(description="The report's conclusions.")]


def load(path: Path | str, *, searched: bool = True) -> dict[str, Any]:
    """The report as JSON values; the file's own comments explain every key.

    A row always has `notes`, a time `note`, a claim `quote`, `where`, `where_ours_differs` and a list `factor`, None or
    empty where nothing is stated; `search` is what `fitted_settings.summary` makes of its table, unless `searched` is
    False. Cells that it names need not be configured. Raises UserError with a line for each problem.
    """
    path = Path(path)
    sources = Sources([path])
    complain(sources.misread())
    report: dict[str, Any] = read_yaml(path)
    sources.refuse(problems(report, Report))
    sources.refuse(_checks(report))
    claim: dict[str, Any] = {"quote": None, "where": {}, "where_ours_differs": None}
    return report | {
        "not_stated": report.get("not_stated", {}),
        "search": summary(report["search"]) if searched and report.get("search") else None,
        "rows": [{"notes": {}} | row for row in report["rows"]],
        "times": [{"note": None} | time for time in report["times"]],
        "claims": [claim | given | {"factor": as_list(given["factor"])} for given in report["claims"]],
    }


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
