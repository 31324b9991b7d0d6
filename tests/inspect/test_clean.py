"""make clean: nothing goes without a yes."""

import re
from pathlib import Path

import pytest
from clean import clean
from project import command_of, snakemake
from pseudoterminal import Terminal


@pytest.mark.parametrize(("answer", "gone"), [("y\n", True), ("n\n", False), ("\n", False), ("", False)])
def test_clean_asks(tmp_path, monkeypatch, answer, gone):
    (tmp_path / "cells/a").mkdir(parents=True)
    (tmp_path / "data").mkdir()
    stdin = type("Terminal", (), {"isatty": lambda self: True, "readline": lambda self: answer})()
    monkeypatch.setattr("sys.stdin", stdin)
    monkeypatch.delenv("YES", raising=False)
    said = clean(tmp_path)
    assert (tmp_path / "cells").exists() != gone and (tmp_path / "data").is_dir()
    assert said.startswith("Removed") == gone


def test_clean_without_a_terminal_removes_nothing_and_says_how(tmp_path, monkeypatch):
    (tmp_path / "cells/a").mkdir(parents=True)
    monkeypatch.delenv("YES", raising=False)
    monkeypatch.setattr("sys.stdin", type("Pipe", (), {"isatty": lambda self: False})())
    with pytest.raises(SystemExit, match=r"Nothing removed: .* make clean YES=1"):
        clean(tmp_path)
    assert (tmp_path / "cells/a").is_dir()


def test_clean_as_a_command(project):
    said = snakemake(project, "--quiet", "all", "--", "clean", YES="1")
    assert said.returncode == 0 and "Removed results: 4 cells with their page" in said.stdout
    left = {path.name for path in (project / "results").iterdir() if not path.name.startswith(".")}
    assert left - {"logs", "plan"} == {"data"}


def test_clean_says_where_results_are_when_here_are_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results/logs").mkdir(parents=True)
    (tmp_path / "results/logs/clean.log").touch()
    assert clean(Path("results")) == "results: no results here"
    (tmp_path / "results/demo/cells").mkdir(parents=True)
    (tmp_path / "config").mkdir()
    (tmp_path / "config/demo.yaml").touch()
    told = "results: no results here; results/demo has some: make clean CONFIG=config/demo.yaml"
    assert clean(Path("results")) == told


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
