"""Obstacles where the plan or a job writes: remains of killed processes, links, files in place of a folder."""

import pytest
from planned import CELLS, Recipes, finish, make

from experiment_grid.runtime.errors import cannot_write


def test_remains_of_killed_processes_are_removed(tmp_path):
    recipes = Recipes()
    finish(tmp_path, make(tmp_path, recipes))
    left = [tmp_path / "plan/train/.wide.json.abc.part.json", tmp_path / f"partial/{CELLS[0]}/seed1.epoch1.safetensors"]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    make(tmp_path, recipes).file("train", CELLS[0])
    assert not any(path.exists() for path in [*left, left[1].parent])


@pytest.mark.parametrize("name", ["partial/a", ".locks/train/a", "benchmarks/train/a.tsv", "logs/train/a.log"])
def test_links_where_jobs_write_are_removed_and_their_targets_stay(tmp_path, recipes, name):
    results, mine = tmp_path / "results", tmp_path / "mine"
    mine.mkdir()
    (results / name).parent.mkdir(parents=True)
    (results / name).symlink_to(mine)
    make(results, recipes).file("train", "a")
    assert not (results / name).is_symlink()
    assert mine.is_dir()


@pytest.mark.parametrize("name", ["partial/a/notes.txt", "logs/link.txt", "benchmarks/train/mine.tsv", "partial/mine"])
def test_files_of_the_user_stay(tmp_path, name):
    """Links beside what jobs write too: planning removes only its own remains."""
    recipes = Recipes()
    finish(tmp_path, make(tmp_path, recipes))
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).symlink_to(tmp_path / "elsewhere")
    make(tmp_path, recipes).file("train", "a")
    assert (tmp_path / name).is_symlink()


@pytest.mark.parametrize(
    "name",
    ["cells", "cells/a", "plan/train", "partial/a", "logs/evaluate", "benchmarks/train", "comparison", "figures"],
)
def test_a_file_in_place_of_a_folder_is_reported(tmp_path, recipes, name):
    results = tmp_path / "results"
    (results / name).parent.mkdir(parents=True)
    (results / name).write_text("mine")
    with pytest.raises(NotADirectoryError) as error:
        make(results, recipes).file("download")
    message = str(cannot_write(error.value.filename, error.value))
    assert message == f"{results / name}: is a file, a folder is needed; move it away, and run the same command again"
    assert (results / name).read_text() == "mine"
