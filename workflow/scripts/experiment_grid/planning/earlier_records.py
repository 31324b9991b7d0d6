"""Records as the plan reads them: files that a user may have edited, or copied from elsewhere."""

import json
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from experiment_grid.runtime.errors import one_line
from experiment_grid.runtime.records import FORMAT, changed_reads

FIRST = "download"  # the stage that reads no file of the results
LONGEST = 256  # bytes of a name with its folders; none that a stage writes is as long
TIMES = range(2**63)  # nanoseconds since 1970 that a file can have


def read(path: Path) -> dict[str, Any] | None:
    """The JSON object in a file; None where there is none."""
    try:
        record = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def valid(record: dict[str, Any], stage: str) -> bool:
    """Whether a record is one of this stage and of this format, in all that the plan reads of it."""
    recipe, outputs = record.get("recipe"), record.get("outputs")
    return (
        record.get("format") == FORMAT
        and record.get("stage") == stage
        and isinstance(recipe, dict)
        and isinstance(recipe.get("settings"), dict)
        and isinstance(recipe.get("code"), dict)
        and _is_list_of_text(record.get("why"))
        and finished(record) in TIMES
        and isinstance(record.get("inputs"), dict)
        and (bool(record["inputs"]) or stage == FIRST)
        and isinstance(outputs, dict)
        and bool(outputs)
        and all(_is_name(name) and _is_description(known) for name, known in outputs.items())
    )


def other_reads(record: dict[str, Any]) -> list[str]:
    """What the user's code read beside the recipe, and is now another file or none, in a sentence each."""
    reads = record.get("reads", {})
    if not isinstance(reads, dict):
        return ["what it read cannot be read"]
    other = [name for name, known in reads.items() if not _stays(name) or _is_other(name, known)]
    return [f"{one_line(name)} changed since it was read" for name in other]


def _is_other(name: str, known: Any) -> bool:
    try:
        return bool(changed_reads({name: known}))
    except (OSError, ValueError):  # a name too long for the file system, one with a null character
        return True


def finished(record: dict[str, Any]) -> int:
    """When the job ended, in nanoseconds since 1970; -1 where the record does not say."""
    try:
        return int(datetime.fromisoformat(record["finished"]).timestamp() * 1e9)
    except (KeyError, TypeError, ValueError, OverflowError):
        return -1


def _is_list_of_text(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_name(name: str) -> bool:
    """Whether a file's name stays in the results folder, and is one that is written there."""
    return bool(PurePosixPath(name).parts) and name.isprintable() and len(name.encode()) < LONGEST and _stays(name)


def _stays(name: str) -> bool:
    """Whether a path leads nowhere else than below the folder that it counts from."""
    return not {"/", "//", ".."} & {*PurePosixPath(name).parts}


def _is_description(known: Any) -> bool:
    """Whether this is what `runtime.files.describe` says of a file."""
    return (
        isinstance(known, dict)
        and isinstance(known.get("sha256"), str)
        and type(known.get("bytes")) is int
        and type(known.get("mtime_ns")) is int
        and known["mtime_ns"] in TIMES
    )
