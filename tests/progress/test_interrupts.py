"""A Ctrl-C that the main thread would sleep through."""

import subprocess
import sys

import pytest
from project import ROOT

# The signal comes to the thread of `elsewhere`, as the system may choose, while the main thread waits for a lock.
SCRIPT = """
import signal, threading, time
from experiment_grid.progress.interrupts import on_interrupt

def interrupt():
    raise KeyboardInterrupt

def elsewhere():
    time.sleep(0.3)
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)
    time.sleep(60)

{handle}
threading.Thread(target=elsewhere, daemon=True).start()
print("asleep", flush=True)
try:
    threading.Semaphore(0).acquire()
except KeyboardInterrupt:
    print("heard")
"""


def run(handle: str, seconds: float) -> str:
    command = [sys.executable, "-c", SCRIPT.format(handle=handle)]
    done = subprocess.run(command, cwd=ROOT / "workflow/scripts", capture_output=True, text=True, timeout=seconds)
    return done.stdout


def test_the_main_thread_is_woken():
    assert run("on_interrupt(interrupt)", 30) == "asleep\nheard\n"


def test_a_plain_handler_would_wait():
    """If this fails, Python has learnt it, and `on_interrupt` can go."""
    with pytest.raises(subprocess.TimeoutExpired) as waited:
        run("signal.signal(signal.SIGINT, lambda *_: interrupt())", 3)
    assert waited.value.stdout == b"asleep\n"
