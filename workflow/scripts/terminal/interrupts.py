"""Ctrl-C that is always heard.

Python has a signal handled by the main thread as soon as that runs. Snakemake's sleeps until a job ends: a signal that
came to another thread, or in the moment before the main thread fell asleep, would be heard only then.
"""

import os
import signal
import threading
from collections.abc import Callable

PAUSE = 0.1  # seconds that the main thread has for hearing it by itself


def on_interrupt(handler: Callable[[], object]) -> None:
    """Have the main thread call `handler` at Ctrl-C; for the first it is woken. To be called by the main thread."""
    heard = threading.Event()

    def handle(*_) -> None:
        heard.set()
        handler()

    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.signal(signal.SIGINT, handle)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=_wake, args=(reader, heard), daemon=True).start()


def _wake(reader: int, heard: threading.Event) -> None:
    """Wake the main thread until it has heard; the system writes the number of each signal to `reader`'s pipe."""
    while number := os.read(reader, 1):
        while number[0] == signal.SIGINT and not heard.wait(PAUSE):
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
