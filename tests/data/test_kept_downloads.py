"""What an earlier download left: good files are kept, others are downloaded again, files of the user's stay."""

import json
import signal
import subprocess
import sys
import time

import mirror_server as server
import pytest
from downloads import ARCHIVES, CHECKSUMS, CONTENTS, FIRST, assert_complete, fetch
from idx_files import write_folder
from project import SCRIPTS

from experiment_grid.data.idx import DataError
from experiment_grid.data.idx_folder import FILES


def test_what_else_is_in_the_folder_of_a_download_stays(tmp_path, folder):
    """Also where a link points elsewhere."""
    mirror = write_folder(tmp_path / "mirror", CONTENTS).as_uri() + "/"
    elsewhere = write_folder(tmp_path / "elsewhere", {FIRST: b"mine"})
    before = (elsewhere / f"{FIRST}.gz").read_bytes()
    folder.mkdir(parents=True)
    (folder / ".verified").symlink_to(elsewhere)
    fetch(folder, mirror)
    assert_complete(folder)
    (folder / ".verified").mkdir()
    (folder / ".verified/notes.txt").write_text("mine")
    (folder / "notes.txt").write_text("mine")
    fetch(folder, mirror)
    assert (folder / ".verified/notes.txt").is_file() and (folder / "notes.txt").is_file()
    linked = tmp_path / "other/mnist"
    linked.parent.mkdir()
    linked.symlink_to(elsewhere)
    with pytest.raises(DataError, match="it is behind a link and is not replaced"):
        fetch(linked, mirror)
    assert (elsewhere / f"{FIRST}.gz").read_bytes() == before


def test_files_that_verify_are_kept_and_others_are_downloaded_again(tmp_path, folder):
    mirror = write_folder(tmp_path / "mirror", CONTENTS).as_uri() + "/"
    fetch(folder, mirror)
    damaged = folder / f"{FIRST}.gz"
    damaged.write_bytes(damaged.read_bytes()[:-20])
    kept = [path for path in folder.iterdir() if path != damaged]
    times = [path.stat().st_mtime_ns for path in kept]
    known = dict.fromkeys(FILES, "https://earlier.example/")
    with server.serving(ARCHIVES, server.good) as (other, asked):
        origins = fetch(folder, other, known=known)
    assert asked == [f"/data/{FIRST}.gz"]
    assert origins == known | {FIRST: f"{other}{FIRST}.gz"}
    assert [path.stat().st_mtime_ns for path in kept] == times
    assert_complete(folder)


def test_a_failed_download_keeps_what_is_good_for_the_next_one(folder):
    with (
        server.serving(ARCHIVES, server.good, server.good, server.not_found) as (mirror, _),
        pytest.raises(DataError, match="t10k-images-idx3-ubyte of mnist"),
    ):
        fetch(folder, mirror)
    assert list(folder.glob("*.gz")) == []
    with server.serving(ARCHIVES, server.good) as (mirror, asked):
        fetch(folder, mirror)
    assert len(asked) == 2
    assert_complete(folder)


KILLED = """
import json, sys
from pathlib import Path
from experiment_grid.data import acquire
from experiment_grid.data.fetch import RetryPolicy
acquire.from_mirrors("mnist", json.loads(sys.argv[1]), [sys.argv[2]], Path(sys.argv[3]), {}, RetryPolicy())
"""


def test_a_killed_download_keeps_what_is_good_and_no_part_of_a_file(folder):
    with server.serving(ARCHIVES, server.good, server.good, server.dripping) as (mirror, asked):
        command = [sys.executable, "-c", KILLED, json.dumps(CHECKSUMS), mirror, str(folder)]
        process = subprocess.Popen(command, cwd=SCRIPTS, stdout=subprocess.DEVNULL)
        while len(asked) < 3 and process.poll() is None:
            time.sleep(0.01)
        process.kill()
        assert process.wait() == -signal.SIGKILL
    assert list(folder.glob("*.gz")) == []
    with server.serving(ARCHIVES, server.good) as (mirror, asked):
        fetch(folder, mirror)
    assert len(asked) == 2
    assert_complete(folder)


def test_the_record_of_an_earlier_download_says_where_files_came_from(tmp_path):
    from download import earlier

    record = tmp_path / "download.json"
    assert earlier(record) == {}
    for text in ("{", "[" * 100_000):
        record.write_text(text)
        assert earlier(record) == {}
    record.write_text(json.dumps({"mirrors": {FIRST: "https://example.org/"}}))
    assert earlier(record) == {FIRST: "https://example.org/"}
