"""Ctrl-C that always reaches Snakemake and its jobs.

Python handles signals in the main thread, when that next runs. Snakemake's main thread sleeps until a job ends: a
signal that came to another thread, or in the moment before the main thread fell asleep, would be handled only then. A
job whose process starts just after the Ctrl-C never gets it, and one that imports its modules may lose it (Python drops
an exception that is raised in a callback of its importer): Snakemake would wait for the end of a whole training.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress

PAUSE = 0.1  # seconds that a process has to handle it by itself
AGAIN = 2.0  # seconds after which a job that still runs has lost it
SCRIPT = ".snakemake/scripts/"  # in the command of a job that runs here, and not of those that submit to a cluster


def on_interrupt(handler: Callable[[], object]) -> Callable[[], None]:
    """Have the main thread, which calls this, call `handler` at Ctrl-C; at the first it is woken if it sleeps.

    While it is busy elsewhere than in Python, one Ctrl-C may become several calls. Returns what ends all this, for the
    main thread to call.
    """
    heard = threading.Event()
    main = threading.get_ident()

    def handle(*_: object) -> None:
        heard.set()
        handler()

    def wake() -> None:
        while signals := os.read(reader, 1):  # the system writes the number of each signal that comes
            while signals[0] == signal.SIGINT and signal.getsignal(signal.SIGINT) is handle and not heard.wait(PAUSE):
                signal.pthread_kill(main, signal.SIGINT)

    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = signal.signal(signal.SIGINT, handle)
    wakened = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=wake, daemon=True).start()

    def give_back() -> None:
        if signal.getsignal(signal.SIGINT) is handle:
            signal.signal(signal.SIGINT, before)
            signal.set_wakeup_fd(wakened)
            os.close(writer)

    return give_back


def interrupt_jobs() -> None:
    """Interrupt the jobs of this process that run, and every one that still starts, until all ended; returns at once.

    Those that are ending already ignore it (`runtime.stage`).
    """
    threading.Thread(target=_interrupt_jobs, daemon=True).start()


def _interrupt_jobs() -> None:
    import psutil  # late: only for a run that is interrupted

    signalled: dict[psutil.Process, float] = {}
    while True:
        time.sleep(PAUSE)
        for process in psutil.Process().children(recursive=True):
            if time.monotonic() - signalled.get(process, -AGAIN) < AGAIN:
                continue
            with suppress(psutil.Error):  # it has ended
                if any(SCRIPT in part for part in process.cmdline()):
                    process.send_signal(signal.SIGINT)
                    signalled[process] = time.monotonic()
