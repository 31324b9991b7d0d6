"""What a quicker `import torch` leaves out, and that nothing which is computed misses it."""

import subprocess
import sys
from pathlib import Path

import pytest

from frame.torch_import import LEFT_OUT

SCRIPTS = Path(__file__).parents[2] / "workflow/scripts"

COMPUTE = """
generator = torch.Generator().manual_seed(7)
inputs = torch.rand(10, 20, generator=generator)
torch.manual_seed(0)
network = torch.nn.Sequential(
    torch.nn.Linear(20, 30), torch.nn.BatchNorm1d(30), torch.nn.GELU(), torch.nn.Dropout(0.2), torch.nn.Linear(30, 4)
)
optimizer = torch.optim.AdamW(network.parameters())
for _ in range(3):
    optimizer.zero_grad()
    order = torch.randperm(10, generator=generator)
    torch.nn.functional.cross_entropy(network(inputs[order]), order % 4).backward()
    optimizer.step()
print([parameter.double().sum().item().hex() for parameter in network.parameters()])
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


def test_training_gives_the_same_bits():
    assert python(QUICKLY + COMPUTE) == python("import torch\n" + COMPUTE)


def test_garbage_is_collected_afterwards():
    printed = python(QUICKLY + "import gc; print(gc.isenabled(), gc.get_freeze_count() > 1000)")
    assert printed.split() == ["True", "True"]


@pytest.mark.parametrize("stage", ["train", "errors"])
def test_stages_that_import_torch_do_so_quickly(stage):
    assert int(python(f"import {stage}\n" + NAMES)) < 100
