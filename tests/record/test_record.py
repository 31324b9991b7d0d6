"""The run for machines: a crate that its library reads, with an action per job and the checksums of what is there."""

import hashlib
import json

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


def test_what_jobs_made_is_there_as_described(crate, finished):
    made = [entity for action in crate.get_by_type("CreateAction") for entity in action["result"]]
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
