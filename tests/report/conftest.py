"""One browser and one page for all tests of a session: Debian's Chromium, driven by Playwright."""

import shutil
from pathlib import Path

import pytest
from project import ROOT
from simulated_page import make_page

from experiment_grid.config.reference import load

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium, which `apt-get install chromium` installs."""
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("needs Debian's chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def report(tmp_path_factory) -> Path:
    """A page of eight cells, one of them diverged and one failed, audited against the original report."""
    results = tmp_path_factory.mktemp("results")
    return make_page(
        results,
        changes={"reference": load(ROOT / "config/original-report.yaml")},
        diverged=("mse",),
        missing=("batch-128",),
    )


@pytest.fixture
def opened(browser, report):
    """Open the page (or another) in a context of its own: `opened(path, hash, **context options)`."""
    contexts = []

    def open_page(path: Path | None = None, hash_: str = "", **options):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(30_000)  # machines may be busy
        contexts.append(context)
        page = context.new_page()
        page.troubles = []
        page.on("console", lambda message: page.troubles.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: page.troubles.append(str(error)))
        page.asked = []
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto((path or report).as_uri() + hash_)
        return page

    yield open_page
    for context in contexts:
        context.close()
