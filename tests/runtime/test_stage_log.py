"""A stage's log that somebody removes while the job is running."""

import shutil

import pytest

from experiment_grid.runtime.stage import logged


def test_a_log_that_was_removed_is_written_again(tmp_path):
    log = tmp_path / "logs/train/a.log"
    with logged(log):
        print("epoch 1: ü")
        log.unlink()
        print("epoch 2")
    assert log.read_text("utf-8") == "epoch 1: ü\nepoch 2\ndone\n"


def test_so_is_the_log_of_a_job_that_fails(tmp_path):
    log = tmp_path / "logs/train/a.log"
    with pytest.raises(SystemExit), logged(log):
        log.unlink()
        raise OSError(5, "Input/output error", "images")
    assert log.read_text("utf-8") == "error: images: Input/output error\nfailed\n"


def test_a_log_of_another_run_stays_and_no_folder_is_made(tmp_path):
    log = tmp_path / "logs/train/a.log"
    with logged(log):
        print("mine")
        log.unlink()
        log.write_text("another's\n")
    assert log.read_text() == "another's\n"
    with logged(log):
        shutil.rmtree(tmp_path / "logs")
    assert not (tmp_path / "logs").exists()
