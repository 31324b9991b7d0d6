"""Recipes of the cells of a configuration: they have what a cell uses, and nothing else."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from planned import OUTPUTS
from project import ROOT, forget_packages

from experiment_grid.config.settings import load
from experiment_grid.planning.plan import Plan
from experiment_grid.planning.reasons import differences
from experiment_grid.planning.recipes import Recipes
from experiment_grid.planning.stages import STAGES
from experiment_grid.runtime.errors import UserError
from experiment_grid.runtime.records import now, write_record
from experiment_grid.source_code.fingerprint import fingerprint

FILES = {
    "models/lenet.py": "from torch import nn\nimport blocks\n\n\nclass LeNet(nn.Module):\n"
    "    def __init__(self, channels=(6, 16)): ...\n",
    "models/blocks.py": "from parts.conv import conv\nfrom experiment_grid.training.metrics import accuracy\n",
    "models/parts/__init__.py": "",
    "models/parts/conv.py": "from . import more\n\nconv = 3\n",
    "models/parts/more.py": "x = 1\n",
    "models/unused.py": "y = 1\n",
    "losses.py": "import math\n\n\ndef focal(logits, labels, gamma: float = 2.0): ...\n",
    "shift.py": "def shift(images, most: int = 2): ...\n",
    "site/zoo/__init__.py": "def lion(parameters, lr, beta: float = 0.9): ...\n",
    "site/zoo-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: zoo\nVersion: 1.2\n",
}
DEFAULTS = {
    "loss": "nll",
    "optimizer": "sgd",
    "learning_rate": 0.01,
    "batch_size": 64,
    "epochs": 2,
    "normalize": True,
    "train_fraction": 0.8,
    "seeds": [1, 2],
    "device": "cpu",
}
CELLS = [
    {"name": "plain"},
    {"name": "lenet", "model": "models/lenet.py:LeNet"},
    {"name": "focal", "loss": "losses.py:focal", "optimizer": "adam"},
    {"name": "lion", "optimizer": "zoo.lion"},
]
CONFIG = {"dataset": "digits", "baseline": "plain", "final": "lenet", "packages": ["zoo"]}


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    forget_packages()
    return tmp_path


def recipes(cells=None, **defaults) -> Recipes:
    config = CONFIG | {"defaults": DEFAULTS | defaults, "cells": cells or CELLS}
    return Recipes(load(config), {}, None)


def own(recipes: Recipes, stage: str, cell: str | None) -> set[str]:
    """The code of a cell's job in addition to that of its stage."""
    return {*recipes.recipe(stage, cell)["code"]} - {*fingerprint(stage)}


LENET = {f"models/{name}.py" for name in ("lenet", "blocks", "parts/__init__", "parts/conv", "parts/more")}


def test_a_cell_has_the_code_that_it_uses():
    made = recipes()
    training = "experiment_grid.training."
    assert f"{training}models.mlp" in own(made, "train", "plain")
    assert own(made, "train", "lenet") >= LENET and own(made, "evaluate", "lenet") >= LENET
    assert not LENET & own(made, "train", "plain")
    assert "models/unused.py" not in own(made, "train", "lenet")
    assert f"{training}models.mlp" not in own(made, "train", "lenet")
    assert {"losses.py", f"{training}optimizers.adam"} <= own(made, "train", "focal")
    assert f"{training}optimizers.sgd" not in own(made, "train", "focal")
    assert f"{training}losses.nll" not in own(made, "train", "focal")
    assert "losses.py" in own(made, "evaluate", "focal")
    assert not any("optimizers" in name for name in own(made, "evaluate", "focal"))
    assert own(made, "errors", None) >= LENET  # the final cell's model


def test_an_augmentation_is_code_of_the_stages_that_call_it():
    made = recipes([*CELLS[:1], {"name": "lenet", "augment": "shift.py:shift", "epochs": 2}])
    for stage, cell in (("train", "lenet"), ("errors", None), ("timing", None)):
        assert "shift.py" in own(made, stage, cell)
    assert "shift.py" not in own(made, "train", "plain") | own(made, "evaluate", "lenet")
    assert made.recipe("errors")["settings"]["augment"] == {"lenet": [{"_target_": "shift.py:shift", "most": 2}]}
    assert "augment" not in recipes().recipe("errors")["settings"]
    other = recipes([*CELLS[:1], {"name": "lenet", "augment": {"_target_": "RandomInvert", "p": 0.1}, "epochs": 2}])
    again = recipes([*CELLS[:1], {"name": "lenet", "augment": "RandomInvert", "epochs": 2}])
    before, after = (one.recipe("train", "lenet") for one in (other, again))
    assert differences(before, after, "train") == ["augment.RandomInvert.p 0.1 → 0.5"]


def test_planning_files_are_no_part_of_a_recipe():
    """Adding a short name or a key retrains nothing."""
    for stage in ("train", "evaluate"):
        code = recipes().recipe(stage, "plain")["code"]
        assert not [name for name in code if name.startswith("experiment_grid.planning")]


def test_settings_are_those_of_the_contract():
    settings = recipes().recipe("train", "lion")["settings"]
    assert settings["packages"] == {"zoo": "1.2"}
    assert settings["parameters"]["optimizer"] == {"_target_": "zoo.lion", "beta": 0.9}
    plain = recipes().recipe("train", "plain")["settings"]
    assert {*plain} == {"cell", "dataset", "parameters"}
    assert [*plain["parameters"]][:3] == ["model", "loss", "optimizer"]
    compared = recipes().recipe("compare")["settings"]["cells"]
    assert [cell["name"] for cell in compared] == ["plain", "lenet", "focal", "lion"]
    assert compared[1]["parameters"]["model"] == "models/lenet.py:LeNet"


def finish(made: Recipes) -> None:
    """Leave outputs and records of a whole run."""
    plan = plan_of(made)
    for stage, cell in plan.jobs():
        output = plan.results / OUTPUTS[stage].format(cell=cell)
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(f"{stage} {cell}")
        record = plan.results / STAGES[stage].record.format(dataset="digits", cell=cell)
        inputs = [plan.results / OUTPUTS[made_by].format(cell=of) for made_by, of in plan.upstream(stage, cell)]
        write_record(record, plan.file(stage, cell), [output], inputs=inputs, started=now())


def plan_of(made: Recipes, cells=CELLS) -> Plan:
    return Plan("results", "digits", [cell["name"] for cell in cells], made)


def running(made: Recipes, cells=CELLS) -> list[str]:
    plan = plan_of(made, cells)
    return [" ".join(filter(None, job)) for job in plan.jobs() if plan.decision(*job).runs]


def trained(*cells: str) -> list[str]:
    jobs = [f"{stage} {cell}" for stage in ("train", "evaluate") for cell in cells]
    return [*jobs, "timing", "compare", "figures", "errors", "report", "record"]


@pytest.mark.parametrize(
    ("name", "text", "jobs"),
    [
        ("models/new.py", "class New: ...\n", []),
        ("models/unused.py", "y = 2\n", []),
        ("models/lenet.py", FILES["models/lenet.py"] + "# A comment.\n", []),
        ("models/lenet.py", FILES["models/lenet.py"] + "x = 1\n", trained("lenet")),
        ("models/blocks.py", FILES["models/blocks.py"] + "x = 1\n", trained("lenet")),
        ("models/parts/more.py", "x = 2\n", trained("lenet")),
        ("losses.py", FILES["losses.py"] + "x = 1\n", trained("focal")),
        ("site/zoo-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: zoo\nVersion: 1.3\n", trained("lion")),
        ("site/zoo/__init__.py", FILES["site/zoo/__init__.py"] + "# unchanged version\n", []),
    ],
)
def test_exactly_the_cells_that_use_a_file_run_again(project, name, text, jobs):
    finish(recipes())
    assert running(recipes()) == []
    (project / name).write_text(text)
    forget_packages()
    assert running(recipes()) == jobs


def test_options_with_their_defaults_and_full_names_change_nothing():
    finish(recipes())
    full = {"optimizer": {"_target_": "torch.optim.SGD", "nesterov": False}, "model": "mlp"}
    cells = [
        {"name": "plain"} | full,
        {"name": "lenet", "model": {"_target_": "models/lenet.py:LeNet", "channels": [6, 16]}},
    ]
    assert running(recipes([*cells, *CELLS[2:]])) == []


def test_a_helper_with_a_syntax_error_is_reported_before_any_job(project):
    (project / "models/parts/more.py").write_text("x = (\n")
    with pytest.raises(UserError, match=r"^models/parts/more.py:1: is not valid Python: "):
        recipes()


@pytest.mark.parametrize(
    ("cell", "sentences"),
    [
        ({"model": "models/lenet.py:LeNet"}, ["model mlp → models/lenet.py:LeNet"]),
        ({"optimizer": {"maximize": True}}, ["optimizer.maximize false → true"]),
        ({"hidden": [3]}, ["hidden 128, 64 → 3"]),
        ({"momentum": 0.5, "learning_rate": 0.1}, ["momentum 0.0 → 0.5", "learning_rate 0.01 → 0.1"]),
        ({"loss": "cross_entropy"}, ["loss nll → cross_entropy"]),
        ({"optimizer": "zoo.lion"}, ["optimizer sgd → zoo.lion"]),
        ({"augment": ["RandomInvert", "shift.py:shift"]}, ["augment none → RandomInvert, shift.py:shift"]),
    ],
)
def test_differences_in_words(cell, sentences):
    before = recipes().recipe("train", "plain")
    after = recipes([{"name": "plain"} | cell, {"name": "lenet", "epochs": 9}]).recipe("train", "plain")
    assert differences(before | {"code": {}}, after | {"code": {}}, "train") == sentences


def test_an_upgrade_in_words(project):
    before = recipes().recipe("train", "lion")
    (project / "site/zoo-1.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: zoo\nVersion: 1.3\n")
    forget_packages()
    assert differences(before, recipes().recipe("train", "lion"), "train") == ["package zoo 1.2 → 1.3"]


def test_parameters_of_an_earlier_version_are_one_sentence():
    before = {"settings": {"cell": "plain", "parameters": {"hidden": [3], "optimizer": "sgd"}}, "code": {}}
    after = recipes().recipe("train", "plain") | {"code": {}}
    assert differences(before, after, "train") == ["parameters as an earlier version wrote them"]


def test_neither_torch_nor_code_of_the_user_is_imported(project):
    code = """
import sys, yaml
from experiment_grid.config.settings import load
config = yaml.safe_load(open("config.yaml"))
load(config, ["config.yaml"])
assert not {"torch", "torchvision", "lenet", "losses", "zoo", "griffe"} & {*sys.modules}
"""
    (project / "config.yaml").write_text(yaml.safe_dump(CONFIG | {"defaults": DEFAULTS, "cells": CELLS}))
    path = f"{ROOT}/workflow/scripts:{project}/site"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": path})
