"""Open the page in the browser; where there is none, say where it is."""

import sys
import webbrowser
from pathlib import Path


def show(page: Path) -> str:
    """Open the page; returns what to tell."""
    if not page.is_file():
        others = sorted(str(path) for path in page.parent.glob("*/report.html"))
        hint = f"; there is {', '.join(others)}" if others else ""
        sys.exit(f"{page}: no page here yet, make run leaves one{hint}")
    try:
        webbrowser.get()
    except webbrowser.Error:
        return f"No browser found here. The page: {page.resolve().as_uri()}"
    webbrowser.open(page.resolve().as_uri())
    return f"The page: {page.resolve().as_uri()}"


if __name__ == "__main__":
    print(show(Path(snakemake.params.page)))
