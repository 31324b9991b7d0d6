"""Changes of a finished project by its user, and the jobs that then run: for the tables of reruns."""

import ast
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

from project import CELLS, planned_jobs

SCRIPTS = "workflow/scripts"
PAGE = ["record", "report"]  # what is made from everything
TABLE = ["compare", "errors", "figures", *PAGE]  # what is made from all cells
TIMED = sorted([*TABLE, "timing"])  # the same when cells train, or others are configured


def cell(*names: str) -> list[str]:
    """The jobs of a run that trains these cells."""
    return sorted([*(f"{stage} {name}" for stage in ("train", "evaluate") for name in names), *TIMED])


def evaluated(*names: str) -> list[str]:
    return sorted([*(f"evaluate {name}" for name in names), *TABLE])


ALL = cell(*CELLS)


def config(*replacements: tuple[str, str]) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "config/small.yaml"
        text = path.read_text("utf-8")
        for before, after in replacements:
            assert before in text, before
            text = text.replace(before, after)
        path.write_text(text, "utf-8")

    return change


def edit(name: str) -> Callable[[Path], None]:
    """A real edit: one more statement."""

    def change(folder: Path) -> None:
        with (folder / SCRIPTS / name).open("a", encoding="utf-8") as file:
            file.write("\nEDITED = 1\n" if name.endswith(".py") else "\n/* edited */\n")

    return change


def comment(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / SCRIPTS / name
        path.write_text("# A comment.\n" + path.read_text("utf-8") + "\n# Another.\n", "utf-8")

    return change


def docstring(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / SCRIPTS / name
        text = path.read_text("utf-8")
        assert text.count('"""') > 2
        path.write_text(
            text.replace('    """', '    """In short: ', 1).replace('"""', '"""In other words. ', 1), "utf-8"
        )

    return change


def reformat(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / SCRIPTS / name
        path.write_text(ast.unparse(ast.parse(path.read_text("utf-8"))), "utf-8")

    return change


def add(name: str, content: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, "utf-8")

    return change


def touch_sources(folder: Path) -> None:
    for part in ("Snakefile", "workflow", "config", "profiles"):
        for path in [folder / part, *(folder / part).rglob("*")]:
            os.utime(path)


def touch_results(folder: Path) -> None:
    for path in sorted((folder / "results").rglob("*")):
        os.utime(path)


def one_time(seconds: float) -> Callable[[Path], None]:
    """Give all results one time, as an archive without times does."""

    def change(folder: Path) -> None:
        for path in sorted((folder / "results").rglob("*")):
            os.utime(path, (seconds, seconds))
        forget(folder)

    return change


def forget(folder: Path) -> None:
    """Remove Snakemake's own notes: with checksums of an earlier run it would not decide by times alone."""
    shutil.rmtree(folder / ".snakemake")


def old_benchmark(folder: Path) -> None:
    os.utime(folder / "results/benchmarks/prepare.tsv", (1672531200, 1672531200))
    forget(folder)


def no_benchmarks(folder: Path) -> None:
    shutil.rmtree(folder / "results/benchmarks")
    forget(folder)


def zipped(folder: Path) -> None:
    """Move the results through a zip archive, which keeps local times in steps of two seconds."""
    shutil.make_archive(str(folder / "copy"), "zip", folder / "results")
    shutil.rmtree(folder / "results")
    with ZipFile(folder / "copy.zip") as archive:
        for entry in archive.infolist():
            path = archive.extract(entry, folder / "results")
            written = time.mktime((*entry.date_time, 0, 0, -1))
            os.utime(path, (written, written))
    forget(folder)


def fresh_clone(folder: Path) -> None:
    """Copy the results by a program that keeps no times, into a clone that Snakemake has never seen."""
    results = folder / "results"
    shutil.copytree(results, folder / "copy", copy_function=shutil.copyfile)
    shutil.rmtree(results)
    (folder / "copy").rename(results)
    forget(folder)


def other_branch(folder: Path) -> None:
    """Check out another branch and plan there, then check out this one again."""
    before = (folder / "config/small.yaml").read_text("utf-8")
    config(("learning_rate: 0.01", "learning_rate: 0.5"))(folder)
    edit("experiment_grid/training/loop.py")(folder)
    assert planned_jobs(folder) == ALL
    (folder / "config/small.yaml").write_text(before, "utf-8")
    loop = folder / SCRIPTS / "experiment_grid/training/loop.py"
    loop.write_text(loop.read_text("utf-8").removesuffix("\nEDITED = 1\n"), "utf-8")


def delete(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / "results" / name).unlink()


def corrupt(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "results" / name
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)

    return change


def fetch_again(folder: Path) -> None:
    path = folder / "results/data/digits/t10k-labels-idx1-ubyte.gz"
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content)


def delete_data_and_add_a_cell(folder: Path) -> None:
    shutil.rmtree(folder / "results/data")
    config(("  - name: grid", "  - name: new\n    epochs: 1\n  - name: grid"))(folder)


def own_dataset(folder: Path) -> None:
    """The same digits as a data set of the user's, under another name."""
    shutil.copytree(
        folder / "results/data/digits", folder / "mine", ignore=shutil.ignore_patterns("*.json", "*.safetensors")
    )
    config(("dataset: digits", "dataset: {name: mine, path: mine}"))(folder)


def nothing(folder: Path) -> None:
    pass


def append(name: str, text: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        with (folder / name).open("a", encoding="utf-8") as file:
            file.write(text)

    return change


def both(*changes: Callable[[Path], None]) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        for one in changes:
            one(folder)

    return change
