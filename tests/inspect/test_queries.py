"""Queries during a run, and where to find what was asked for."""

import re

from faults import Faults, Run
from project import snakemake

from experiment_grid.progress import lines


def test_queries_are_answered_during_a_run(project, tmp_path):
    """They only read: they neither take the lock of the results folder nor write plans."""

    def plans():
        return {path: path.stat().st_mtime_ns for path in (project / "results/plan").rglob("*.json")}

    for path in (project / "results/cells/narrow").iterdir():
        path.unlink()
    faults = Faults(tmp_path / "faults", ("hold", "partial/narrow/seed1.epoch2", 1))
    with Run(project, **faults.environment) as run:
        run.wait_for("the second epoch", lambda: faults.held(0))
        before = plans()
        for query, answer in {
            "why": r"train     narrow: new",
            "open": r"The page: file://\S+/results/report\.html",
            "stale": "every cell that has results is configured",
            "dag": r"results/dag/cells\.svg",
        }.items():
            said = snakemake(project, "--quiet", "all", "--", query, BROWSER="true")
            assert said.returncode == 0, said.stderr
            assert re.search(answer, said.stdout), said.stdout
        assert plans() == before
        for work in ("clean", "prune"):
            said = snakemake(project, "--quiet", "all", "--", work, YES="1")
            assert said.returncode != 0
            assert f"another run (process {run.process.pid}) is working in this folder" in said.stderr
        assert run.process.poll() is None


def test_a_single_cell_says_where_it_is(project):
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
