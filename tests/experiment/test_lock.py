"""One run at a time, and a killed one leaves no lock."""

import subprocess
import sys

import pytest
from experiment.errors import UserError
from experiment.lock import hold

HOLD = "import sys, time; sys.path.insert(0, sys.argv[2]); from experiment.lock import hold; l = hold(sys.argv[1]); print('held', flush=True); time.sleep(60)"


def test_lock_of_a_living_process_is_refused_and_that_of_a_killed_one_is_not(tmp_path, request):
    scripts = request.config.rootpath / "workflow/scripts"
    other = subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path / "results", scripts], stdout=subprocess.PIPE, text=True
    )
    assert other.stdout.readline() == "held\n"
    with pytest.raises(UserError, match="another run is working in this folder"):
        hold(tmp_path / "results")
    other.kill()
    other.wait()
    hold(tmp_path / "results").release()
