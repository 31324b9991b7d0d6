"""docs/search.md by real runs: its cells, and which ones a larger number trains."""

import json
import re

import pandas as pd
from project import ROOT, snakemake


def overlay(project, number: int) -> None:
    """The document's configuration with another number of cells, and fewer epochs."""
    document = (ROOT / "docs/search.md").read_text("utf-8")
    text = re.search(r"new file `config/search-digits.yaml`:\n\n```yaml\n(.*?)```\n", document, re.DOTALL)[1]
    assert "number: 12" in text and "epochs: 3" in text
    text = text.replace("number: 12", f"number: {number}").replace("epochs: 3", "epochs: 1")
    (project / "config/search-digits.yaml").write_text(text, "utf-8")


def asked(project, *what: str) -> str:
    done = snakemake(project, *what, config="config/search-digits.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_search_runs_and_a_larger_one_trains_the_further_cells(project):
    overlay(project, 4)
    asked(project)
    results = project / "results/search"
    table = pd.read_csv(results / "comparison.csv").set_index("cell")
    assert [*table.index] == ["default", *(f"search-{number:03}" for number in range(1, 5))]
    chosen = json.loads((results / "comparison/findings.json").read_text("utf-8"))["chosen"]
    assert chosen["cell"] == table["validation_accuracy"].idxmax()
    assert f"{chosen['cell']}, chosen by validation accuracy among" in (results / "report.html").read_text("utf-8")
    assert "Nothing to be done" in asked(project)
    overlay(project, 14)
    assert "15 cells: 10 to train, 5 kept" in asked(project, "--quiet", "all", "--", "why")
    path = project / "config/search-digits.yaml"
    path.write_text(path.read_text("utf-8").replace("- name: search", "- name: other"), "utf-8")
    assert "15 cells: 10 to train, 4 found again, 1 kept" in asked(project, "--quiet", "all", "--", "why")
