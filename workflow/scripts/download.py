"""Stage download: the data set's four IDX files, verified."""

import json
import sys
from pathlib import Path
from typing import Any

from experiment_grid.data.acquire import from_folder, from_mirrors, from_scikit_learn
from experiment_grid.data.fetch import RetryPolicy
from experiment_grid.runtime.records import now, write_record
from experiment_grid.runtime.stage import stage


def download(settings: dict[str, Any], mirrors: list[str], folder: Path, known: dict[str, str]) -> dict[str, str]:
    """Put the four files of the data set into `folder`; returns for every file where it came from.

    `settings`: as `data.datasets.source` makes them. `known`: where the files of an earlier download came from.
    """
    if "path" in settings:
        return from_folder(settings["path"], settings["files"], folder)
    if "files" in settings:
        return from_mirrors(settings["dataset"], settings["files"], mirrors, folder, known, RetryPolicy())
    return from_scikit_learn(folder)


def earlier(record: Path) -> dict[str, str]:
    """Where the files came from, by the record of an earlier download; empty without one."""
    try:
        return dict(json.loads(record.read_text("utf-8"))["mirrors"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}


def main(settings: dict[str, Any], mirrors: list[str], plan: str, files: list[str], record: str) -> None:
    started = now()
    origins = download(settings, mirrors, Path(record).parent, earlier(Path(record)))
    packages = ("scikit-learn",) if "sklearn" in sys.modules else ()
    write_record(record, plan, files, inputs=[], started=started, packages=packages, mirrors=origins)


if __name__ == "__main__":
    with stage(snakemake) as plan:
        main(
            plan["recipe"]["settings"],
            list(snakemake.params.mirrors),
            snakemake.input.plan,
            list(snakemake.output.files),
            snakemake.output.record,
        )
