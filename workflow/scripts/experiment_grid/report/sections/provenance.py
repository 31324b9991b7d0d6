"""Provenance: why each cell ran or was kept, when, from what code, on what machine, and the resolved config."""

import json
from collections import Counter, defaultdict
from typing import Any

from experiment_grid.format import moment, plural
from experiment_grid.report.labels import device_name
from experiment_grid.report.results import Results
from experiment_grid.runtime.kept_trainings import FOUND


def context(results: Results) -> dict[str, Any]:
    """What the records hold."""
    run = results.run
    done = in_run(results)
    text = (
        "Every stage leaves a record of what it ran from: parameters, code, inputs and outputs. A cell "
        "runs again only when one of them changed."
    )
    if "trained" in run:
        counts = Counter(done.values())
        parts = [f"{plural(counts['trained'], 'cell')} {'was' if counts['trained'] == 1 else 'were'} trained"]
        parts += [f"{counts[key]:,} {key}" for key in (FOUND, "kept") if counts[key]]
        text += f" In this run {', '.join(parts)}."
    rows = []
    for index, cell in enumerate(results.cells):
        name = cell["cell"]
        rows.append(
            {
                "index": index,
                "name": name,
                "run": _joined(done.get(name, "–"), found_again(cell)),
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
        "config_summary": f"{len(results.names):,} cells, as configured"
        if not results.many
        else "the beginning, as configured",
    }


def in_run(results: Results) -> dict[str, str]:
    """Cell → what this run did: trained, found again (of all its seeds' trainings), kept; failed without results."""
    cells = {cell["cell"]: cell for cell in results.cells}
    done = {name: FOUND if _whole(cells[name]) else "trained" for name in results.run.get("trained", ())}
    done |= {name: "no results" for name in done if cells[name]["status"] == "failed"}
    return done | dict.fromkeys(results.run.get("kept", ()), "kept")


def found_again(cell: dict[str, Any]) -> str:
    """Which of a cell's trainings are another's: found again: seeds 2, 3 of batch-64."""
    seeds_of: dict[tuple[str, int], list[str]] = defaultdict(list)
    for seed, found in (cell.get("found") or {}).items():
        seeds_of[found["cell"], 0 if found["whole"] else found["epochs"]].append(seed)
    parts = []
    for (origin, epochs), seeds in seeds_of.items():
        which = "" if _whole(cell) and len(seeds_of) == 1 else f"{_seeds(seeds)} of "
        parts.append(f"{f'epochs 1 to {epochs} of ' if epochs else ''}{which}{origin}")
    return f"{FOUND}: {'; '.join(parts)}" if parts else ""


def _whole(cell: dict[str, Any]) -> bool:
    found = cell.get("found") or {}
    return bool(found) and len(found) == len(cell["seeds"]) and all(one["whole"] for one in found.values())


def _seeds(seeds: list[str]) -> str:
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(seeds)}"


def _joined(word: str, found: str) -> str:
    return "; ".join(filter(None, [word if not found.startswith(word) else "", found]))


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
