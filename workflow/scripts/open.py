"""Open the page in the browser; where there is none, say where it is."""

import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake


def show(page: Path) -> str:
    """Open the page, or the only one in a folder beside it (the demo's); returns what to say."""
    others = sorted(page.parent.glob("*/report.html"))
    if not page.is_file() and len(others) == 1:
        (page,) = others
    if not page.is_file():
        hint = f"; there are {', '.join(map(str, others))}" if others else ""
        sys.exit(f"{page}: no page here yet, make run leaves one{hint}")
    address = page.resolve().as_uri()
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return f"No browser found here. The page: {address}"
    browser.open(address)
    return f"The page: {address}"


if __name__ == "__main__":
    print(show(Path(snakemake.params.page)))
