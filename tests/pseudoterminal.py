"""A terminal for a program under test, and what the program shows on it."""

import os
import pty
import re
import select
import signal
import subprocess
import termios
import time
from pathlib import Path


def _as_a_shell_does() -> None:
    """Make it the controlling terminal, and react to Ctrl-C, which tests that run in background ignore."""
    os.close(os.open(os.ttyname(0), os.O_RDWR))
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)


class Terminal:
    """A terminal of 100 by 30 characters, running a program; `seen` is everything shown so far."""

    def __init__(self, command: list[str], folder: Path, **environment: str):
        self._master, terminal = pty.openpty()
        size = {"COLUMNS": "100", "LINES": "30", "TERM": "xterm"}
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | size | environment,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
            preexec_fn=_as_a_shell_does,
        )
        os.close(terminal)
        self.seen = ""

    def wait_for(self, pattern: str, seconds: float = 120) -> None:
        """Read until the pattern is shown."""
        end = time.monotonic() + seconds
        while not re.search(pattern, self.seen):
            assert time.monotonic() < end and self.read(), f"{pattern} not in\n{self.seen}"

    def read(self) -> bool:
        """Read what is available; False after the program has ended."""
        if not select.select([self._master], [], [], 1)[0]:
            return self.process.poll() is None
        try:
            new = os.read(self._master, 65536)
        except OSError:
            return False
        self.seen += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", new.decode(errors="replace"))
        return bool(new)

    def press(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def end(self, seconds: float = 120) -> int:
        """Read to the end of the program; returns its exit status."""
        end = time.monotonic() + seconds
        while self.read():
            assert time.monotonic() < end, f"no end after\n{self.seen}"
        return self.process.wait(60)

    @property
    def echoes_ctrl_c(self) -> bool:
        """Whether the terminal writes ^C where Ctrl-C is pressed."""
        return bool(termios.tcgetattr(self._master)[3] & termios.ECHOCTL)
