"""Downloads from a real server: a mirror that fails is followed by the next, and nothing bad gets a final name."""

import shutil
import socket
import subprocess
from dataclasses import replace

import mirror_server as server
import pytest
from downloads import ARCHIVES, CHECKSUMS, CONTENTS, FIRST, HASTY, POLICY, assert_complete, fetch, files_in
from idx_files import write_folder

from experiment_grid.data.idx import DataError
from experiment_grid.data.idx_folder import FILES


def test_files_come_from_the_first_mirror(folder, capsys):
    with server.serving(ARCHIVES, server.good) as (mirror, asked):
        origins = fetch(folder, mirror, "http://127.0.0.1:9/never-asked/")
    assert_complete(folder)
    assert origins == {name: f"{mirror}{name}.gz" for name in FILES}
    assert len(asked) == 4
    assert "(100%)" in capsys.readouterr().out
    assert (folder / f"{FIRST}.gz").read_bytes() == ARCHIVES[f"{FIRST}.gz"]


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
        (server.bomb, "continues after the 1,440 bytes of data"),
        (server.other_content, "other content than expected: SHA-256"),
        (server.no_http, "what?"),
        (server.redirecting("file:///etc/"), "is not allowed"),
        (server.redirecting("ftp://127.0.0.1/"), "unknown url type: ftp"),
    ],
)
def test_what_is_wrong_leads_to_the_next_mirror_or_to_its_reason(folder, tmp_path, behaviour, reason):
    assert_next_mirror(folder, tmp_path, behaviour, reason, POLICY)


@pytest.mark.parametrize(
    ("behaviour", "policy", "reason"),
    [
        (server.silent, HASTY, "silent for 0.3 s"),
        (server.dripping, HASTY, "slower than 100 bytes per second"),
        (server.dripping, replace(POLICY, total=0.3), "kB in 0.3 s"),
    ],
)
def test_what_is_slow_leads_to_the_next_mirror_or_to_its_reason(folder, tmp_path, behaviour, policy, reason):
    assert_next_mirror(folder, tmp_path, behaviour, reason, policy)


@pytest.mark.parametrize("what", server.TRICKLES)
@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (HASTY, "slower than 100 bytes per second"),
        (replace(POLICY, total=0.3), "gave 0 kB in 0.3 s"),
    ],
    ids=["slowest", "total"],
)
def test_what_trickles_outside_of_the_content_leads_to_the_next_mirror_too(folder, tmp_path, what, policy, reason):
    assert_next_mirror(folder, tmp_path, server.TRICKLES[what], reason, policy)


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


def assert_next_mirror(folder, tmp_path, behaviour, reason, policy):
    """A bad mirror alone is named with its reason and leaves no file; a good one after it completes the download."""
    good = write_folder(tmp_path / "mirror", CONTENTS).as_uri() + "/"
    only_first = {FIRST: CHECKSUMS[FIRST]}
    with server.serving(ARCHIVES, behaviour) as (bad, asked):
        with pytest.raises(DataError) as error:
            fetch(folder, bad, checksums=only_first, policy=policy)
        assert asked
        assert files_in(folder) == []
        fetch(folder, bad, good, policy=policy)
    assert_complete(folder)
    assert f"{bad}: " in str(error.value)
    assert reason in str(error.value)


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl, to make a certificate")
def test_a_self_signed_certificate_is_trusted_by_ssl_cert_file(folder, tmp_path, monkeypatch):
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


def test_a_temporary_failure_is_tried_again(folder, capsys):
    with server.serving(ARCHIVES, server.failing, server.closing, server.good) as (mirror, asked):
        fetch(folder, mirror, policy=replace(POLICY, attempts=3))
    assert_complete(folder)
    assert len(asked) == 6
    assert capsys.readouterr().out.count("trying again in") == 2


@pytest.mark.parametrize(("behaviour", "times"), [(server.silent, HASTY.attempts), (server.dripping, 1)])
def test_a_slow_mirror_is_asked_last_for_the_other_files(folder, behaviour, times):
    with (
        server.serving(ARCHIVES, behaviour) as (slow, asked),
        server.serving(ARCHIVES, server.good) as (good, _),
    ):
        fetch(folder, slow, good, policy=HASTY)
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
