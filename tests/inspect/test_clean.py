"""make clean: nothing goes without a yes."""

import pytest
from clean import clean
from project import snakemake


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
