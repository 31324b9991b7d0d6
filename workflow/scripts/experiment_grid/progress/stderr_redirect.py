"""Standard error redirected around the live view: output of jobs outside their logs would break it."""

import os
import select
import threading
from collections.abc import Callable

PAUSE = 0.3  # seconds of silence after which a message is complete


class StderrRedirect:
    """Standard error of this process and of those that it starts, handed to `on_text` text by text until `restore`.

    `terminal` is where it went before.
    """

    def __init__(self, on_text: Callable[[str], None]):
        self.terminal = os.fdopen(os.dup(2), "w", buffering=1, encoding="utf-8", errors="replace")
        self._on_text = on_text
        self._end, writing = os.pipe()
        os.dup2(writing, 2)
        os.close(writing)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def restore(self) -> None:
        """Standard error is the terminal again."""
        os.dup2(self.terminal.fileno(), 2)
        self._over.set()
        self._thread.join()
        os.close(self._end)

    def _listen(self) -> None:
        said = b""
        more = True
        while more:
            waiting, _, _ = select.select([self._end], [], [], PAUSE)
            new = os.read(self._end, 65536) if waiting else b""
            said += new
            more = bool(new) or not self._over.is_set()
            if said and not new:
                self._on_text(said.decode(errors="replace").rstrip())
                said = b""
