"""What a quicker `import torch` leaves out, and that nothing which is computed misses it."""

import subprocess
import sys
from pathlib import Path

import pytest
from trained_cell import PARAMETERS

from experiment_grid.runtime.torch_import import LEFT_OUT

SCRIPTS = Path(__file__).parents[2] / "workflow/scripts"

COMPUTE = """
import hashlib
from experiment_grid.config.parameters import Parameters
from experiment_grid.error_analysis.attribution import integrated_gradients
from experiment_grid.training.activations import ACTIVATIONS
from experiment_grid.training.loop import Trainer
from experiment_grid.training.losses import LOSSES
from experiment_grid.training.model import forward, inputs_of
from experiment_grid.training.optimizers import OPTIMIZERS

torch.set_num_threads(1)
images = torch.randint(0, 256, (100, 20), generator=torch.Generator().manual_seed(7), dtype=torch.uint8)
cells = (
    [{"activation": name} for name in ACTIVATIONS]
    + [{"optimizer": name} for name in OPTIMIZERS]
    + [{"loss": name} for name in LOSSES]
)
bits = hashlib.sha256()
for cell in cells:
    trainer = Trainer(Parameters.of(PARAMETERS | cell), [1, 2], images, torch.arange(100) % 4, 4)
    for epoch in (trainer.epoch(1), trainer.epoch(2)):
        for tensor in epoch.weights.values():
            bits.update(tensor.numpy().tobytes())
activation = trainer.parameters.activation
logits = lambda inputs: forward(trainer.layers, inputs.mT.expand(2, -1, -1), activation)[0].mT
inputs, classes = inputs_of(images, True), torch.arange(100) % 4
bits.update(integrated_gradients(logits, inputs, inputs[0], classes, 3 - classes).numpy().tobytes())
print(bits.hexdigest(), bool(trainer.flat_params.isfinite().all()))
""".replace("PARAMETERS", repr(PARAMETERS))


def python(code):
    done = subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


NAMES = f"import sys; print(len(vars(sys.modules['{LEFT_OUT}'])))"
QUICKLY = "from experiment_grid.runtime.torch_import import quick_imports\nwith quick_imports():\n    import torch\n"


def test_what_is_left_out_is_there_otherwise():
    """A torch that has no such module any more would be imported whole, and nobody would notice."""
    assert int(python("import torch\n" + NAMES)) > 100
    assert int(python(QUICKLY + NAMES)) < 100


def test_training_and_attribution_give_the_same_bits():
    quickly = python(QUICKLY + COMPUTE)
    assert quickly.endswith("True\n")
    assert quickly == python("import torch\n" + COMPUTE)


def test_what_is_left_out_says_so_where_it_is_wanted():
    code = """
try:
    torch.compile(lambda x: x + 1, backend="eager")(torch.ones(2))
except Exception as error:
    print(error)
"""
    assert "is left out by experiment_grid.runtime.torch_import; use a plain `import torch` instead" in python(
        QUICKLY + code
    )


def test_garbage_is_collected_afterwards():
    printed = python(QUICKLY + "import gc; print(gc.isenabled(), gc.get_freeze_count() > 1000)")
    assert printed.split() == ["True", "True"]


@pytest.mark.parametrize("stage", ["train", "errors"])
def test_stages_that_import_torch_do_so_quickly(stage):
    assert int(python(f"import {stage}\n" + NAMES)) < 100
