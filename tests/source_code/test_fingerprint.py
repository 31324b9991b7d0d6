"""Fingerprints of code: the same meaning has the same checksum, another meaning another one."""

from pathlib import Path

import pytest

from experiment_grid.planning.stages import STAGES
from experiment_grid.source_code import fingerprint as module
from experiment_grid.source_code.fingerprint import SCRIPTS, fingerprint, folder_fingerprint

LAYER = '''"""Doc."""


def width(n):
    """How wide."""
    # a comment
    return n + 1
'''


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    (tmp_path / "model/__init__.py").write_text("")
    (tmp_path / "model/layer.py").write_text(LAYER)
    (tmp_path / "model/net.py").write_text("from . import layer\n\nw = layer.width(3)\n")
    (tmp_path / "other.py").write_text("x = 1\n")
    (tmp_path / "run.py").write_text("import json\n\n\ndef main():\n    from model.net import w\n    return w\n")
    return tmp_path


def test_follows_imports_inside_functions_and_relative_ones(scripts):
    assert set(fingerprint("run", scripts)) == {"run", "model", "model.net", "model.layer"}


@pytest.mark.parametrize(
    "text",
    [
        LAYER.replace("# a comment", "# another, longer comment"),
        LAYER.replace("How wide.", "The width that follows n."),
        LAYER.replace('"""Doc."""', ""),
        LAYER.replace("return n + 1", "return (\n        n\n        + 1\n    )"),
        LAYER.replace("\n\n\n", "\n\n\n\n\n"),
    ],
)
def test_layout_comments_and_docstrings_do_not_count(scripts, tmp_path_factory, text):
    before = fingerprint("run", scripts)
    after = changed(scripts, tmp_path_factory.mktemp("scripts"), text)
    assert before == after


@pytest.mark.parametrize(
    "text",
    [
        LAYER.replace("n + 1", "n + 2"),
        LAYER + '\nname = "doc"\n',
        LAYER.replace("def width(n)", "def width(n=1)"),
    ],
)
def test_a_real_edit_changes_that_module_only(scripts, tmp_path_factory, text):
    before = fingerprint("run", scripts)
    after = changed(scripts, tmp_path_factory.mktemp("scripts"), text)
    assert {name for name in before if before[name] != after[name]} == {"model.layer"}


def test_kept_fingerprints_change_nothing(scripts, tmp_path_factory, monkeypatch):
    monkeypatch.setattr(module, "CACHE", tmp_path_factory.mktemp("cache") / "fingerprints.json")
    clear()
    before = fingerprint("run", scripts)
    module.keep()
    clear()
    monkeypatch.setattr(module.ast, "parse", None)  # nothing is parsed again
    assert fingerprint("run", scripts) == before
    module.CACHE.write_text('{"by": "another", "known": {}}')
    clear()
    monkeypatch.undo()
    assert fingerprint("run", scripts) == before
    clear()


def clear() -> None:
    module._known.cache_clear()
    module._read.cache_clear()


def test_a_string_that_is_no_docstring_counts(tmp_path):
    (tmp_path / "a.py").write_text('def f():\n    x = "one"\n    return x\n')
    (tmp_path / "b.py").write_text('def f():\n    x = "two"\n    return x\n')
    assert fingerprint("a", tmp_path)["a"] != fingerprint("b", tmp_path)["b"]


def test_folder_fingerprint_sees_contents_not_times(tmp_path):
    (tmp_path / "style.css").write_text("a {}")
    (tmp_path / "note.txt").write_text("not asked for")
    before = folder_fingerprint(tmp_path, (".css",))
    (tmp_path / "style.css").touch()
    assert folder_fingerprint(tmp_path, (".css",)) == before
    (tmp_path / "style.css").write_text("b {}")
    assert folder_fingerprint(tmp_path, (".css",)) != before


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_has_code_without_planning_and_runtime(stage):
    code = fingerprint(stage)
    assert stage in code
    assert "experiment_grid" in code
    assert not [name for name in code if name.startswith(("experiment_grid.runtime", "experiment_grid.planning.plan"))]
    assert (SCRIPTS / f"{stage}.py").is_file()


def test_stages_do_not_share_by_accident():
    """An edit of the trainer must not redraw what does not train, and an edit of the page must not retrain."""
    assert not packages("train") & {"report", "analysis", "error_analysis", "evaluation"}
    assert not packages("report") & {"training", "analysis", "error_analysis", "evaluation"}
    assert not packages("compare") & {"report", "error_analysis", "training"}


def packages(stage: str) -> set[str]:
    """The packages of the project in which a stage's code is."""
    found = {name.split(".")[1] for name in fingerprint(stage) if name.startswith("experiment_grid.")}
    assert len(found) > 1
    return found


def changed(scripts: Path, copy: Path, text: str) -> dict[str, str]:
    for path in scripts.rglob("*.py"):
        target = copy / path.relative_to(scripts)
        target.parent.mkdir(exist_ok=True)
        target.write_text(text if path.name == "layer.py" else path.read_text())
    return fingerprint("run", copy)
