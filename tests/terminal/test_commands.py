"""make dag, open and clean: what they show, and that nothing goes without a yes."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from clean import clean
from dag import by_cell, by_rule, svg
from faults import Faults, Run
from open import show
from project import command_of, snakemake
from pseudoterminal import Terminal

from planning.plan import STAGES
from terminal import lines

SVG = "{http://www.w3.org/2000/svg}"


def jobs(cells: list[str], trained: str | None = None):
    """What the plan says where one cell trains again and all else is kept."""
    again = {"train": ["learning_rate 1 → 2"], "evaluate": ["made from what runs again: train"]}
    return [
        (name, cell, again.get(name, []) if cell == trained else [])
        for name, stage in STAGES.items()
        for cell in (cells if stage.per_cell else [None])
    ]


def boxes(picture: str) -> dict[str, str]:
    """Text → reason of every box."""
    groups = ET.fromstring(picture).iter(f"{SVG}g")
    return {group.find(f"{SVG}text").text: group.find(f"{SVG}title").text for group in groups}


def test_pictures_tell_what_runs():
    some = jobs(["a", "b<&>"], trained="a")
    cells = boxes(svg(by_cell(some)))
    assert cells["train a"] == "learning_rate 1 → 2"
    assert cells["train b<&>"] == cells["report"] == "kept"
    rules = boxes(svg(by_rule(some)))
    assert list(rules) == [f"{name} × 2" if stage.per_cell else name for name, stage in STAGES.items()]
    assert rules["train × 2"] == "1 of 2 would run"


def test_many_cells_are_counted():
    texts = boxes(svg(by_cell(jobs([f"cell-{number}" for number in range(100)]))))
    assert "… and 60 cells more" in texts and "train cell-39" in texts and "train cell-40" not in texts


def test_the_plan_has_the_arrows_of_the_rules(finished):
    """Snakemake's own graph of the rules and the plan's stages say the same."""
    graph = snakemake(finished, "--forceall", "--rulegraph", "dot").stdout
    names = dict(re.findall(r'(\d+)\[label = "(\w+)"', graph))
    arrows = {(names[start], names[end]) for start, end in re.findall(r"(\d+) -> (\d+)", graph)}
    ours = {(before, name) for name, stage in STAGES.items() for before in stage.after}
    assert {arrow for arrow in arrows if "all" not in arrow} <= ours
    assert {name for arrow in arrows for name in arrow} - {"all"} == set(STAGES)


def test_dag_and_clean_as_commands(project):
    said = snakemake(project, "--quiet", "all", "--", "dag")
    assert said.returncode == 0 and "results/dag/cells.svg" in said.stdout
    assert "train narrow" in boxes((project / "results/dag/cells.svg").read_text())
    said = snakemake(project, "--quiet", "all", "--", "clean", YES="1")
    assert said.returncode == 0 and "Removed results: 4 cells with their page" in said.stdout
    left = {path.name for path in (project / "results").iterdir() if not path.name.startswith(".")}
    assert left - {"logs", "plan"} == {"data"}


def test_open_finds_the_only_page(tmp_path, monkeypatch):
    opened = []
    browser = type("Browser", (), {"open": lambda self, address: opened.append(address)})()
    monkeypatch.setattr("webbrowser.get", lambda: browser)
    with pytest.raises(SystemExit, match="no page here yet"):
        show(tmp_path / "report.html")
    demo = tmp_path / "demo/report.html"
    demo.parent.mkdir()
    demo.write_text("the demo")
    assert demo.as_uri() in show(tmp_path / "report.html")
    (tmp_path / "report.html").write_text("the real one")
    show(tmp_path / "report.html")
    assert opened == [demo.as_uri(), (tmp_path / "report.html").as_uri()]


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


def test_questions_are_answered_while_a_run_works(project, tmp_path):
    """They only read: neither do they take the results folder's lock, nor do they write plans."""

    def plans():
        return {path: path.stat().st_mtime_ns for path in (project / "results/plan").rglob("*.json")}

    for path in (project / "results/cells/narrow").iterdir():
        path.unlink()
    faults = Faults(tmp_path / "faults", ("hold", "partial/narrow/seed1.epoch2", 1))
    with Run(project, **faults.environment) as run:
        run.wait_for("the second epoch", lambda: faults.held(0))
        before = plans()
        for question, answer in {
            "why": r"train     narrow: new",
            "open": r"The page: file://\S+/results/report\.html",
            "stale": "every cell that has results is configured",
            "dag": r"results/dag/cells\.svg",
        }.items():
            said = snakemake(project, "--quiet", "all", "--", question, BROWSER="true")
            assert said.returncode == 0, said.stderr
            assert re.search(answer, said.stdout), said.stdout
        assert plans() == before
        for work in ("clean", "prune"):
            said = snakemake(project, "--quiet", "all", "--", work, YES="1")
            assert said.returncode != 0
            assert f"another run (process {run.process.pid}) is working in this folder" in said.stderr
        assert run.process.poll() is None


def test_a_cell_alone_says_where_it_lies(project):
    for path in (project / "results/cells/narrow").iterdir():
        path.unlink()
    said = snakemake(project, "--", "cell", NAME="narrow")
    assert said.returncode == 0, said.stderr
    assert "2 jobs: 1 train, 1 evaluate\n" in said.stderr and "\n2 of 2 jobs done in " in said.stderr
    assert said.stdout.endswith("The cell: results/cells/narrow/\n")
    said = snakemake(project, "--", "cell", NAME="narrow")
    assert lines.NOTHING in said.stderr and said.stdout == "The cell: results/cells/narrow/\n"


def test_with_nothing_to_do_the_page_is_named(project):
    said = snakemake(project)
    assert said.returncode == 0 and lines.NOTHING in said.stderr
    assert said.stdout == "The page: results/report.html\n"
