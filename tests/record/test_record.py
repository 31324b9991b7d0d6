"""The machine-readable record of a run: an RO-Crate with an action per job and the checksums of its files."""

import hashlib
import json
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest
from project import CELLS
from rocrate.rocrate import ROCrate

CELL_JOBS = {f"#{stage}-{cell}" for stage in ("train", "evaluate") for cell in CELLS}
JOBS = CELL_JOBS | {"#timing", "#compare", "#figures", "#errors", "#report"}


@pytest.fixture(scope="module")
def crate(finished) -> ROCrate:
    return ROCrate(finished / "results")


def test_an_action_for_every_job(crate):
    actions = {action.id: action for action in crate.get_by_type("CreateAction")}
    assert actions.keys() == JOBS
    train = actions["#train-wide"]
    assert train["startTime"] <= train["endTime"]
    assert train["instrument"]["name"] == "train.py"
    assert any(package["name"] == "torch" for package in train["instrument"]["softwareRequirements"])
    values = {entity["name"]: json.loads(entity["value"]) for entity in train["object"] if "value" in entity}
    assert values["model"]["hidden"] == [32] and values["seeds"] == [1, 2]
    assert "Ran because: new." in train["description"]


def test_files_of_jobs_exist_as_described(crate, finished):
    results = [action["result"] for action in crate.get_by_type("CreateAction")]
    made = [entity for result in results for entity in (result if isinstance(result, list) else [result])]
    assert "report.html" in {entity.id for entity in made}
    for entity in made:
        content = (finished / "results" / entity.id).read_bytes()
        assert entity["sha256"] == hashlib.sha256(content).hexdigest(), entity.id
        assert entity["contentSize"] == str(len(content))


def test_the_crate_says_what_it_is(crate):
    assert crate.name == "Small"
    assert crate.root_dataset["conformsTo"].id == "https://w3id.org/ro/wfrun/process/0.5"
    read = next(a for a in crate.get_by_type("CreateAction") if a.id == "#evaluate-wide")["object"]
    assert "cells/wide/checkpoints.safetensors" in {entity.id for entity in read}


# What the profile recommends and a run does not know: pages of its programs and their addresses, who ran them;
# author and publisher of the whole.
NOT_SAID = ["process-run-crate-0.5_3.2", "process-run-crate-0.5_5.1", "process-run-crate-0.5_8.6"]
NOT_SAID += ["ro-crate-1.1_22.2", "ro-crate-1.1_22.3"]


def test_the_validator_of_the_profile_finds_nothing(finished, tmp_path):
    """With its contexts written out, whose addresses the validator would open otherwise."""
    pytest.importorskip("rocrate_validator", reason="roc-validator is not installed: make setup-dev")
    shutil.copytree(finished / "results", tmp_path / "crate")
    file = tmp_path / "crate/ro-crate-metadata.json"
    content = json.loads(file.read_text("utf-8"))
    known = json.loads((resources.files("rocrate") / "data/ro-crate.jsonld").read_text("utf-8"))["@context"]
    content["@context"] = [known, {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}]
    file.write_text(json.dumps(content), "utf-8")
    command = [Path(sys.executable).with_name("rocrate-validator"), "-y", "validate", "--no-paging", "-v", "--offline"]
    command += ["-l", "recommended", "-p", "process-run-crate", "-s", ",".join(NOT_SAID), tmp_path / "crate"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
