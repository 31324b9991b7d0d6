"""Schemas, config files, their comments and the generated README say the same."""

import json
import re

import jsonschema
import pytest
import yaml
from configs import ROOT

from experiment_grid.config.describe import describe
from experiment_grid.config.parameters import NAMES, Parameters
from experiment_grid.config.schema import SCHEMAS, problems, read, resolve
from experiment_grid.config.settings import load
from experiment_grid.data.datasets import DATASETS

CONFIG = ROOT / "config"


def test_readme_is_made_from_the_schema():
    again = "PYTHONPATH=workflow/scripts python -m experiment_grid.config.describe"
    assert (CONFIG / "README.md").read_text("utf-8") == describe(), f"make it again: {again}"


def test_readmes_grid_example_gives_the_cells_that_it_names(monkeypatch):
    monkeypatch.chdir(ROOT)
    text = (CONFIG / "README.md").read_text("utf-8")
    example = yaml.safe_load(re.search(r"```yaml\n(.*?)```\n", text, re.DOTALL).group(1))
    config = yaml.safe_load((CONFIG / "config.yaml").read_text("utf-8")) | example
    names = re.findall(r"`(wide-lr\S+)`", text)
    assert list(load(config | {"baseline": names[0], "final": names[0]}).cells) == names


@pytest.mark.parametrize("schema", [path.name for path in SCHEMAS.glob("*.json")])
def test_schemas_are_schemas_with_closed_objects(schema):
    jsonschema.Draft7Validator.check_schema(read(schema))
    open_objects = [
        path
        for path, part in walk(read(schema))
        if part.get("type") == "object" and not {"additionalProperties", "propertyNames"} & set(part)
    ]
    assert open_objects == []


@pytest.mark.parametrize("schema", [path.name for path in SCHEMAS.glob("*.json")])
def test_patterns_mean_the_same_in_editors(schema):
    """\\Z and (?P<…>) are Python's alone."""
    patterns = [part["pattern"] for _, part in walk(read(schema)) if isinstance(part.get("pattern"), str)]
    assert patterns
    assert not [pattern for pattern in patterns if re.search(r"\\[AZ]|\(\?P", pattern)]


def test_every_key_has_a_description():
    root = read("config.schema.json")
    cell = {name: resolve(part, root) for name, part in root["definitions"]["cell"]["properties"].items()}
    parts = root["properties"] | cell
    assert [key for key, part in parts.items() if len(part.get("description", "")) < 8] == []


def test_parameters_of_schema_and_program_are_the_same():
    root = read("config.schema.json")
    assert list(root["properties"]["defaults"]["properties"]) == list(NAMES)
    assert list(root["definitions"]["grid"]["properties"]) == list(NAMES)
    assert list(root["definitions"]["cell"]["properties"]) == ["name", "note", *NAMES, "grid"]
    assert set(Parameters.__dataclass_fields__) == set(NAMES)


def test_data_sets_of_schema_and_program_are_the_same():
    assert set(read("config.schema.json")["definitions"]["dataset"]["enum"]) == set(DATASETS)


def test_every_key_of_the_config_has_a_comment_above_it():
    lines = (CONFIG / "config.yaml").read_text("utf-8").splitlines()
    keys = {**yaml.safe_load("\n".join(lines))}
    for key in [*keys, *(f"  {name}" for name in keys["defaults"])]:
        at = next(number for number, line in enumerate(lines) if line.startswith(f"{key}:"))
        above = lines[at - 1].strip()
        assert above.startswith("#") or key in ("note", "final"), key  # these share the comment above their neighbour


def test_config_yaml_says_every_key_but_pathvars():
    config = yaml.safe_load((CONFIG / "config.yaml").read_text("utf-8"))
    assert set(read("config.schema.json")["properties"]) - set(config) == {"pathvars"}


@pytest.mark.parametrize("file", [path.name for path in CONFIG.glob("*.yaml")])
def test_editors_find_the_schema(file):
    first = (CONFIG / file).read_text("utf-8").split("\n", 1)[0]
    schema = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first).group(1)
    document = yaml.safe_load((CONFIG / file).read_text("utf-8"))
    as_editors_read_it(schema).validate(document)


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
    ],
    ids=str,
)
def test_editors_refuse_what_a_run_refuses(wrong):
    """The program reads the schema with its `allOf` written out: it means the same."""
    assert list(
        as_editors_read_it("../workflow/scripts/experiment_grid/config/schemas/config.schema.json").iter_errors(wrong)
    )
    assert problems(wrong, "config.schema.json")


def as_editors_read_it(schema):
    """A validator by the schema's file itself; `schema` is its path from config/."""
    return jsonschema.Draft7Validator(json.loads((CONFIG / schema).read_text("utf-8")))


def walk(part, path=""):
    """Every object of a schema with its path."""
    if isinstance(part, dict):
        yield path, part
        for key, inner in part.items():
            yield from walk(inner, f"{path}/{key}")
    elif isinstance(part, list):
        for index, inner in enumerate(part):
            yield from walk(inner, f"{path}/{index}")
