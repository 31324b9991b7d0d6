"""The download against a real server: what is wrong leads to the next mirror, and never to a final name."""

import gzip
import hashlib
import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import mirror_server as server
import pytest
from idx_files import MNIST, contents, write_folder

from experiment_grid.data import acquire, idx
from experiment_grid.data.datasets import DATASETS
from experiment_grid.data.fetch import RetryPolicy
from experiment_grid.data.idx import DataError
from experiment_grid.data.idx_folder import FILES

PATIENCE = RetryPolicy(attempts=2, back_off=0.01, silence=20)
HASTY = RetryPolicy(attempts=2, back_off=0.01, silence=0.3, slowest=100)
CONTENTS = contents()
CHECKSUMS = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENTS.items()}
ARCHIVES = {f"{name}.gz": gzip.compress(content) for name, content in CONTENTS.items()}
SCRIPTS = Path(__file__).parents[2] / "workflow/scripts"
FIRST = "train-images-idx3-ubyte"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "results/data/mnist"


def fetch(folder, *mirrors, known=None, checksums=CHECKSUMS, patience=PATIENCE):
    return acquire.from_mirrors("mnist", checksums, list(mirrors), folder, known or {}, patience)


def assert_complete(folder):
    """The four files under their names with the right content, and nothing else."""
    assert sorted(path.name for path in folder.iterdir()) == sorted(ARCHIVES)
    for name, checksum in CHECKSUMS.items():
        assert idx.scan(folder / f"{name}.gz", FILES[name]).sha256 == checksum


def files_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_files_come_from_the_first_mirror(folder, capsys):
    with server.serving(ARCHIVES, server.good) as (mirror, asked):
        origins = fetch(folder, mirror, "http://127.0.0.1:9/never-asked/")
    assert_complete(folder)
    assert origins == {name: f"{mirror}{name}.gz" for name in FILES}
    assert len(asked) == 4
    assert "(100%)" in capsys.readouterr().out
    assert (folder / f"{FIRST}.gz").read_bytes() == ARCHIVES[f"{FIRST}.gz"]


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_folder_is_a_mirror_with_plain_or_gzipped_files(tmp_path, folder, suffix):
    mirror = write_folder(tmp_path / "a mirror", CONTENTS, suffix).as_uri() + "/"
    origins = fetch(folder, mirror)
    assert_complete(folder)
    assert origins[FIRST] == f"{mirror}{FIRST}{suffix}"


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_folder_may_have_the_names_of_kaggle(tmp_path, folder, suffix):
    dotted = {name.replace("-idx", ".idx"): content for name, content in CONTENTS.items()}
    origins = fetch(folder, write_folder(tmp_path / "mirror", dotted, suffix).as_uri() + "/")
    assert_complete(folder)
    assert origins[FIRST].endswith(f"train-images.idx3-ubyte{suffix}")


def test_the_root_of_torchvision_is_reported_from_its_folder(tmp_path, folder):
    write_folder(tmp_path / "root/MNIST/raw", CONTENTS)
    with pytest.raises(DataError, match=r"no such file \(did you mean \S+/root/MNIST/raw\?\)"):
        fetch(folder, (tmp_path / "root").as_uri() + "/")


def test_what_else_is_in_the_folder_of_a_download_stays(tmp_path, folder):
    """Also where a link leads elsewhere."""
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


def test_a_server_may_have_plain_files(folder):
    with server.serving(CONTENTS, server.good) as (mirror, _):
        fetch(folder, mirror)
    assert_complete(folder)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (server.not_found, "answers 404 Not Found"),
        (server.failing, "answers 503 Service Unavailable"),
        (server.html, "is not an IDX file, it begins with b'<!DOCTYP'"),
        (server.truncated, "damaged gzip archive"),
        (server.bit_flipped, "damaged gzip archive"),
        (server.closing, "ends after"),
        (server.too_long, "announces 1,000,000,000,000 bytes"),
        (server.endless, "sends more than the"),
        (server.bomb, "goes on after the 1,440 bytes of data"),
        (server.other_content, "other content than expected: SHA-256"),
        (server.no_http, "what?"),
        (server.redirecting("file:///etc/"), "is not allowed"),
        (server.redirecting("ftp://127.0.0.1/"), "unknown url type: ftp"),
    ],
)
def test_what_is_wrong_leads_to_the_next_mirror_or_to_its_reason(folder, tmp_path, behaviour, reason):
    assert_next_mirror(folder, tmp_path, behaviour, reason, PATIENCE)


@pytest.mark.parametrize(
    ("behaviour", "patience", "reason"),
    [
        (server.silent, HASTY, "silent for 0.3 s"),
        (server.dripping, HASTY, "slower than 100 bytes per second"),
        (server.dripping, replace(PATIENCE, total=0.3), "kB in 0.3 s"),
    ],
)
def test_what_is_slow_leads_to_the_next_mirror_or_to_its_reason(folder, tmp_path, behaviour, patience, reason):
    assert_next_mirror(folder, tmp_path, behaviour, reason, patience)


@pytest.mark.parametrize("what", server.TRICKLES)
@pytest.mark.parametrize(
    ("patience", "reason"),
    [
        (HASTY, "slower than 100 bytes per second"),
        (replace(PATIENCE, total=0.3), "gave 0 kB in 0.3 s"),
    ],
    ids=["slowest", "total"],
)
def test_what_trickles_beside_the_content_leads_to_the_next_mirror_too(folder, tmp_path, what, patience, reason):
    assert_next_mirror(folder, tmp_path, server.TRICKLES[what], reason, patience)


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        (server.colourful, r"answers 403 \x1b[31mred\x1b]0;x\x07"),
        (server.no_http, r"\x00\x01\x02\x03 what?!!!"),
    ],
)
def test_what_a_mirror_says_reaches_the_terminal_as_plain_text(folder, capsys, behaviour, said):
    with server.serving(ARCHIVES, behaviour) as (mirror, _), pytest.raises(DataError) as error:
        fetch(folder, mirror)
    assert said in str(error.value)
    lines = (str(error.value) + capsys.readouterr().out).splitlines()
    assert all(line.isprintable() and len(line) < 300 for line in lines)


def assert_next_mirror(folder, tmp_path, behaviour, reason, patience):
    """A lone bad mirror is named with its reason and leaves no file; with a good one after it the files are there."""
    good = write_folder(tmp_path / "mirror", CONTENTS).as_uri() + "/"
    only_first = {FIRST: CHECKSUMS[FIRST]}
    with server.serving(ARCHIVES, behaviour) as (bad, asked):
        with pytest.raises(DataError) as error:
            fetch(folder, bad, checksums=only_first, patience=patience)
        assert asked
        assert files_in(folder) == []
        fetch(folder, bad, good, patience=patience)
    assert_complete(folder)
    assert f"{bad}: " in str(error.value)
    assert reason in str(error.value)


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl, to make a certificate")
def test_a_certificate_of_ones_own_is_trusted_by_ssl_cert_file(folder, tmp_path, monkeypatch):
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate]
    subject = ["-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, *subject], check=True, capture_output=True)
    with server.serving(ARCHIVES, server.good, certificate=(certificate, key)) as (mirror, _):
        with pytest.raises(DataError, match="self-signed certificate; where you trust its certificate: SSL_CERT_FILE="):
            fetch(folder, mirror)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nowhere.pem"))
        with pytest.raises(DataError, match=r"SSL_CERT_FILE is '\S+nowhere\.pem', which is not a file"):
            fetch(folder, mirror)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        fetch(folder, mirror)
    assert_complete(folder)


def test_a_loop_of_redirects_ends(folder):
    with (
        server.serving(ARCHIVES, server.redirecting("/data/")) as (mirror, asked),
        pytest.raises(DataError, match="infinite loop"),
    ):
        fetch(folder, mirror)
    assert len(asked) < 30


def test_a_redirect_over_http_is_followed(folder):
    with (
        server.serving(ARCHIVES, server.good) as (there, _),
        server.serving(ARCHIVES, server.redirecting(there)) as (here, _),
    ):
        fetch(folder, here)
    assert_complete(folder)


def test_a_passing_failure_is_tried_again(folder, capsys):
    with server.serving(ARCHIVES, server.failing, server.closing, server.good) as (mirror, asked):
        fetch(folder, mirror, patience=replace(PATIENCE, attempts=3))
    assert_complete(folder)
    assert len(asked) == 6
    assert capsys.readouterr().out.count("trying again in") == 2


@pytest.mark.parametrize(("behaviour", "times"), [(server.silent, HASTY.attempts), (server.dripping, 1)])
def test_a_slow_mirror_is_asked_last_for_the_other_files(folder, behaviour, times):
    with (
        server.serving(ARCHIVES, behaviour) as (slow, asked),
        server.serving(ARCHIVES, server.good) as (good, _),
    ):
        fetch(folder, slow, good, patience=HASTY)
    assert_complete(folder)
    assert len(asked) == times


def test_offline_every_mirror_and_both_ways_out_are_named(folder):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        refused = f"http://127.0.0.1:{free.getsockname()[1]}/mnist/"
    mirrors = ["file:///nowhere/at/all/", refused, f"{refused}other/"]
    with pytest.raises(DataError) as error:
        fetch(folder, *mirrors)
    message = str(error.value)
    assert message.startswith("train-images-idx3-ubyte of mnist could not be downloaded from any of 3 mirrors:\n")
    assert "  file:///nowhere/at/all/: no such file\n" in message
    assert f"  {refused}: Connection refused\n" in message
    assert all(f"\n  {mirror}: " in message for mirror in mirrors)
    assert "MNIST_MIRROR=" in message
    assert "make demo" in message


def test_files_that_verify_are_kept_and_others_are_had_again(tmp_path, folder):
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


def test_a_killed_download_keeps_what_is_good_and_leaves_nothing_half(folder):
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


@pytest.mark.skipif(not MNIST.is_dir(), reason="../shared/mnist is not there")
def test_mnist_itself_verifies_and_a_flipped_pixel_does_not(folder, tmp_path):
    checksums = DATASETS["mnist"].checksums
    test_files = {name: checksums[name] for name in ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")}
    fetch(folder, MNIST.resolve().as_uri() + "/", checksums=test_files)
    assert files_in(folder) == [f"{name}.gz" for name in sorted(test_files)]
    content = bytearray(gzip.decompress((MNIST / "t10k-images-idx3-ubyte.gz").read_bytes()))
    content[5_000_000] ^= 1
    wrong = write_folder(tmp_path / "wrong", {"t10k-images-idx3-ubyte": bytes(content)}, "")
    with pytest.raises(DataError, match="other content than expected"):
        fetch(tmp_path / "other", wrong.as_uri() + "/", checksums=test_files)


def test_own_files_are_copied_and_what_changed_meanwhile_is_reported(folder, tmp_path):
    own = write_folder(tmp_path / "own", CONTENTS, "")
    assert acquire.from_folder(str(own), CHECKSUMS, folder) == {name: str(own / name) for name in FILES}
    assert_complete(folder)
    content = bytearray(CONTENTS[FIRST])
    content[-1] ^= 1
    (own / FIRST).write_bytes(bytes(content))
    with pytest.raises(DataError, match=r"changed since the run was planned"):
        acquire.from_folder(str(own), CHECKSUMS, tmp_path / "other")


def test_the_digits_are_those_of_scikit_learn(folder):
    from sklearn.datasets import load_digits

    assert acquire.from_scikit_learn(folder) == dict.fromkeys(FILES, "scikit-learn")
    train, test = (idx.read(folder / f"{part}-images-idx3-ubyte.gz", 3) for part in ("train", "t10k"))
    labels = idx.read(folder / "t10k-labels-idx1-ubyte.gz", 1)
    digits = load_digits()
    assert train.shape == (1297, 8, 8)
    assert (train.min(), train.max()) == (0, 255)
    assert abs(test / 255 * 16 - digits.images[1297:]).max() < 0.5 * 16 / 255 + 1e-9
    assert labels.tolist() == digits.target[1297:].tolist()


def test_the_record_of_an_earlier_download_tells_where_files_came_from(tmp_path):
    from download import earlier

    record = tmp_path / "download.json"
    assert earlier(record) == {}
    for text in ("{", "[" * 100_000):
        record.write_text(text)
        assert earlier(record) == {}
    record.write_text(json.dumps({"mirrors": {FIRST: "https://example.org/"}}))
    assert earlier(record) == {FIRST: "https://example.org/"}
