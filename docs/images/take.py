"""Take the README's pictures of a page: `make example`, or .venv/bin/python docs/images/take.py results/report.html

Needs what `make setup-dev` installs, and Debian's chromium.
"""

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
WIDTH, HEIGHT = 1366, 900


def main(page: Path) -> None:
    """Write the pictures beside this file: the page's first screen, and its large chart with the values at an epoch."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        tab.goto(page.resolve().as_uri())
        _save(tab.screenshot(), "page.png")
        tab.locator("#focus svg").focus()
        for _ in range(4):
            tab.keyboard.press("ArrowRight")
        tab.evaluate("document.activeElement.blur()")
        _save(tab.locator(".focus").screenshot(), "curves.png")
        browser.close()


def _save(png: bytes, name: str) -> None:
    """In 256 colours, a third of the size; chosen for coverage, as the thin lines of a chart have few pixels."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    image.quantize(256, Image.Quantize.MAXCOVERAGE).save(HERE / name, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
