"""The ends of logs, for the terminal and for the page."""

from pathlib import Path

LINES = 12
BYTES = 20_000  # of them, at most: one line may be anything
DONE, FAILED = "done", "failed"  # the last line of a log whose process came to an end of its own
CUT_OFF = (
    "(here the log breaks off: the process was killed, by kill -9 or as memory ran out, ended itself by os._exit, or "
    "the disk is full)"
)


def end(log: Path) -> list[str]:
    """The last lines of a failed job's log; what is not text in it is replaced. Where it breaks off, a line says so."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - BYTES))
        text = file.read().decode("utf-8", "replace")
    lines = [line.rstrip() for line in text.splitlines()]
    if lines and lines[-1] in (DONE, FAILED):
        return lines[:-1][-LINES:]
    return [*lines[-LINES:], CUT_OFF]
