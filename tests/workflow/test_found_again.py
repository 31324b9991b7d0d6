"""No training is done twice, by real runs: other names, more seeds, more epochs; what is reported, what is removed."""

import json
import re
from pathlib import Path

import pytest
from changes import config
from project import snakemake

OTHERS = """\
  - name: slow
    learning_rate: 0.02
  - name: grid
    grid: {batch_size: [32, 128], learning_rate: [0.01]}
"""


def others(folder: Path) -> None:
    """Rename a cell, and add an axis whose only value is the default."""
    text = (folder / "config/small.yaml").read_text("utf-8")
    config((text[text.index("  - name: narrow") :], OTHERS))(folder)


def asked(folder: Path, *what: str) -> str:
    done = snakemake(folder, "--quiet", "all", "--", *what)
    assert done.returncode == 0, done.stderr
    return done.stdout


def trained(folder: Path, cell: str) -> int:
    """Epochs of seeds that a cell's last job trained."""
    record = json.loads((folder / f"results/cells/{cell}/run.json").read_text("utf-8"))
    rows = len((folder / f"results/cells/{cell}/history.csv").read_text("utf-8").splitlines()) - 1
    return rows - sum(seed["epochs"] for seed in record.get("found", {}).values())


def test_other_names_train_nothing(project):
    others(project)
    said = asked(project, "why")
    assert said.startswith("4 cells: 0 to train, 3 found again, 1 kept.")
    assert re.search(r"train +slow: new; found again: trained \d{4}-\d\d-\d\d as narrow\n", said)
    assert "as grid-batch-32\n" in said
    done = snakemake(project)
    assert done.returncode == 0, done.stdout + done.stderr
    cells = ["slow", *(path.name for path in (project / "results/cells").glob("grid-batch-*lr*"))]
    assert len(cells) == 3 and not any(trained(project, cell) for cell in cells)
    page = (project / "results/report.html").read_text("utf-8")
    assert "0 cells trained" in page and "3 found again, 1 kept from before" in page
    assert "narrow" in asked(project, "stale")
    assert "to train" not in asked(project, "why")
    asked(project, "prune")
    assert not (project / "results/cells/narrow").exists()
    config(("slow", "narrow"))(project)
    assert "as narrow" in asked(project, "why")  # whose own files are gone


def test_more_seeds_and_epochs_train_only_the_additional_ones(project):
    config(("seeds: [1, 2]", "seeds: [1, 2, 3]"), ("epochs: 2", "epochs: 3"))(project)
    assert "found again: seeds 1, 2, epochs 1 to 2, trained" in asked(project, "why")
    done = snakemake(project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert trained(project, "wide") == 3 + 2
    config(("seeds: [1, 2, 3]", "seeds: [1, 2]"), ("epochs: 3", "epochs: 2"))(project)  # and back
    assert "4 cells: 0 to train, 4 found again" in asked(project, "why")
    assert snakemake(project, "--until", "train").returncode == 0
    listed = asked(project, "stale")
    assert len(re.findall(r"trained \S+ as \S+ \(3 epochs, 3 seeds\)", listed)) == 4
    asked(project, "prune")
    assert asked(project, "stale").startswith("every cell")
    config(("epochs: 2", "schedule: {_target_: cosine}\n  epochs: 2"))(project)
    assert snakemake(project, "--until", "train").returncode == 0
    config(("epochs: 2", "epochs: 3"))(project)
    assert "depend on the number of epochs" in asked(project, "why")


def test_seeds_in_jobs_of_their_own_are_the_same_trainings(project):
    config(("defaults:\n", "defaults:\n  split_seeds: true\n"), ("narrow", "slow"))(project)
    done = snakemake(project, "--until", "train")
    assert done.returncode == 0, done.stdout + done.stderr
    records = [json.loads(path.read_text("utf-8")) for path in (project / "results/seeds/slow").glob("*/run.json")]
    assert len(records) == 2 and all(one["whole"] for record in records for one in record["found"].values())


def test_the_oldest_are_removed_when_there_are_too_many(project):
    new_rate = "learning_rate: 0.02", "learning_rate: 0.03"
    config(("title: Small", "title: Small\nold_trainings_mb: 0"), new_rate)(project)
    done = snakemake(project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"old_trainings_mb: 0: removed 1 old training \(0\.\d MB\)", done.stdout + done.stderr)
    config(("learning_rate: 0.03", "learning_rate: 0.02"))(project)
    assert "1 to train, 3 kept" in asked(project, "why")


@pytest.mark.parametrize("flag", [("--forcerun", "train"), ("-F",)])
def test_a_forced_training_is_done_again(project, flag):
    done = snakemake(project, "--until", "train", *flag)
    assert done.returncode == 0, done.stdout + done.stderr
    assert trained(project, "wide") == 4


def test_clean_removes_them_and_leaves_files_of_the_user(project):
    mine = project / "results/trained/notes.txt"
    mine.write_text("mine", "utf-8")
    done = snakemake(project, "--quiet", "all", "--", "clean", YES="1")
    assert done.returncode == 0, done.stderr
    assert [*(project / "results/trained").iterdir()] == [mine]
