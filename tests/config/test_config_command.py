"""A bad config on the command line: one line, a failing exit code, nothing started and nothing touched."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from project import ROOT, copy_project, snakemake


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return copy_project(tmp_path_factory.mktemp("project"))


def contents(folder):
    """Every file but Snakemake's own and Python's bytecode, with its content."""
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not {".snakemake", "__pycache__"} & set(path.parts)
    }


def test_bad_configs_end_with_a_line_each(project):
    kept = project / "results/cells/wide/run.json"
    kept.parent.mkdir(parents=True)
    kept.write_text("{}")
    (project / "config/bad.yaml").write_text(
        "final: narow\nbaseline: wide\ncells:\n  - name: wide\n  - {name: narrow, epochs: 3}\n"
    )
    before = contents(project)
    done = snakemake(project, config="config/bad.yaml")
    assert done.returncode != 0
    assert "Traceback" not in done.stdout + done.stderr
    problems = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("config/")]
    assert problems == [
        'config/bad.yaml:1: final: is not a configured cell (did you mean narrow?); given: "narow"; '
        "allowed: wide, narrow",
    ]
    assert contents(project) == before


def test_the_command_line_is_named(project):
    done = snakemake(project, "--config", "epocs=3")
    assert done.returncode != 0
    assert "\n--config: epocs: unknown key (did you mean epoch?); given: 3; allowed: title," in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.fixture
def made(project):
    """The project with its Makefile, as after `make setup`."""
    shutil.copy2(ROOT / "Makefile", project)
    for name in ("requirements.txt", "pyproject.toml", ".venv/bin/uv", ".venv/.workflow", ".venv/.package"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).touch()
    for name in ("python", "snakemake"):
        link = project / ".venv/bin" / name
        if not link.exists():
            link.symlink_to(shutil.which(name, path=Path(sys.executable).parent))
    return project


@pytest.mark.parametrize(
    ("target", "config", "line"),
    [
        ("run", "config/nope.yaml", "config/nope.yaml: no such file"),
        ("why", "config", "config: is a folder; allowed: a YAML file, e.g. config/demo.yaml"),
        ("clean", "own.yaml", 'own.yaml:1: can\'t be read as timestamp; given: 2001-13-45; text goes in "..."'),
    ],
)
def test_make_reports_what_is_wrong_with_the_path(made, target, config, line):
    (made / "own.yaml").write_text("title: 2001-13-45")
    done = subprocess.run(["make", target, f"CONFIG={config}"], cwd=made, capture_output=True, text=True, timeout=100)
    assert done.returncode != 0
    said = (done.stdout + done.stderr).splitlines()
    assert [text for text in said if not text.startswith("make")] == [line]


def test_every_make_target_with_a_config_checks_it():
    rules = re.findall(r"^([a-z-]+):(.*)\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    checked = {name for name, needs, _ in rules if " check " in needs}
    assert checked == {name for name, _, recipe in rules if "$(OVERLAY)" in recipe} != set()


def test_config_yaml_that_cannot_be_read_is_reported_in_a_line(tmp_path):
    project = copy_project(tmp_path / "project")
    with (project / "config/config.yaml").open("a") as file:
        file.write("title: 2001-13-45\n")
    done = snakemake(project, config=None)
    assert done.returncode != 0
    assert re.search(r"^config/config.yaml:\d+: can't be read as timestamp; ", done.stderr, re.MULTILINE)
    assert "Traceback" not in done.stdout + done.stderr


def test_the_help_names_the_settings():
    said = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in ("CONFIG=config/demo.yaml", "CORES=", "GPUS=", "PROGRESS=", "PYTHON="):
        assert name in said
