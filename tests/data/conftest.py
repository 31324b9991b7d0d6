"""Downloads of the tests come from this machine."""

import pytest


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def folder(tmp_path):
    """Where a download puts its files."""
    return tmp_path / "results/data/mnist"
