"""What a record says about the process and the machine."""

import subprocess
import sys
from time import monotonic

from project import ROOT

from experiment_grid.runtime.records import machine

TICK = 1 / 100  # s, the unit in which Linux records the start of a process


def test_a_process_is_as_old_as_the_clock_says():
    sleep = 0.3
    said = f"import time; time.sleep({sleep}); from experiment_grid.runtime.records import age; print(age())"
    started = monotonic()
    found = subprocess.run(
        [sys.executable, "-c", said], cwd=ROOT / "workflow/scripts", capture_output=True, text=True, check=True
    )
    assert sleep - TICK <= float(found.stdout) <= monotonic() - started + TICK


def test_the_cpu_has_a_name():
    cpu = machine()["cpu"]
    assert cpu.strip() == cpu != ""
