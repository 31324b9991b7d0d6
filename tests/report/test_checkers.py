"""The page by other programs: Nu Html Checker, html-validate and Lighthouse; `npm ci` in checkers/ installs them."""

import json
import shutil
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from simulated_page import make_page

HERE = Path(__file__).parent / "checkers"


def program(name: str) -> str:
    """The path of a program, or a skip that says what is missing."""
    found = shutil.which(name)
    if not found:
        pytest.skip(f"needs {name}: .ci/run installs it")
    return found


def module(path: str) -> Path:
    """A file of a checker's package, or a skip."""
    file = HERE / "node_modules" / path
    if not file.is_file():
        pytest.skip(f"needs {path.split('/')[0]}: npm ci in tests/report/checkers")
    return file


@pytest.fixture(scope="module")
def pages(report, tmp_path_factory):
    """A page with an audit and failures, and one with many classes."""
    grid = {"a": ({}, 3.0), "b": ({"batch_size": 128}, 4.0)}
    return [report, make_page(tmp_path_factory.mktemp("classes"), grid=grid, classes=47, images=1000, epochs=2)]


def test_nu_finds_no_error(pages):
    command = [
        program("java"),
        "-jar",
        module("vnu-jar/build/dist/vnu.jar"),
        "--errors-only",
        "--format",
        "json",
        "--stdout",
    ]
    done = subprocess.run([*command, *pages], capture_output=True, text=True)
    found = json.loads(done.stdout)["messages"]
    assert [(one["message"], one.get("extract", "")[:120]) for one in found] == []


def test_html_validate_finds_nothing(pages, tmp_path):
    command = [program("node"), module("html-validate/bin/html-validate.mjs"), "--config", HERE / "html-validate.json"]
    found = tmp_path / "found.json"
    with found.open("w") as output:
        subprocess.run([*command, "-f", "json", *pages], stdout=output)
    results = json.loads(found.read_text("utf-8"))
    assert [(one["ruleId"], one["message"], one["line"]) for file in results for one in file["messages"]] == []


@pytest.mark.slow
def test_lighthouse_gives_all_points(report, tmp_path):
    node, chromium = program("node"), program("chromium")
    lighthouse = module("lighthouse/cli/index.js")
    handler = partial(SimpleHTTPRequestHandler, directory=report.parent)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = f"http://127.0.0.1:{server.server_port}/{report.name}"
        options = ["--only-categories=accessibility,best-practices", "--output=json", "--quiet"]
        flags = "--chrome-flags=--headless=new --no-sandbox --disable-gpu"
        command = [node, lighthouse, address, *options, f"--output-path={tmp_path / 'found.json'}", flags]
        subprocess.run(
            command, env={"CHROME_PATH": chromium, "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}, check=True
        )
    finally:
        server.shutdown()
    found = json.loads((tmp_path / "found.json").read_text("utf-8"))
    lost = [audit["id"] for audit in found["audits"].values() if audit["score"] is not None and audit["score"] < 0.9]
    assert {name: category["score"] for name, category in found["categories"].items()} == {
        "accessibility": 1,
        "best-practices": 1,
    }, lost
