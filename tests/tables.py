"""Reading what stages write: CSV files as rows by column, JSON as browsers read it."""

import csv
import json
from pathlib import Path
from typing import Any


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def strict_json(path: Path) -> Any:
    """A JSON file without NaN and Infinity, which browsers refuse."""

    def refuse(constant: str):
        raise AssertionError(f"{path.name}: {constant}")

    return json.loads(path.read_text("utf-8"), parse_constant=refuse)
