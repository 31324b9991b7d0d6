"""The state of the garbage collector after the quicker `import torch`."""

import subprocess
import sys

from project import SCRIPTS


def test_garbage_is_collected_afterwards():
    code = (
        "from experiment_grid.runtime.torch_import import quick_imports\n"
        "with quick_imports():\n    import torch\n"
        "import gc; print(gc.isenabled(), gc.get_freeze_count() > 1000)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["True", "True"], done.stderr
