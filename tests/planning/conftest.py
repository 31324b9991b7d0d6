"""Recipes, and the results of a run with them."""

import pytest
from planned import Recipes, finish, make


@pytest.fixture
def recipes():
    return Recipes()


@pytest.fixture
def results(tmp_path, recipes):
    finish(tmp_path / "results", make(tmp_path / "results", recipes))
    return tmp_path / "results"
