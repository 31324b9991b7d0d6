"""docs/module.md to the letter: a workflow that uses this one as a module."""

import shlex

from follow import Reader
from project import copy_project


def test_a_workflow_of_the_users(tmp_path):
    copy_project(tmp_path / "experiment-grid")
    reader = Reader(tmp_path, {})
    reader.follow("module.md")
    summary = (tmp_path / "results/summary.md").read_text("utf-8")
    assert summary.startswith("# What came out") and "plain" in summary and "wide" in summary
    assert (tmp_path / "results/experiments/comparison.csv").is_file()
    assert not (tmp_path / "experiment-grid/results").exists()
    (command,) = reader.ran
    assert "Nothing to be done" in reader.run(command)


OWN_RULE = """
import report  # as a stage's script of this project is called

assert report.__file__.startswith(workflow.basedir)


rule own:
    input:
        "results/experiments/data/digits/prepared.safetensors",
    output:
        "results/own.txt",
    script:
        "own.py"
"""
OWN_SCRIPT = """
from pathlib import Path

import data
import report

Path(snakemake.output[0]).write_text(f"{data.__file__} {report.__file__}")
"""


def test_a_workflow_with_modules_named_as_ours(tmp_path):
    """Its package `data`, imported before the module, and its `report`, after it, remain its own, also in jobs."""
    copy_project(tmp_path / "experiment-grid")
    reader = Reader(tmp_path, {})
    reader.follow("module.md", run=False)
    own = [tmp_path / "data/__init__.py", tmp_path / "report.py"]
    for path in own:
        path.parent.mkdir(exist_ok=True)
        path.write_text('"""Of the outer workflow."""\n')
    snakefile = tmp_path / "Snakefile"
    snakefile.write_text(f"import data\n\n\n{snakefile.read_text()}\n{OWN_RULE}")
    (tmp_path / "own.py").write_text(OWN_SCRIPT)
    reader.run("snakemake --cores 2 --workflow-profile experiment-grid/profiles/default -- results/own.txt")
    assert (tmp_path / "results/own.txt").read_text() == shlex.join(map(str, own))
