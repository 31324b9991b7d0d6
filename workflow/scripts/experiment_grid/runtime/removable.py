"""Which files of a results folder are the workflow's own: those that rules and records name. All else is the user's."""

import json
import os
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from experiment_grid.runtime.files import PART
from experiment_grid.runtime.records import CELL_NAME

CELL = rf"(?P<cell>{CELL_NAME})"
# What no rule names: plans, epochs of trainings that are not done, trainings that are found again, pictures of the DAG.
MORE = (
    r"plan/\w+\.json",
    rf"plan/\w+/{CELL}\.json",
    rf"plan/train_seed/{CELL}/\d+\.json",
    rf"partial/{CELL}/seed\d+[^/]*\.epoch\d+\.safetensors",
    r"trained/[0-9a-f]{16}-[0-9a-f]{8}/(run\.json|history\.csv|(checkpoints|seed\d+\.epoch\d+)\.safetensors)",
    r"dag/(rules|cells)\.svg",
)
LOCK = ".lock"  # in a results folder
KEPT = ("data", LOCK, ".locks", "README.md")  # downloads, locks that a process may be waiting for, the repository's own
UNFINISHED = re.compile(rf"\.(?P<name>.+)\.\w+{re.escape(PART)}(\.\w+)?")  # as `files.replacing` calls them


@dataclass
class Owned:
    """The workflow's own files by cell ("" for those of no cell), and what else is there: all below `results`."""

    results: Path
    files: dict[str, list[Path]] = field(default_factory=dict)
    foreign: list[Path] = field(default_factory=list)

    def of(self, cells: Collection[str] | None = None) -> list[Path]:
        """The files of these cells; None: all files."""
        return [path for cell, paths in self.files.items() if cells is None or cell in cells for path in paths]


def find(results: Path, patterns: Iterable[str]) -> Owned:
    """Sort what is in a results folder; `patterns` are what rules write, as paths from the working directory with
    `{cell}` for the name of a cell.

    Links and their targets are the user's. A file of a cell is the workflow's only if a plan or a record names
    the cell, or epochs of its training are there.
    """
    named = [os.path.relpath(pattern, results) for pattern in patterns]
    ours = re.compile("|".join(f"(?:{_numbered(text, i)})" for i, text in enumerate([*map(_regex, named), *MORE])))
    owned = Owned(results)
    doubtful: dict[str, list[Path]] = {}
    for name in _walk(results):
        base = UNFINISHED.fullmatch(PurePosixPath(name).name)
        match = ours.fullmatch(str(PurePosixPath(name).with_name(base["name"])) if base else name)
        path = results / name
        first = name.partition("/")[0]
        of_record = first in ("cells", "seeds", "plan") and path.suffix == ".json" and not base
        if match is None or path.is_symlink() or path.is_dir() or (of_record and not _is_record(path)):
            owned.foreign.append(path)
            continue
        cell = next(filter(None, match.groupdict().values()), "")
        proof = not cell or of_record or first == "partial"
        (owned.files if proof else doubtful).setdefault(cell, []).append(path)
    for cell, paths in doubtful.items():
        if cell in owned.files:
            owned.files[cell] += paths
        else:
            owned.foreign += paths
    _add_recorded(owned)
    return owned


def _is_record(path: Path) -> bool:
    """Whether a JSON file is a plan or a record of a stage, and not something of that name."""
    try:
        return "stage" in json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, TypeError, RecursionError):
        return False


def _numbered(pattern: str, number: int) -> str:
    """Names of groups are unique in a regular expression."""
    return pattern.replace("(?P<cell>", f"(?P<cell{number}>")


def _regex(pattern: str) -> str:
    return re.escape(pattern).replace(re.escape("{cell}"), CELL).replace(re.escape("{seed}"), r"\d+")


def _walk(results: Path) -> Iterator[str]:
    """Files and links below a folder, by their names in it; nothing behind a link, another results folder as one."""
    for folder, folders, files in os.walk(results):
        place = Path(folder).relative_to(results)
        paths = {name: Path(folder) / name for name in folders}
        whole = [name for name, path in paths.items() if path.is_symlink() or (path / LOCK).exists()]
        folders[:] = sorted({*folders} - {*whole} - ({*KEPT} if place == Path() else set()))
        for name in sorted([*files, *whole]):
            if place != Path() or name not in KEPT:
                yield (place / name).as_posix()


def _add_recorded(owned: Owned) -> None:
    """Files that an earlier version of the workflow left, by the records that are there."""
    foreign = {path.relative_to(owned.results).as_posix(): path for path in owned.foreign if not path.is_symlink()}
    for cell, paths in owned.files.items():
        for record in [path for path in paths if path.suffix == ".json"]:
            try:
                outputs = json.loads(record.read_text("utf-8"))["outputs"]
                recorded = [foreign.pop(name) for name in outputs if name in foreign]
            except (OSError, ValueError, TypeError, KeyError, RecursionError):
                continue
            owned.files[cell] += recorded
            owned.foreign = [path for path in owned.foreign if path not in recorded]


def remove(paths: Iterable[Path], results: Path) -> None:
    """Remove files, and the folders below `results` that are empty without them."""
    folders = {results / "partial"}  # empty once all cells are done
    for path in paths:
        path.unlink(missing_ok=True)
        folders |= {parent for parent in path.parents if results in parent.parents}
    for folder in sorted(folders, key=lambda folder: len(folder.parts), reverse=True):
        if folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir()):
            folder.rmdir()


def left(owned: Owned, below: Collection[str] = ("",), most: int = 20) -> str:
    """Files that are not the workflow's, one line each; a folder with only such files is one line.

    `below`: only what is in these folders of the results, or is one of them.
    """
    mixed = {parent for path in owned.of() for parent in path.parents} | {owned.results, *owned.results.parents}
    names = set()
    for path in owned.foreign:
        top = next((place for place in [*path.parents][::-1] if place not in mixed), path)
        name = top.relative_to(owned.results).as_posix()
        if any(not place or f"{name}/".startswith(f"{place}/") for place in below):
            names.add(name + (" (a link)" if top.is_symlink() else "/" if top.is_dir() else ""))
    lines = [f"  {name}" for name in sorted(names)]
    more = [f"  … and {len(lines) - most} more"] if len(lines) > most else []
    return "\n".join(["Not the workflow's, and left:", *lines[:most], *more]) if lines else ""
