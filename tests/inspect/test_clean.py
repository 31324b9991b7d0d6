"""make clean: nothing is removed without a yes, and no file of the user's at all."""

import os
import re
import shutil
from pathlib import Path

import pytest
from clean import clean
from project import command_of, copy_project, snakemake
from pseudoterminal import Terminal

from experiment_grid.runtime import removable


def patterns(results: Path) -> list[str]:
    return [f"{results}/{name}" for name in ("cells/{cell}/run.json", "logs/train/{cell}.log", "figures/time.svg")]


def trained(results: Path) -> None:
    (results / "cells/a").mkdir(parents=True)
    (results / "cells/a/run.json").write_text('{"stage": "train"}')


@pytest.mark.parametrize(("answer", "gone"), [("y\n", True), ("n\n", False), ("\n", False), ("", False)])
def test_clean_asks(tmp_path, monkeypatch, answer, gone):
    trained(tmp_path)
    (tmp_path / "data").mkdir()
    ready = os.open(os.devnull, os.O_RDONLY)
    does = {"isatty": lambda self: True, "fileno": lambda self: ready, "readline": lambda self: answer}
    stdin = type("Terminal", (), does)()
    monkeypatch.setattr("sys.stdin", stdin)
    monkeypatch.delenv("YES", raising=False)
    said = clean(tmp_path, patterns(tmp_path))
    assert (tmp_path / "cells").exists() != gone and (tmp_path / "data").is_dir()
    assert said.startswith("Removed") == gone


def test_clean_without_a_terminal_removes_nothing_and_says_how(tmp_path, monkeypatch):
    trained(tmp_path)
    monkeypatch.delenv("YES", raising=False)
    monkeypatch.setattr("sys.stdin", type("Pipe", (), {"isatty": lambda self: False})())
    with pytest.raises(SystemExit, match=r"Nothing removed: .* make clean YES=1"):
        clean(tmp_path, patterns(tmp_path))
    assert (tmp_path / "cells/a").is_dir()


def test_clean_as_a_command(project):
    said = snakemake(project, "--quiet", "all", "--", "clean", YES="1")
    assert said.returncode == 0 and "Removed results: 4 cells with their page" in said.stdout
    left = {path.name for path in (project / "results").iterdir() if not path.name.startswith(".")}
    assert left - {"logs", "plan"} == {"data"}


def test_clean_without_results_says_where_some_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results/logs").mkdir(parents=True)
    (tmp_path / "results/logs/clean.log").touch()
    assert clean(Path("results"), patterns(Path("results"))) == "results: no results here"
    (tmp_path / "results/demo/cells").mkdir(parents=True)
    (tmp_path / "config").mkdir()
    (tmp_path / "config/demo.yaml").touch()
    shown = "results: no results here; results/demo has some: make clean CONFIG=config/demo.yaml"
    assert clean(Path("results"), patterns(Path("results"))) == shown


@pytest.mark.parametrize("key", [b"\x03", b"\x04"])
def test_ctrl_c_and_ctrl_d_at_the_question_remove_nothing(finished, key):
    command = command_of("--quiet", "all", "--", "clean")
    terminal = Terminal(command, finished)
    terminal.wait_for(r"Remove\? \[y/N\] ")
    terminal.press(key)
    terminal.wait_for("Nothing removed.")
    terminal.end()
    assert not re.search("Traceback|KeyboardInterrupt", terminal.seen), terminal.seen
    assert (finished / "results/report.html").is_file()


MINE = {"figures/mine.svg", "logs/diary.txt", "logs/train/diary.log", "errors/mine.txt", "dag/mine"}
MINE |= {"cells/narrow/notes.md", "cells/mine/run.txt", "chapter.tex", "plan/notes.json", "plan/train/todo.json"}
MINE |= {"cells/sketch/run.json", "other/.lock", "other/cells/a/run.json"}
LISTED = MINE - {"cells/mine/run.txt", "cells/sketch/run.json", "other/.lock", "other/cells/a/run.json", "dag/mine"}
LISTED |= {"cells/mine/", "cells/sketch/", "dag/", "other/", "cells/wide (a link)"}  # folders of nothing else


def test_files_of_the_user_stay_and_are_listed(project, tmp_path):
    """In a folder of the user's, where a run left its results beside other files."""
    thesis, elsewhere = project / "thesis", tmp_path / "elsewhere"
    (project / "results").rename(thesis)
    config = project / "config/small.yaml"
    config.write_text(config.read_text("utf-8").replace("results: results", "results: thesis"), "utf-8")
    for name in MINE:
        (thesis / name).parent.mkdir(parents=True, exist_ok=True)
        (thesis / name).write_text("mine")
    shutil.copytree(thesis / "cells/wide", elsewhere)
    shutil.rmtree(thesis / "cells/wide")
    (thesis / "cells/wide").symlink_to(elsewhere)
    there = {path.name for path in elsewhere.iterdir()}
    said = snakemake(project, "--quiet", "all", "--", "clean", YES="1")
    assert said.returncode == 0 and "Removed thesis: 3 cells with their page" in said.stdout
    left = {path.relative_to(thesis).as_posix() for path in thesis.rglob("*") if not path.is_dir() or path.is_symlink()}
    ours = {name for name in left if name.startswith(("data/", ".lock", "logs/clean.log", "plan/"))}
    assert left - (ours - MINE) == MINE | {"cells/wide"}
    assert {path.name for path in elsewhere.iterdir()} == there
    listed = {line.strip() for line in said.stdout.splitlines() if line.startswith("  ")}
    assert listed == LISTED


def test_every_file_that_a_run_writes_is_known_as_its_own(finished):
    """Otherwise clean would leave it and list it as the user's."""
    said = snakemake(finished, "--quiet", "all", "--", "clean")
    assert "Nothing removed" in said.stderr
    left = removable.find(finished / "results", everything(finished)).foreign
    assert left == []


def everything(project: Path) -> list[str]:
    """What the rules write, read from their files."""
    text = "".join(path.read_text("utf-8") for path in (project / "workflow/rules").glob("*.smk"))
    names = {*re.findall(r'"<results>/([^"]+)"', text)}
    figures = re.findall(r'^    "([\w-]+)": "', text, re.MULTILINE)
    names |= {f"figures/{name}.{kind}" for name in figures for kind in ("svg", "pdf")}
    return [f"{project}/results/{name}" for name in names]


def test_a_file_that_no_run_wrote_is_not_overwritten(tmp_path):
    """In a folder that existed before the first run."""
    project = copy_project(tmp_path / "project")
    for name in ("report.html", "cells/narrow/history.csv"):
        mine = project / "results" / name
        mine.parent.mkdir(parents=True, exist_ok=True)
        mine.write_text("mine")
        done = snakemake(project)
        assert done.returncode != 0 and mine.read_text() == "mine"
        assert f"results/{name}: is there, and no run of this workflow wrote it; move it away" in done.stderr
        assert "Traceback" not in done.stderr
        mine.unlink()
