"""The page of many cells: its size, the time to render it, and the time until Chromium has opened it.

    python -m bench.page 200 1000

The cells are simulated (tests/simulated_cells.py): three factors, three seeds, four epochs, 600 test images. Needs
Debian's chromium.
"""

import argparse
import sys
import tempfile
import time
from itertools import product
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/report"), str(ROOT / "workflow/scripts")]

from playwright.sync_api import sync_playwright  # noqa: E402
from report import report  # noqa: E402
from simulated_page import make_results  # noqa: E402

CHROMIUM = "/usr/bin/chromium"
RATES = [round(0.0005 * 1.1**step, 6) for step in range(25)]
BATCHES = [8, 16, 24, 32, 48, 64, 96, 128]
LAYERS = [[32], [64], [128], [64, 32], [128, 64]]


def grid(cells: int) -> dict[str, tuple[dict[str, Any], float]]:
    """A grid of so many cells: what each changes, and its skill."""
    combined = list(product(RATES, BATCHES, LAYERS))[:cells]
    return {
        f"lr-{rate}_batch-{batch}_hidden-{'-'.join(map(str, hidden))}": (
            {"learning_rate": rate, "batch_size": batch, "hidden": hidden},
            2.5 + 40 * rate - 0.004 * batch + 0.2 * len(hidden),
        )
        for rate, batch, hidden in combined
    }


def opened(page: Path) -> tuple[float, float]:
    """Seconds until Chromium has loaded the page and drawn two frames, and those in which its main thread was busy."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1366, "height": 768})
        tab.goto("about:blank")
        session = tab.context.new_cdp_session(tab)
        session.send("Performance.enable")
        started = time.perf_counter()
        tab.goto(page.as_uri(), wait_until="load")
        tab.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        seconds = time.perf_counter() - started
        metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
        browser.close()
    return seconds, metrics["TaskDuration"]


def main() -> None:
    """Print a line for each number of cells."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cells", type=int, nargs="*", default=[200, 1000])
    for cells in parser.parse_args().cells:
        with tempfile.TemporaryDirectory() as folder:
            results = Path(folder)
            made = grid(cells)
            final = next(iter(made))
            plan = make_results(results, grid=made, changes={"baseline": final, "final": final})
            begun = time.process_time()
            report(results, plan, results / "report.html")
            rendering = time.process_time() - begun
            size = (results / "report.html").stat().st_size / 1e6
            seconds, busy = zip(*(opened(results / "report.html") for _ in range(3)), strict=True)
        print(
            f"{cells} cells: {size:.1f} MB, rendered in {rendering:.1f} s of the CPU, opened in "
            f"{sorted(seconds)[1]:.1f} s ({sorted(busy)[1]:.1f} s of the main thread; median of 3)",
            flush=True,
        )


if __name__ == "__main__":
    main()
