"""The soak test of docs/reliability.md, with one run."""

import subprocess
import sys

from project import ROOT


def test_a_run_that_is_struck_at_random_times_ends_as_an_undisturbed_one():
    command = [sys.executable, "-m", "bench.soak", "--runs", "1", "--page-every", "0", "--seed", "2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "all ended as an undisturbed run does" in done.stdout
