"""The table of cases for a cell whose model is in a file of the user's, and whose loss is in a listed package."""

import shutil
from pathlib import Path

import pytest
from changes import ALL, add, append, cell, config, edit, nothing
from project import CELLS, planned_jobs, snakemake

MODEL = """\
from blocks import layers
from torch import nn


class Tiny(nn.Module):
    def __init__(self, input_shape, classes, width: int = 8):
        super().__init__()
        self.layers = layers(input_shape, classes, width)

    def forward(self, images):
        return self.layers(images)
"""
HELPER = """\
import math

from torch import nn


def layers(input_shape, classes, width):
    pixels = math.prod(input_shape)
    return nn.Sequential(nn.Flatten(), nn.Linear(pixels, width), nn.PReLU(), nn.Linear(width, classes))
"""
LOSS = "from torch.nn.functional import cross_entropy\n\n\ndef smooth(logits, labels, by: float = 0.1):\n"
LOSS += "    return cross_entropy(logits, labels, label_smoothing=by)\n"
OWN = "  - {name: own, model: models/tiny.py:Tiny, loss: zoo.smooth}\n"
METADATA = "Metadata-Version: 2.1\nName: zoo\nVersion: {}\n"


def on_path(folder: Path) -> dict[str, str]:
    """The environment in which the package is installed."""
    return {"PYTHONPATH": str(folder / "site")}


def upgrade(folder: Path) -> None:
    add("site/zoo-1.dist-info/METADATA", METADATA.format("1.3"))(folder)


@pytest.fixture(scope="module")
def finished_with_own(finished, tmp_path_factory) -> Path:
    """The finished project with a cell of the user's components, run too."""
    folder = tmp_path_factory.mktemp("own") / "project"
    shutil.copytree(finished, folder)
    add("models/tiny.py", MODEL)(folder)
    add("models/blocks.py", HELPER)(folder)
    add("site/zoo/__init__.py", LOSS)(folder)
    add("site/zoo-1.dist-info/METADATA", METADATA.format("1.2"))(folder)
    config(("cells:\n", "packages: [zoo]\ncells:\n" + OWN))(folder)
    assert planned_jobs(folder, **on_path(folder)) == cell("own")
    done = snakemake(folder, **on_path(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


OWN_CASES = {
    "nothing": (nothing, []),
    "a model file added": (add("models/other.py", MODEL.replace("Tiny", "Other")), []),
    "a model file edited": (append("models/tiny.py", "EDITED = 1\n"), cell("own")),
    "a comment in a model file": (append("models/tiny.py", "# A comment.\n"), []),
    "a helper edited": (append("models/blocks.py", "EDITED = 1\n"), cell("own")),
    "a helper added that none imports": (add("models/more.py", "x = 1\n"), []),
    "a package of a target upgraded": (upgrade, cell("own")),
    "another package listed": (config(("[zoo]", "[zoo, yaml]")), []),
    "an edit in the built-in model": (edit("experiment_grid/training/models/mlp.py"), ALL),
    "an edit in the built-in loss": (edit("experiment_grid/training/losses/nll.py"), ALL),
    "an edit in the optimizer": (edit("experiment_grid/training/optimizers/sgd.py"), cell("own", *CELLS)),
    "an edit in the trainer": (edit("experiment_grid/training/loop.py"), cell("own", *CELLS)),
    "an option added with its default": (
        config(("models/tiny.py:Tiny", "{_target_: models/tiny.py:Tiny, width: 8}")),
        [],
    ),
    "an option of another value": (
        config(("models/tiny.py:Tiny", "{_target_: models/tiny.py:Tiny, width: 9}")),
        cell("own"),
    ),
    "another option of the loss": (config(("zoo.smooth", "{_target_: zoo.smooth, by: 0.2}")), cell("own")),
}


@pytest.mark.parametrize("case", OWN_CASES)
def test_exactly_the_cells_that_use_it_rerun(finished_with_own, tmp_path, case):
    change, jobs = OWN_CASES[case]
    folder = tmp_path / "project"
    shutil.copytree(finished_with_own, folder)
    change(folder)
    assert planned_jobs(folder, **on_path(folder)) == jobs
