"""docs/module.md to the letter: a workflow that uses this one as a module."""

from follow import Reader
from project import copy_project


def test_a_workflow_of_ones_own(tmp_path):
    copy_project(tmp_path / "experiment-grid")
    reader = Reader(tmp_path, {})
    reader.follow("module.md")
    summary = (tmp_path / "results/summary.md").read_text("utf-8")
    assert summary.startswith("# What came out") and "plain" in summary and "wide" in summary
    assert (tmp_path / "results/experiments/comparison.csv").is_file()
    assert not (tmp_path / "experiment-grid/results").exists()
    (command,) = reader.ran
    assert "Nothing to be done" in reader.run(command)
