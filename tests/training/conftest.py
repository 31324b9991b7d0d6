"""Training as in a job, with one thread; a cell to compare with, and a folder for files of the user's."""

import sys

import pytest
import torch
from trained_cell import OneCell

from experiment_grid.training import targets


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory) -> OneCell:
    """A cell after an uninterrupted training of two epochs. Nothing may change it."""
    cell = OneCell(tmp_path_factory.mktemp("undisturbed"), epochs=2)
    cell.train()
    return cell


@pytest.fixture
def models(tmp_path, monkeypatch):
    """The folder models/ of the working directory; what is imported from it is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(targets, "FOLDERS", set())
    before = {*sys.modules}
    (tmp_path / "models").mkdir()
    yield tmp_path / "models"
    for name in {*sys.modules} - before:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]
