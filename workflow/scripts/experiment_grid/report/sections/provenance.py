"""Provenance: why each cell ran or was kept, when, from what code, on what machine, and the resolved config."""

import json
from collections import Counter
from typing import Any

from experiment_grid.format import moment
from experiment_grid.report.results import Results
from experiment_grid.report.sections.head import device_name

WORDS = {"trained": "trained", "found again": "found", "kept": "kept"}  # of a cell in a run, and the run's list of them


def context(results: Results) -> dict[str, Any]:
    """What the records hold."""
    run = results.run
    done = {name: word for word, of in WORDS.items() for name in run.get(of, ())}
    text = (
        "Every stage leaves a record of what it ran from: parameters, code, inputs and outputs. A cell "
        "runs again only when one of them changed."
    )
    if "trained" in run:
        counts = Counter(done.values())
        again = f", {counts['found again']} were found again" if counts["found again"] else ""
        text += f" In this run {counts['trained']} trained{again} and {counts['kept']} were kept."
    rows = []
    for index, cell in enumerate(results.cells):
        name = cell["cell"]
        rows.append(
            {
                "index": index,
                "name": name,
                "run": done.get(name, "–"),
                "when": moment(cell.get("finished")),
                "why": cell.get("why") or [],
                "seeds": ", ".join(str(seed) for seed in cell.get("seeds", ())) or "–",
                "code": _short(cell.get("fingerprint")),
            }
        )
    config = _config(results.settings)
    return {
        "text": text,
        "rows": rows,
        "machines": _machines(results.cells),
        "config": config if not results.many else config[:200_000],
        "config_summary": f"{len(results.names)} cells, as they were run"
        if not results.many
        else "the beginning, as it was run",
    }


def _config(settings: dict[str, Any]) -> str:
    """The settings as JSON, a line for each key and each cell."""
    lines = []
    for key, value in settings.items():
        text = json.dumps(value, ensure_ascii=False)
        if key == "cells":
            text = "[\n" + ",\n".join(f"  {json.dumps(cell, ensure_ascii=False)}" for cell in value) + "\n ]"
        lines.append(f" {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}"


def _short(fingerprint: Any) -> str:
    if isinstance(fingerprint, dict):
        fingerprint = " ".join(str(value)[:10] for value in fingerprint.values())
    return str(fingerprint)[:10] if fingerprint else "–"


def _machines(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Machines and versions, with how many cells each trained."""
    count = Counter(
        (
            cell["machine"]["host"],
            f"{cell['machine']['cpu']}, {cell['machine']['cores']} cores",
            device_name(cell["device"]),
            cell["machine"]["system"],
            ", ".join(f"{name} {version}" for name, version in cell["versions"].items()),
        )
        for cell in cells
        if cell.get("machine")
    )
    return [{"count": number, "cells": list(key)} for key, number in count.most_common()]
