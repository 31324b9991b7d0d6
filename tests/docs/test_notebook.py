"""docs/notebook.ipynb runs from its first cell to its last."""

import os
import sys
from pathlib import Path

import nbclient
import nbformat
import pytest
from project import ROOT


@pytest.fixture
def kernel(tmp_path, monkeypatch) -> str:
    """This Python, with the package of this project, as a kernel."""
    folder = tmp_path / "jupyter/kernels/own"
    folder.mkdir(parents=True)
    command = f'["{sys.executable}", "-m", "ipykernel_launcher", "-f", "{{connection_file}}"]'
    (folder / "kernel.json").write_text(f'{{"argv": {command}, "display_name": "own"}}', "utf-8")
    for name, place in {"JUPYTER_PATH": tmp_path / "jupyter", "IPYTHONDIR": tmp_path / "ipython"}.items():
        monkeypatch.setenv(name, str(place))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("PYTHONPATH", f"{ROOT / 'workflow/scripts'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    return folder.name


def test_the_notebook_runs(finished: Path, kernel, monkeypatch):
    monkeypatch.setenv("RESULTS", str(finished / "results"))
    notebook = nbformat.read(ROOT / "docs/notebook.ipynb", 4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "outputs are not committed"
    nbclient.NotebookClient(notebook, timeout=300, kernel_name=kernel).execute(cwd=str(ROOT / "docs"))
    shown = [output.data for cell in notebook.cells for output in cell.get("outputs", ()) if "data" in output]
    assert sum("image/png" in data for data in shown) == 3
    tables = [data["text/plain"] for data in shown if "text/html" in data]
    assert "test_accuracy_low" in tables[0] and tables[-1].split()[:10] == [str(digit) for digit in range(10)]
