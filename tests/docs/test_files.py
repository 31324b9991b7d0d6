"""docs/files.md and the results of a run: every file, column and key is documented."""

import csv
import json
import re

from project import ROOT

TEXT = (ROOT / "docs/files.md").read_text("utf-8")
FOREIGN = ("ro-crate-metadata.json",)  # its keys are RO-Crate's


def documented(name: str) -> bool:
    """Whether the document has the name; `last_` before it does not count."""
    return any(re.search(rf"(?<![\w-]){re.escape(one)}(?![\w-])", TEXT) for one in {name, name.removeprefix("last_")})


def test_every_file_is_documented(finished):
    places = {path.name for path in (finished / "results").iterdir() if not path.name.startswith(".")}
    assert {"cells", "comparison.csv", "logs", "plan"} <= places
    assert {place for place in places | {"partial", "dag"} if not documented(place)} == set()


def test_every_column_and_key_is_documented(finished):
    results = finished / "results"
    columns = {path: next(csv.reader(path.open(encoding="utf-8"))) for path in results.rglob("*.csv")}
    keys = {path: keys_of(json.loads(path.read_text("utf-8"))) for path in results.rglob("*.json")}
    names = columns | {path: found for path, found in keys.items() if path.name not in FOREIGN}
    assert len(columns) > 8 and len(keys) > 8
    assert {
        path.name: missing for path in names if (missing := [name for name in names[path] if not documented(name)])
    } == {}


def keys_of(document: dict) -> list[str]:
    """The keys of a JSON file, and those of the objects that it lists."""
    listed = [item for value in document.values() if isinstance(value, list) for item in value]
    return [*document, *{key for item in listed if isinstance(item, dict) for key in item}]


def test_a_record_has_the_documented_keys(finished):
    section = TEXT[TEXT.index("## Records") :]
    keys = [key for row in re.findall(r"^\| (`.+?) \|", section, re.MULTILINE) for key in re.findall(r"`(\w+)`", row)]
    assert keys == list(json.loads((finished / "results/record.json").read_text("utf-8")))
