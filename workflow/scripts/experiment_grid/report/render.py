"""Put the page together: Jinja2 with every string escaped, one style element, one script, and a policy
that allows nothing else."""

import base64
import hashlib
import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from experiment_grid.format import FILTERS
from experiment_grid.report.drawings import Drawings
from experiment_grid.report.figures.style import VARIABLES, Look
from experiment_grid.report.labels import verdict_class
from experiment_grid.report.results import Results
from experiment_grid.report.script_data import for_scripts
from experiment_grid.report.sections import (
    answer,
    audit,
    cells,
    comparison,
    curves,
    errors,
    factors,
    head,
    pair,
    provenance,
    time,
)

HERE = Path(__file__).parent
SHEETS = ("atlas", "attribution", "neighbours", "augmented")
COMMENT = re.compile(r"//|/\*.*\*/$")
PARTS = {
    "answer": "",  # has a heading of its own
    "curves": "Curves",
    "comparison": "Comparison",
    "factors": "Factors",
    "pair": "Two cells, image by image",
    "errors": "Errors of the final model",
    "cells": "Each cell",
    "time": "Time",
    "agreement": "The original report",
    "provenance": "Provenance",
}
SHORT = {"answer": "Answer", "pair": "Two cells", "errors": "Errors", "agreement": "Original report"}  # in the contents


def render(results: Results, drawings: Drawings) -> str:
    """The page as one HTML text."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False, "separators": (",", ":"), "ensure_ascii": False}
    style, script = _joined("style", ".css"), _joined("script", ".js")
    looks = [_PageLook(look) for look in drawings.looks]
    parts = {name: title for name, title in PARTS.items() if name != "agreement" or results.original or results.claims}
    sheets = _sheets(results)
    context = {
        "title": results.settings["title"],
        "many": results.many,
        "policy": _policy(style, script),
        "style": style,
        "script": script,
        "sheets": sheets,
        "sheet_sizes": {sheet["name"]: sheet for sheet in sheets},
        "looks": looks,
        "cell_index": results.index,
        "classes": next((cell["classes"] for cell in results.cells if cell.get("classes")), []),
        "verdict_class": verdict_class,
        "parts": [{"id": name, "title": title, "short": SHORT.get(name, title)} for name, title in parts.items()],
        "head": head.context(results),
        "answer": answer.context(results, drawings),
        "table": comparison.context(results),
        "curves": curves.context(results, drawings),
        "factors": factors.context(results, drawings),
        "pair": pair.context(results),
        "cells": cells.context(results),
        "errors": errors.context(results),
        "calibration": results.findings["calibration"],
        "reliability": drawings.reliability(),
        "time": time.context(results, drawings),
        "agreement": audit.context(results, drawings) if "agreement" in parts else None,
        "provenance": provenance.context(results),
        "data": for_scripts(results, looks),
    }
    return environment.get_template("page.html.j2").render(context)


class _PageLook:
    """A cell's look in the style sheet's terms."""

    def __init__(self, look: Look):
        self.variable = VARIABLES[look.colour]
        self.dashes = " ".join(f"{2 * length:g}" for length in look.dash[1])
        self.width = round(look.width + 0.6, 1)


def _joined(folder: str, suffix: str) -> Markup:
    """The files of a folder in the order of their names, as one text without indentation and comments of a line.

    They are the project's own: nothing to escape.
    """
    texts = (file.read_text("utf-8") for file in sorted((HERE / folder).glob(f"*{suffix}")))
    lines = (line.strip() for text in texts for line in text.splitlines())
    return Markup("\n".join(line for line in lines if line and not COMMENT.match(line)))


def _policy(style: str, script: str) -> str:
    """A Content-Security-Policy in which this style, this script and images in the file are all that works."""
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii") + "'"


def _sheets(results: Results) -> list[dict[str, Any]]:
    """The images that tiles are cut from, with the size of a tile and of the whole."""
    sheets = []
    for name in SHEETS:
        grid = results.errors.get(name)
        file = results.folder / "errors" / f"{name}.png"
        if not grid or not grid["tiles"] or not file.is_file():
            continue
        address, (width, height) = results.image(f"errors/{name}.png")
        sheets.append(
            {
                "name": name,
                "address": address,
                "columns": grid["columns"],
                "sheet_width": width,
                "sheet_height": height,
                "width": grid["width"],
                "height": grid["height"],
            }
        )
    return sheets
