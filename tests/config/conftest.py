"""A working directory with components of the user's."""

import pytest
from own_components import LENET, NAMES


@pytest.fixture
def models(tmp_path, monkeypatch):
    """The folder models/ of the working directory, with files that must not run."""
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "lenet.py").write_text(LENET)
    (folder / "broken.py").write_text("def f(:\n")
    (folder / "names.py").write_text(NAMES)
    (folder / "passing.py").write_text("import torch\nfrom lenet import LeNet\nfrom torch import Tensor\n")
    (folder / "nul.py").write_bytes(b"a\0b")
    (folder / "folder.py").mkdir()
    (folder / "twice.py").write_text("def f(): ...\n\n\ndef f(a): ...\n")
    monkeypatch.chdir(tmp_path)
    return folder
