"""Whatever is in a YAML file: settings or a UserError of single lines, and no path out of the results folder.

EXAMPLES=5000 in the environment tries that many inputs in each test instead of 100.
"""

import os
import string

import pytest
import yaml
from configs import BASE
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from experiment_grid.config import reference
from experiment_grid.config.keys import Config
from experiment_grid.config.parameter_keys import NAMES
from experiment_grid.config.problems import SHOWN
from experiment_grid.config.settings import load
from experiment_grid.runtime.errors import UserError

TOP = sorted(Config.model_fields)
WORDS = [
    "mlp",
    "torch.optim.SGD",
    "models/x.py:Y",
    "x.y",
    "x.py:",
    ":",
    "a",
    "b",
    "mnist",
    "digits",
    "auto",
    "cuda",
    "1e-3",
    ".",
    "..",
    "../x",
    "/etc",
    "",
    "{cell}",
    "a\nb",
    "\ud800",
]

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(2**62, 2**70),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(WORDS),
    st.dates(),
    st.binary(max_size=4),
)
keys = st.one_of(st.sampled_from([*TOP, *NAMES, "_target_", "model.x", "name", "grid", "path", "results"]), scalars)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4), st.sets(scalars, max_size=2)
    ),
    max_leaves=12,
)
names = st.one_of(st.text(max_size=12), st.sampled_from(WORDS), st.text(string.ascii_letters + "._-/", max_size=4))
RELAXED = settings(
    max_examples=int(os.environ.get("EXAMPLES", "100")), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def tried(config):
    """The settings, or None if the config is refused as it should be."""
    try:
        return load(config)
    except UserError as error:
        lines = str(error).split("\n")
        assert 0 < len(lines) <= SHOWN + 1
        assert all(line.isprintable() and line for line in lines)
        return None


def stays_in(folder, name):
    """Whether `name` is a direct child of the folder, not the folder itself or anything outside."""
    return os.path.normpath(f"{folder}/{name}/x") == f"{folder}/{name}/x" and "/" not in name


def changed(path, value):
    """BASE with a value put in at a key path."""
    config = yaml.safe_load(BASE)
    place = config
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return config


@RELAXED
@given(values)
def test_any_document(value):
    tried(value)


@RELAXED
@given(st.sampled_from(TOP), values)
def test_any_value_of_a_key(key, value):
    tried(changed([key], value))


@RELAXED
@example("model", {"\ud7fc": None})  # an option that is not printable is in the name of a grid's cell
@given(st.sampled_from(NAMES), values)
def test_any_value_of_a_parameter(name, value):
    tried(changed(["defaults", name], value))
    tried(changed(["cells", 0, name], value))
    tried(changed(["cells", 0, "grid"], {name: value}))
    tried(changed(["cells", 0, "grid"], {name: [value]}))


@RELAXED
@given(names)
def test_accepted_names_stay_in_the_results_folder(name):
    config = changed(["cells", 0, "name"], name)
    for changes in ({}, {"grid": {"learning_rate": [0.1, 1e-30, 1e3], "hidden": [[], [3, 4]]}}):
        config["cells"][0] |= changes
        settings = tried(config | {"baseline": "b"})
        for cell in settings.cells if settings else ():
            assert stays_in("results/cells", cell)
            assert cell.isascii() and cell.isprintable() and not cell.startswith(("-", "."))


@RELAXED
@given(names)
def test_accepted_data_sets_stay_in_the_results_folder(tmp_path_factory, name):
    settings = tried(changed(["dataset"], {"path": str(tmp_path_factory.getbasetemp()), "name": name}))
    if settings:
        assert stays_in("results/data", settings.dataset.name)


def test_numbers_too_long_to_print():
    for key in ("epochs", "learning_rate", "activation"):
        with pytest.raises(UserError, match=f"defaults.{key}: is too large a number; given: a int"):
            load(changed(["defaults", key], 10**5000))


def test_paths_too_long_for_the_file_system():
    with pytest.raises(UserError, match="reference: is not a file"):
        load(changed(["reference"], "x" * 5000))
    with pytest.raises(UserError, match=r"dataset.path: is not a folder"):
        load(changed(["dataset"], {"path": "x" * 900, "name": "own"}))


def test_aliases_that_loop_or_explode():
    loop = []
    loop.append(loop)
    bomb = ["x"]
    for _ in range(15):
        bomb = [bomb] * 10
    ring = {}
    ring["a"] = ring
    for value in (loop, bomb, ring):
        for path in (["note"], ["defaults", "model"], ["defaults", "seeds"]):
            with pytest.raises(UserError, match="has too many levels or values"):
                load(changed(path, value))


@RELAXED
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_text_as_a_file(tmp_path_factory, text):
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_text(text, "utf-8")
    for read_file in (lambda: load(yaml.safe_load(BASE), [file]), lambda: reference.load(file)):
        try:
            read_file()
        except UserError as error:
            assert all(line.isprintable() for line in str(error).split("\n"))


def test_a_reference_that_loops_or_is_too_long(tmp_path):
    file = tmp_path / "reference.yaml"
    for text in ("title: &x [*x]", "title: &x {<<: *x}", "title: " + "9" * 5000, "title: [" * 5000):
        file.write_text(text, "utf-8")
        with pytest.raises(UserError):
            reference.load(file)


@RELAXED
@given(values)
def test_any_reference(tmp_path_factory, value):
    file = tmp_path_factory.getbasetemp() / "reference.yaml"
    file.write_text(yaml.dump(value), "utf-8")
    try:
        reference.load(file)
    except UserError as error:
        assert all(line.isprintable() for line in str(error).split("\n"))
