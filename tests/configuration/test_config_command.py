"""A bad config on the command line: one line, a failing exit code, nothing started and nothing touched."""

import pytest
from project import copy_project, snakemake


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
        'config/bad.yaml:1: final: is no configured cell (did you mean narrow?); given: "narow"; allowed: wide, narrow',
    ]
    assert contents(project) == before


def test_the_command_line_is_named(project):
    done = snakemake(project, "--config", "epocs=3")
    assert done.returncode != 0
    assert "\n--config: epocs: unknown key (did you mean epoch?); given: 3; allowed: title," in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
