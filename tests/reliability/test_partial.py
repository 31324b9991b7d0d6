"""A cell that fails: the others continue, the run reports the failure, and a partial page can be made."""

import re

from faults import Faults
from project import copy_project, planned_jobs, snakemake
from tables import rows

from experiment_grid.runtime.logs import CUT_OFF

PARTIAL = ("--config", "partial=True")


def test_a_failing_cell_does_not_affect_the_others(project, tmp_path):
    """The cell that runs out of memory is also the final one, so the page has no error analysis."""
    config = project / "config/small.yaml"
    text = config.read_text().replace("final: wide", "final: big")
    more = "".join(
        f"  - {{name: {name}, hidden: [{width}]}}\n" for name, width in (("big", 64), ("shot", 9), ("late", 8))
    )
    config.write_text(text.replace("cells:\n", f"cells:\n{more}"))
    faults = Faults(tmp_path / "faults", ("memory", "partial/big/", 2), ("kill", "partial/shot/", 2))
    done = snakemake(project, **faults.environment)
    assert done.returncode != 0
    assert re.search("2 failed: train (big, train shot|shot, train big)", done.stderr + done.stdout)
    assert (done.stderr + done.stdout).count(CUT_OFF) == 1
    assert "MemoryError: not enough memory" in done.stderr + done.stdout
    assert (project / "results/cells/late/evaluation.json").is_file()
    assert not (project / "results/cells/big/run.json").exists()

    done = snakemake(project, *PARTIAL)
    assert done.returncode == 0, done.stdout + done.stderr
    status = {row["cell"]: row["status"] for row in rows(project / "results/comparison.csv")}
    assert (status.pop("big"), status.pop("shot"), {*status.values()}) == ("failed", "failed", {"ok"})
    page = (project / "results/report.html").read_text("utf-8")
    assert "MemoryError: not enough memory" in page
    assert page.count(f"{CUT_OFF}</pre>") == 1
    assert "The final cell left no model whose errors could be shown." in page
    assert "Failed: it left no results. Its log ends so:" in page
    assert "In this run 0 cells were trained, 5 kept." in page  # failed cells are neither
    assert "logs/train/shot.log" in page and "logs/evaluate/shot.log" not in page
    assert "make cell NAME=shot CONFIG=config/small.yaml" in page

    assert planned_jobs(project, *PARTIAL) == []
    failed = [f"{stage} {cell}" for stage in ("evaluate", "train") for cell in ("big", "shot")]
    assert planned_jobs(project) == sorted(["compare", "errors", "figures", "record", "report", "timing", *failed])


def test_without_any_finished_cell_there_is_no_page(tmp_path):
    project = copy_project(tmp_path / "project")
    done = snakemake(project, *PARTIAL)
    assert done.returncode != 0
    assert "results: no cell is finished, so there is nothing to make a page of" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
