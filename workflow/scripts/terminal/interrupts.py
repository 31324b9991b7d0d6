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
    """Have the main thread, which calls this, call `handler` at Ctrl-C; at the first it is woken if it sleeps.

    While it is busy elsewhere than in Python, one Ctrl-C may become several calls.
    """
    heard = threading.Event()

    def handle(*_) -> None:
        heard.set()
        handler()

    def wake() -> None:
        while signals := os.read(reader, 1):  # the system writes the number of each signal that comes
            while signals[0] == signal.SIGINT and signal.getsignal(signal.SIGINT) is handle and not heard.wait(PAUSE):
                signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.signal(signal.SIGINT, handle)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=wake, daemon=True).start()
