"""Files get their final names complete or not at all, whatever the disk does."""

import errno

import pytest

from experiment_grid.runtime.files import remove_epochs, replacing, sweep


def test_a_file_appears_complete_or_stays_as_it_was(tmp_path):
    path = tmp_path / "new/history.csv"
    with replacing(path) as part:
        part.write_text("1")
        assert not path.exists()
    with pytest.raises(ValueError, match="half"), replacing(path) as part:
        part.write_text("2")
        raise ValueError("half")
    assert path.read_text() == "1"
    assert [*path.parent.iterdir()] == [path]


@pytest.mark.parametrize(
    "raised",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)"),
    ],
)
def test_a_full_disk_is_reported_with_the_final_name(tmp_path, raised):
    path = tmp_path / "history.csv"
    with pytest.raises(OSError, match="No space left") as error, replacing(path):
        raise raised
    assert (error.value.errno, error.value.filename) == (errno.ENOSPC, str(path))


def test_an_error_about_another_file_is_left_as_it_is(tmp_path):
    with pytest.raises(FileNotFoundError) as error, replacing(tmp_path / "history.csv"):
        (tmp_path / "other").read_text()
    assert str(error.value.filename) == str(tmp_path / "other")


def test_sweep_removes_only_temporary_files_of_the_file(tmp_path):
    kept = [tmp_path / name for name in ("run.json", ".run.json", ".other.json.x.part.json", "run.json.part")]
    for path in [*kept, tmp_path / ".run.json.abc.part.json"]:
        path.touch()
    sweep([str(tmp_path / "run.json")])
    assert sorted(tmp_path.iterdir()) == sorted(kept)


def test_only_epochs_of_a_training_are_removed(tmp_path):
    own = ["seed1.epoch1.safetensors", ".seed2.epoch10.safetensors.ab_1.part.safetensors"]
    mine = ["my-seed1.epoch1.safetensors", "seed1.epoch1.safetensors.txt", "seed.epoch.safetensors"]
    for name in (*own, *mine):
        (tmp_path / name).touch()
    remove_epochs(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(mine)
