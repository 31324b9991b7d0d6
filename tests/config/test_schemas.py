"""The typed models, the schemas made from them, config files, their comments and the generated README say the same."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml
from project import ROOT

from experiment_grid.config.cell_keys import CellKeys, Grid
from experiment_grid.config.describe import FOLDER, SCHEMAS, describe, schema
from experiment_grid.config.keys import Config
from experiment_grid.config.labels import SHORT_KEYS
from experiment_grid.config.messages import resolve
from experiment_grid.config.parameter_keys import NAMES
from experiment_grid.config.parameters import FIELDS, HANDLING
from experiment_grid.config.settings import load
from experiment_grid.config.validation import problems, schema_of
from experiment_grid.data.datasets import DATASETS
from experiment_grid.training.models.mlp import ACTIVATIONS

CONFIG = ROOT / "config"
AGAIN = "PYTHONPATH=workflow/scripts python -m experiment_grid.config.describe"


def test_readme_is_made_from_the_models():
    assert (CONFIG / "README.md").read_text("utf-8") == describe(), f"make it again: {AGAIN}"


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_are_made_from_the_models(name):
    assert (FOLDER / name).read_text("utf-8") == schema(name), f"make it again: {AGAIN}"
    assert {path.name for path in FOLDER.iterdir()} == {*SCHEMAS}


def test_readmes_components_are_read_and_named_as_it_says(monkeypatch, tmp_path):
    text = (CONFIG / "README.md").read_text("utf-8")
    (example,) = [block for block in re.findall(r"```yaml\n(.*?)```\n", text, re.DOTALL) if "lenet" in block]
    config = yaml.safe_load((CONFIG / "config.yaml").read_text("utf-8")) | {"reference": None}
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    (tmp_path / "models/lenet.py").write_text("class LeNet:\n    def __init__(self, channels=(6, 16)): ...\n")
    config |= yaml.safe_load(example) | {"baseline": "lenet", "final": "lenet"}
    config["cells"][0]["model"]["channels"] = [6, 15]  # [6, 16] is the default here
    assert list(load(config).cells) == [
        "lenet",
        "smooth",
        "rmsprop",
        "nesterov",
        "annealed",
        "shifted",
        "channels-6-16_momentum-0.5",
        "channels-6-16_momentum-0.9",
        "channels-12-32_momentum-0.5",
        "channels-12-32_momentum-0.9",
    ]


def test_readmes_grid_example_gives_the_cells_that_it_names(monkeypatch):
    monkeypatch.chdir(ROOT)
    text = (CONFIG / "README.md").read_text("utf-8")
    example = yaml.safe_load(re.findall(r"```yaml\n(.*?)```\n", text, re.DOTALL)[-2])
    config = yaml.safe_load((CONFIG / "config.yaml").read_text("utf-8")) | example
    names = re.findall(r"`(wide-lr\S+)`", text)
    assert list(load(config | {"baseline": names[0], "final": names[0]}).cells) == names


def test_readmes_sample_gives_the_cells_that_it_names(monkeypatch):
    monkeypatch.chdir(ROOT)
    text = (CONFIG / "README.md").read_text("utf-8")
    example = yaml.safe_load(re.findall(r"```yaml\n(.*?)```\n", text, re.DOTALL)[-1])
    del example["cells"][0]["exclude"]
    config = yaml.safe_load((CONFIG / "config.yaml").read_text("utf-8")) | example
    names = list(load(config | {"baseline": "search-001", "final": "search-050"}).cells)
    assert (names[0], names[-1], len(names)) == ("search-001", "search-050", 50)


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_are_schemas_with_closed_objects(name):
    """Except options of components, and what a report states, leaves out or sets as a condition."""
    root = schema_of(SCHEMAS[name])
    jsonschema.Draft7Validator.check_schema(root)
    objects = [(path, part) for path, part in walk(root) if part.get("type") == "object"]
    open_objects = [path for path, part in objects if part.get("additionalProperties") is not False]
    component = r"/properties/(model|loss|optimizer|schedule|augment(/items)?)(/items)?/oneOf/1"
    assert [
        path for path in open_objects if not re.search(rf"{component}$|/(stated|where|not_stated|TargetDataset)$", path)
    ] == []


@pytest.mark.parametrize("name", SCHEMAS)
def test_patterns_mean_the_same_in_editors(name):
    """\\Z and (?P<…>) exist in Python only."""
    root = schema_of(SCHEMAS[name])
    patterns = [part["pattern"] for _, part in walk(root) if isinstance(part.get("pattern"), str)]
    assert patterns or name == "fit.schema.json"
    assert not [pattern for pattern in patterns if re.search(r"\\[AZ]|\(\?P", pattern)]


def test_every_key_has_a_description():
    root = schema_of(Config)
    cell = {name: resolve(part, root) for name, part in root["$defs"]["CellKeys"]["properties"].items()}
    parts = root["properties"] | cell
    assert [key for key, part in parts.items() if len(part.get("description", "")) < 8] == []


def test_parameters_of_models_and_program_are_the_same():
    assert list(Grid.model_fields) == [name for name in NAMES if name not in HANDLING]
    assert {*NAMES} == {*FIELDS, *HANDLING, *SHORT_KEYS}
    assert list(CellKeys.model_fields) == ["name", "note", *NAMES, "grid", "sample", "exclude", "step"]


@pytest.mark.parametrize("declared", ['"leaky_relu"', "    train_fraction: ", "    batch_size: "])
def test_an_activation_and_a_number_are_declared_once(declared):
    package = ROOT / "workflow/scripts/experiment_grid"
    assert [text.count(declared) for text in map(Path.read_text, package.rglob("*.py")) if declared in text] == [1]


def test_config_yaml_names_every_activation():
    assert f"relu, {', '.join([*ACTIVATIONS][1:])}." in (CONFIG / "config.yaml").read_text("utf-8")


def test_data_sets_of_schema_and_program_are_the_same():
    assert schema_of(Config)["properties"]["dataset"]["oneOf"][0]["examples"] == list(DATASETS)


def test_every_key_of_the_config_has_a_comment_above_it():
    lines = (CONFIG / "config.yaml").read_text("utf-8").splitlines()
    keys = {**yaml.safe_load("\n".join(lines))}
    for key in [*keys, *(f"  {name}" for name in keys["defaults"])]:
        at = next(number for number, line in enumerate(lines) if line.startswith(f"{key}:"))
        above = lines[at - 1].strip()
        assert above.startswith("#") or key in ("note", "final"), key  # these share the comment above their neighbour


def test_config_yaml_has_every_key_but_pathvars():
    config = yaml.safe_load((CONFIG / "config.yaml").read_text("utf-8"))
    assert {*Config.model_fields} - {*config} == {"pathvars"}


@pytest.mark.parametrize("file", ["config.yaml", "demo.yaml", "original-report.yaml"])  # others are the user's own
def test_editors_find_the_schema(file):
    first = (CONFIG / file).read_text("utf-8").split("\n", 1)[0]
    path = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first).group(1)
    document = yaml.safe_load((CONFIG / file).read_text("utf-8"))
    as_editors_read_it(path).validate(document)


@pytest.mark.parametrize(
    "wrong",
    [
        {"defaults": {"lerning_rate": 1}},
        {"defaults": {"name": "a"}},
        {"defaults": {"note": "a"}},
        {"defaults": {"grid": {"epochs": [1]}}},
        {"defaults": {"learning_rate": -1}},
        {"cells": [{"name": "a", "lerning_rate": 1}]},
        {"cells": [{"name": "a", "learning_rate": -1}]},
        {"cells": [{"grid": {"lerning_rate": [1]}}]},
        {"cells": [{"grid": {"learning_rate": [-1]}}]},
        {"cells": [{"grid": {"learning_rate": 1}}]},
        {"cells": [{"grid": {"modl.channels": [1]}}]},
        {"cells": [{"grid": {}}]},
        {"cells": [{"sample": {"learning_rate": {"uniform": [1, 2]}}}]},
        {"cells": [{"sample": {"number": 3, "lerning_rate": {"uniform": [1, 2]}}}]},
        {"cells": [{"sample": {"number": 3, "learning_rate": {"normal": [1, 2]}}}]},
        {"cells": [{"sample": {"number": 3, "learning_rate": {"uniform": [1, 2, 3]}}}]},
        {"cells": [{"sample": {"number": 3, "learning_rate": {"uniform": [1, 2], "choice": [1]}}}]},
        {"cells": [{"name": "a", "exclude": [{}]}]},
        {"cells": [{"name": "a", "model": 3}]},
    ],
    ids=str,
)
def test_editors_refuse_what_a_run_refuses(wrong):
    """Model and schema mean the same."""
    assert list(
        as_editors_read_it("../workflow/scripts/experiment_grid/config/schemas/config.schema.json").iter_errors(wrong)
    )
    assert problems(wrong, Config)


def as_editors_read_it(path):
    """A validator by the schema's file itself; `path` is from config/."""
    return jsonschema.Draft7Validator(json.loads((CONFIG / path).read_text("utf-8")))


def walk(part, path=""):
    """Every object of a schema with its path."""
    if isinstance(part, dict):
        yield path, part
        for key, inner in part.items():
            yield from walk(inner, f"{path}/{key}")
    elif isinstance(part, list):
        for index, inner in enumerate(part):
            yield from walk(inner, f"{path}/{index}")
