"""Stage download: fetch and verify the images, as four IDX files or one file of images and labels."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiment_grid.data import prepared, source
from experiment_grid.data.acquire import from_folder, from_mirrors, from_scikit_learn
from experiment_grid.data.fetch import RetryPolicy
from experiment_grid.data.idx import DataError
from experiment_grid.runtime.errors import UserError
from experiment_grid.runtime.records import now, write_record
from experiment_grid.runtime.stage import stage
from experiment_grid.training.targets import resolve
from experiment_grid.training.user_code import failure

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def download(settings: dict[str, Any], mirrors: list[str], folder: Path, known: dict[str, str]) -> dict[str, str]:
    """Put the files of the data set into `folder`; returns for every file where it came from.

    `settings`: as `data.source` makes them. `known`: where the files of an earlier download came from.
    """
    if "path" in settings and "files" in settings:
        return from_folder(settings["path"], settings["files"], folder)
    if "files" in settings:
        return from_mirrors(settings["dataset"], settings["files"], mirrors, folder, known, RetryPolicy())
    if "target" in settings or "path" in settings:
        return {source.IMAGES: make(settings, mirrors, folder)}
    return from_scikit_learn(folder)


def make(settings: dict[str, Any], mirrors: list[str], folder: Path) -> str:
    """Write the one file of images that are no IDX files; returns where they came from."""
    from experiment_grid.data import arrays, torchvision_sets

    fraction, origin = settings.get("test_fraction"), settings.get("path") or settings["target"]
    if "path" in settings:
        path = Path(origin)
        if source.content(path) != settings["content"]:
            raise DataError(f"{path}: changed since the run was planned; start it again")
        read = arrays.from_npz(path, fraction) if path.is_file() else None
        images = read or arrays.from_folders(path, fraction, settings.get("size"))
    elif ":" in origin:
        images = arrays.returned(called(origin, settings["options"]), f"dataset: {origin}", fraction)
    else:
        images, origin = torchvision_sets.download(settings, mirrors, folder / ".torchvision", RetryPolicy())
    prepared.write(
        folder / source.IMAGES, settings["dataset"], images.classes, images.train, images.test, images.warnings
    )
    print(f"{settings['dataset']}: {len(images.train[0]):,} + {len(images.test[0]):,} images from {origin}")
    return str(origin)


def called(target: str, options: dict[str, Any]) -> Any:
    """Call the user's data function and return its result. Raises UserError if the function fails."""
    try:
        return resolve(target)(**options)
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        raise UserError(f"dataset: {target}: {failure(error)}") from error


def earlier(record: Path) -> dict[str, str]:
    """Where the files came from, by the record of an earlier download; empty without one."""
    try:
        return dict(json.loads(record.read_text("utf-8"))["mirrors"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}


def main(settings: dict[str, Any], mirrors: list[str], plan: str, files: list[str], record: str) -> None:
    started = now()
    origins = download(settings, mirrors, Path(record).parent, earlier(Path(record)))
    used = {"scikit-learn": "sklearn", "torchvision": "torchvision", "numpy": "numpy"}
    packages = tuple(name for name, module in used.items() if module in sys.modules)
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
