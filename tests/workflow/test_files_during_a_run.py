"""What a job reads after planning: files that the user's code opens or imports, data, versions of packages."""

import json
import subprocess
import sys

import numpy
import pytest
from faults import Faults, Run
from project import planned_jobs, snakemake

from experiment_grid.runtime import stage
from experiment_grid.runtime.errors import UserError
from experiment_grid.source_code.fingerprint import SCRIPTS

NARROW = ("--", "results/cells/narrow/evaluation.csv")
NET = """
import importlib
import json
from pathlib import Path

from torch import nn


class Net(nn.Module):
    def __init__(self, input_shape, classes: int):
        super().__init__()
        width = json.loads(Path("models/own/width.json").read_text())
        width += importlib.import_module("experiment" + "_extra").MORE
        rows, columns = input_shape[1:]
        layers = nn.Linear(rows * columns, width), nn.ReLU(), nn.Linear(width, classes)
        self.layers = nn.Sequential(nn.Flatten(), *layers)

    def forward(self, images):
        return self.layers(images)
"""


@pytest.fixture
def own(project):
    """The finished project with a network of the user's in `narrow` that reads two files beside its recipe."""
    folder = project / "models/own"
    folder.mkdir()
    (folder / "net.py").write_text(NET)
    (folder / "width.json").write_text("16")
    (folder / "experiment_extra.py").write_text("MORE = 1")
    config = project / "config/small.yaml"
    narrow = "  - name: narrow\n    learning_rate: 0.02\n"
    config.write_text(config.read_text().replace(narrow, f"{narrow}    model: models/own/net.py:Net\n"))
    return project


@pytest.mark.slow
def test_a_file_that_a_network_reads_counts_like_its_code(own, tmp_path):
    faults = Faults(tmp_path / "faults", ("hold", "partial/narrow/seed1.epoch2", 1))
    files = {"models/own/width.json": "8", "models/own/experiment_extra.py": "MORE = 2"}
    first = {name: (own / name).read_text() for name in files}
    with Run(own, *NARROW, PROGRESS="lines", **faults.environment) as run:
        run.wait_for("the second epoch", faults.held)
        (own / "models/own/width.json").write_text("8")
        faults.release()
        assert run.finish() != 0
    assert "models/own/width.json: changed while this job was using it" in run.said
    assert not (own / "results/cells/narrow/run.json").exists() or "train narrow" in planned_jobs(own, *NARROW)
    (own / "models/own/width.json").write_text(first["models/own/width.json"])
    assert snakemake(own, *NARROW).returncode == 0
    run_record = json.loads((own / "results/cells/narrow/run.json").read_text())
    assert {*run_record["reads"]} == {*files}
    assert planned_jobs(own, *NARROW) == []
    for name, text in files.items():
        (own / name).write_text(text)
        assert planned_jobs(own, *NARROW) == ["evaluate narrow", "train narrow"]
        (own / name).write_text(first[name])
        assert planned_jobs(own, *NARROW) == []


def test_data_of_this_run_that_changed_before_they_are_read_are_refused(tmp_path):
    results = tmp_path / "results"
    (results / "data/mine").mkdir(parents=True)
    prepared = results / "data/mine/prepared.safetensors"
    prepared.write_bytes(b"right")
    record = {"outputs": {"data/mine/prepared.safetensors": stage.describe(prepared)}}
    (results / "data/mine/prepare.json").write_text(json.dumps(record))
    stage.check_inputs({}, results, [str(prepared)])
    prepared.write_bytes(b"wrong")
    with pytest.raises(UserError, match=r"prepared\.safetensors: changed since it was written, by its record"):
        stage.check_inputs({}, results, [str(prepared)])


def test_another_version_of_a_package_than_planned_is_refused():
    stage.check_packages({})
    stage.check_packages({"numpy": numpy.__version__})
    with pytest.raises(UserError, match=r"numpy: version \S+ is installed, the run was planned with 0\.1; run"):
        stage.check_packages({"numpy": "0.1"})


RECORDING = """
import sys
sys.path[:0] = [{scripts!r}, "own"]
from experiment_grid.source_code.fingerprint import file_fingerprint
from experiment_grid.runtime import imported_code, records
from experiment_grid.runtime.errors import UserError
try:
    imported_code.check_against_recipe("train", file_fingerprint("own/net.py"))
    import net
    records.check_reads()
    print(*records.READ)
except UserError as error:
    print(error)
"""
OTHER = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'open(\"own/a.txt\", \"w\")'])"


@pytest.mark.parametrize(
    ("net", "recorded"),
    [
        ("open('own/a.txt').read()", "own/a.txt"),
        ("open(b'own/a.txt').read()", "own/a.txt"),
        ("import os; os.open('own/a.txt', os.O_RDONLY)", "own/a.txt"),
        ("import os; os.symlink('a.txt', 'own/link'); open('own/link').read()", "own/a.txt"),
        ("import importlib; importlib.import_module('o' + 'ther')", "own/other.py"),
        ("import runpy; runpy.run_path('own/other.py')", "own/other.py"),
        ("open('own/cache', 'w').write('1'); open('own/cache').read()", ""),
        ("open('.hidden', 'w').close(); open('.hidden').read()", ""),
        ("open('/dev/null').read(); import os; os.listdir('own')", ""),
        (f"open('own/a.txt').read(); {OTHER}", "own/a.txt: changed while this job was using it"),
        (f"open('own/a.txt').read(); {OTHER}; open('own/a.txt')", "own/a.txt: changed while this job was using it"),
    ],
)
def test_which_files_are_recorded(tmp_path, net, recorded):
    (tmp_path / "own").mkdir()
    for name, text in (("net.py", net), ("a.txt", "a"), ("other.py", "VALUE = 1")):
        (tmp_path / "own" / name).write_text(text)
    command = [sys.executable, "-c", RECORDING.format(scripts=str(SCRIPTS))]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    said = done.stdout.strip()
    assert said == recorded or (":" in recorded and recorded in said), done.stdout + done.stderr
