"""make dag: the pictures show what runs, with all names in full."""

import re
import xml.etree.ElementTree as ET

import pytest
from dag import by_cell, by_rule, svg
from project import copy_project, snakemake

from experiment_grid.planning.stages import STAGES

SVG = "{http://www.w3.org/2000/svg}"


def jobs(cells: list[str], trained: str | None = None):
    """The plan's jobs if one cell trains again and everything else is kept."""
    again = {"train": ["learning_rate 1 → 2"], "evaluate": ["an input is made again: train"]}
    return [
        (name, cell, again.get(name, []) if cell == trained else [])
        for name, stage in STAGES.items()
        for cell in (cells if stage.per_cell else [None])
    ]


def boxes(picture: str) -> dict[str, str]:
    """Text → tooltip of every box; the legend's have none."""
    groups = ET.fromstring(picture).iter(f"{SVG}g")
    return {
        group.find(f"{SVG}text").text: group.find(f"{SVG}title").text
        for group in groups
        if group.find(f"{SVG}title") is not None
    }


def test_pictures_show_what_runs():
    some = jobs(["a", "b<&>"], trained="a")
    cells = boxes(svg(by_cell(some)))
    assert cells["train a"] == "train a: learning_rate 1 → 2"
    assert cells["train b<&>"] == "train b<&>: kept"
    assert cells["report"] == "report: kept"


def test_a_rules_box_counts_what_runs():
    def texts(trained):
        return list(boxes(svg(by_rule(jobs(["a", "b"], trained)))))

    drawn = {name: stage for name, stage in STAGES.items() if name != "train_seed"}  # a part of its cell's training
    assert texts(None) == [f"{name} × 2" if stage.per_cell else name for name, stage in drawn.items()]
    assert "train 1 of 2" in texts("a") and "prepare" in texts("a")


def test_both_pictures_explain_their_colours():
    for made in (by_rule, by_cell):
        picture = ET.fromstring(svg(made(jobs(["a"]))))
        groups = [group for group in picture.iter(f"{SVG}g") if group.find(f"{SVG}title") is None]
        legend = {group.get("class"): group.find(f"{SVG}text").text for group in groups}
        assert legend == {"runs": "would run now", "kept": "kept as it is"}


def test_long_names_are_whole_and_fit_their_boxes():
    longest = "x" * 100
    picture = ET.fromstring(svg(by_cell(jobs(["a", longest]))))
    for group in picture.iter(f"{SVG}g"):
        box, text = group.find(f"{SVG}rect"), group.find(f"{SVG}text")
        if group.find(f"{SVG}title") is not None:
            assert float(box.get("width")) > 7.22 * len(text.text)  # a character of DejaVu Sans Mono at 12 px
    assert f"train {longest}" in boxes(ET.tostring(picture, "unicode"))


def test_many_cells_are_counted():
    texts = boxes(svg(by_cell(jobs([f"cell-{number}" for number in range(100)]))))
    assert "… and 60 cells more" in texts and "train cell-39" in texts and "train cell-40" not in texts


def test_what_runs_among_the_counted_is_reported():
    texts = boxes(svg(by_cell(jobs([f"cell-{number}" for number in range(100)], trained="cell-99"))))
    assert texts["… and 60 cells more, 1 run"].endswith("1 of 60 would run")


def test_dag_as_a_command(project):
    said = snakemake(project, "--quiet", "all", "--", "dag")
    assert said.returncode == 0 and "results/dag/cells.svg" in said.stdout
    assert "train narrow" in boxes((project / "results/dag/cells.svg").read_text())


def test_missing_data_would_be_downloaded(tmp_path):
    """Cells that are kept do not need it, cells that are to train do."""
    project = copy_project(tmp_path / "project")
    assert snakemake(project, "--quiet", "all", "--", "dag").returncode == 0
    rules = boxes((project / "results/dag/rules.svg").read_text())
    assert rules["download"] == rules["prepare"].replace("prepare", "download") == "download: 1 of 1 would run"


@pytest.mark.parametrize("split", [False, True])
def test_the_plan_has_the_arrows_of_the_rules(finished, split):
    """Snakemake's own graph of the rules agrees with the stages of the plan."""
    config = ["--config", 'defaults={"split_seeds": true}'] if split else []
    graph = snakemake(finished, "--forceall", "--rulegraph", "dot", *config).stdout
    names = dict(re.findall(r'(\d+)\[label = "(\w+)"', graph))
    arrows = {(names[start], names[end]) for start, end in re.findall(r"(\d+) -> (\d+)", graph)}
    ours = {(before, name) for name, stage in STAGES.items() for before in stage.after}
    assert {arrow for arrow in arrows if "all" not in arrow} == {
        arrow for arrow in ours if split or "train_seed" not in arrow
    }
