"""A Ctrl-C that the main thread would miss while it waits."""

import signal
import subprocess
import sys

import pytest
from project import ROOT

from experiment_grid.progress import interrupts

# The signal is delivered to the thread of `elsewhere`, as the system may do, while the main thread waits for a lock.
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
    print("interrupted")
"""


def run(handle: str, seconds: float) -> str:
    command = [sys.executable, "-c", SCRIPT.format(handle=handle)]
    done = subprocess.run(command, cwd=ROOT / "workflow/scripts", capture_output=True, text=True, timeout=seconds)
    return done.stdout


def test_the_main_thread_is_woken():
    assert run("on_interrupt(interrupt)", 30) == "asleep\ninterrupted\n"


LOSES = """
import signal, time, weakref
signal.signal(signal.SIGINT, signal.default_int_handler)
class Module: pass
module = Module()
def callback(_):
    print("begun", flush=True)
    time.sleep(60)
known = weakref.ref(module, callback)
del module
print("works on", flush=True)
time.sleep(60)
"""
INTERRUPTS = """
import subprocess, sys
from experiment_grid.progress import interrupts
pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
with subprocess.Popen([sys.executable, sys.argv[1]], text=True, **pipes) as job:
    assert job.stdout.readline() == "begun\\n"
    interrupts.interrupt_jobs()
    print(job.stdout.read() + str(job.wait()))
"""


def test_a_job_that_loses_its_first_interrupt_gets_another(tmp_path):
    """Python drops an exception in a callback of a weak reference; its importer has one for every module."""
    job = tmp_path / interrupts.SCRIPT / "job.py"
    job.parent.mkdir(parents=True)
    job.write_text(LOSES)
    command = [sys.executable, "-c", INTERRUPTS, job]
    done = subprocess.run(command, cwd=ROOT / "workflow/scripts", capture_output=True, text=True, timeout=40)
    assert done.stdout == f"works on\n{-signal.SIGINT}\n", done.stderr


def test_a_plain_handler_would_not_run():
    """If this fails, Python runs it, and `on_interrupt` can be removed."""
    with pytest.raises(subprocess.TimeoutExpired) as waited:
        run("signal.signal(signal.SIGINT, lambda *_: interrupt())", 3)
    assert waited.value.stdout == b"asleep\n"
