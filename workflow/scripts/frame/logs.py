"""The ends of logs, for the terminal and for the page."""

from pathlib import Path

LINES = 12
BYTES = 20_000  # of them, at most: one line may be anything


def end(log: Path) -> list[str]:
    """The last lines of a log; what is no text in it is replaced."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - BYTES))
        text = file.read().decode("utf-8", "replace")
    return [line.rstrip() for line in text.splitlines()[-LINES:]]
