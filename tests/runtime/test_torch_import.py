"""What a quicker `import torch` leaves behind."""

import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "workflow/scripts"


def test_garbage_is_collected_afterwards():
    code = (
        "from experiment_grid.runtime.torch_import import quick_imports\n"
        "with quick_imports():\n    import torch\n"
        "import gc; print(gc.isenabled(), gc.get_freeze_count() > 1000)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["True", "True"], done.stderr
