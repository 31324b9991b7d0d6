"""What a quicker `import torch` leaves out, and that nothing which is computed misses it."""

import subprocess
import sys
from pathlib import Path

import pytest

from frame.torch_import import LEFT_OUT

SCRIPTS = Path(__file__).parents[2] / "workflow/scripts"

COMPUTE = """
network = torch.nn.Sequential(torch.nn.Linear(20, 30), torch.nn.GELU(), torch.nn.Linear(30, 4))
inputs = torch.arange(200.0).reshape(10, 20).sin()
torch.manual_seed(0)
for layer in (network[0], network[2]):
    layer.reset_parameters()
torch.nn.functional.cross_entropy(network(inputs), torch.arange(10) % 4).backward()
print([parameter.grad.double().sum().item().hex() for parameter in network.parameters()])
"""


def python(code):
    done = subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


NAMES = f"import sys; print(len(vars(sys.modules['{LEFT_OUT}'])))"
QUICKLY = "from frame.torch_import import quick_imports\nwith quick_imports():\n    import torch\n"


def test_what_is_left_out_is_there_otherwise():
    """A torch that has no such module any more would be imported whole, and nobody would notice."""
    assert int(python("import torch\n" + NAMES)) > 100
    assert int(python(QUICKLY + NAMES)) < 100


def test_gradients_have_the_same_bits():
    assert python(QUICKLY + COMPUTE) == python("import torch\n" + COMPUTE)


def test_garbage_is_collected_afterwards():
    printed = python(QUICKLY + "import gc; print(gc.isenabled(), gc.get_freeze_count() > 1000)")
    assert printed.split() == ["True", "True"]


@pytest.mark.parametrize("stage", ["train", "errors"])
def test_stages_that_import_torch_do_so_quickly(stage):
    assert int(python(f"import {stage}\n" + NAMES)) < 100
