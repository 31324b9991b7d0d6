"""Spaces, quotes and other characters: in the path of the project or of the results, and in arguments of `make`."""

import os
import shutil
import subprocess
import venv
from pathlib import Path

import pytest
from project import ROOT, copy_project, environment_of, snakemake

from experiment_grid.config import results_path
from experiment_grid.runtime.errors import UserError
from experiment_grid.runtime.package import check_paths

ODD = 'o\'dd "1" $é; 日'
PRINT_CALL = '#!/bin/sh\nfor word in "$@"; do echo "<$word>"; done\necho "<$NAME> <$YES> <$XDG_CACHE_HOME>"\n'


@pytest.mark.slow
def test_a_project_and_its_results_in_paths_that_a_shell_would_misread(tmp_path):
    project = copy_project(tmp_path / ODD)
    config = project / "config/small.yaml"
    text = config.read_text("utf-8").replace("{results: results}", f"\n  results: >-\n    {ODD.replace('$', '')}")
    config.write_text(text[: text.index("  - name: narrow")], "utf-8")
    done = snakemake(project)
    assert done.returncode == 0, done.stderr
    assert (project / ODD.replace("$", "") / "report.html").is_file()
    assert "Nothing to be done" in snakemake(project, "--dry-run").stdout


@pytest.mark.parametrize("results", ["~/mine", "~", "$HOME/x", "s3://bucket/x", "https://x/y", "a{b}", "a<b>", "", " "])
def test_results_that_snakemake_would_put_elsewhere_are_refused(tmp_path, results):
    config = tmp_path / "mine.yaml"
    config.write_text(f"title: x\npathvars: {{results: '{results}'}}\n", "utf-8")
    with pytest.raises(UserError, match=r"mine.yaml:2: pathvars.results: .*; given: .*; allowed: a path") as error:
        results_path.check(results, [config])
    assert len(str(error.value).splitlines()) == 1


def test_an_unknown_path_variable_is_one_line(tmp_path):
    project = copy_project(tmp_path / "project")
    config = project / "config/small.yaml"
    config.write_text(config.read_text("utf-8").replace("{results: results}", "{results: results/<mine>}"), "utf-8")
    done = snakemake(project, "--dry-run")
    assert done.returncode and "pathvars.results: has <, which Snakemake takes for a path variable" in done.stderr
    assert "Exception" not in done.stderr


@pytest.mark.parametrize("results", ["results", "a b/c", "/mnt/x~1", "été", "it's"])
def test_results_in_any_other_place(results):
    results_path.check(results, [])


@pytest.mark.parametrize("name", ["a b", "a'b", 'a"b', "a$b", "a;b", "a&b", "a(b)", "{a}", "a*b"])
def test_an_environment_that_snakemake_could_not_start_is_refused(name):
    with pytest.raises(UserError, match="move the project"):
        check_paths(Path("/home/me") / name, Path("/home/me") / name / ".venv/bin/python")
    with pytest.raises(UserError, match="move the environment"):
        check_paths(Path("/home/me/project"), Path("/home/me") / name / "bin/python")
    if "{" not in name:
        check_paths(Path("/home/me") / name, Path("/usr/bin/python3.11"))


@pytest.mark.parametrize("name", ["project", "é日-1.0_x~", "a+b@c,d=e:f%"])
def test_other_places_are_fine(name):
    check_paths(Path("/home/me") / name, Path("/home/me") / name / ".venv/bin/python")


def make(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["make", *arguments], cwd=folder, env=environment_of(**environment), capture_output=True, text=True
    )


@pytest.fixture
def printing(tmp_path) -> Path:
    """A project whose programs print how they were called."""
    folder = tmp_path / "project"
    for name in ("requirements.txt", "pyproject.toml", ".venv/bin/uv", ".venv/.workflow", ".venv/.package"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    shutil.copy(ROOT / "Makefile", folder)
    for name in ("python", "snakemake"):
        (folder / ".venv/bin" / name).write_text(PRINT_CALL, "utf-8")
        (folder / ".venv/bin" / name).chmod(0o755)
    return folder


@pytest.mark.parametrize(
    "value",
    ["my file.yaml", "a;touch hacked", "it's", 'a"b', "$(touch hacked)", "$(shell touch hacked)", "`touch hacked`"],
)
def test_an_argument_of_make_is_one_word(printing, value):
    done = make(printing, "run", f"CONFIG={value}", "CORES=1;2", "GPUS=$x", HOME=str(printing))
    assert done.returncode == 0, done.stderr
    assert f"<--configfile>\n<{value}>\n" in done.stdout
    assert "<--cores>\n<1;2>\n<--resources>\n<gpu=$x>\n" in done.stdout
    done = make(printing, "cell", f"NAME={value}")
    assert done.stdout.splitlines()[-1].startswith(f"<{value}> ")
    assert make(printing, "cell", NAME=value).stdout == done.stdout
    assert f"<> <{value}> " in make(printing, "clean", f"YES={value}").stdout
    assert not (printing / "x").exists() and not (printing / "hacked").exists()


@pytest.mark.parametrize(("home", "cache"), [("{}/home", ""), ("/dev/null", "{}/.snakemake/cache")])
def test_a_home_that_cannot_be_written_is_no_obstacle(printing, home, cache):
    """Snakemake would end in a traceback before it reads the Snakefile."""
    os.environ.pop("XDG_CACHE_HOME", None)
    done = make(printing, "run", HOME=home.format(printing))
    assert done.returncode == 0 and done.stdout.splitlines()[-1].endswith(f"<{cache.format(printing)}>")


def set_up(project: Path) -> None:
    """Copy what is looked at before anything is installed."""
    (project / "workflow").mkdir(parents=True)
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, project)
    shutil.copytree(ROOT / "workflow/scripts", project / "workflow/scripts")


def test_the_setup_refuses_a_path_with_spaces(tmp_path):
    """It does so before anything is installed, not at the first job."""
    project = tmp_path / "my project"
    set_up(project)
    done = make(project, "setup")
    assert done.returncode != 0 and not (project / ".venv").exists()
    assert f"{project}/.venv/bin/python: Snakemake starts jobs only with a Python whose path has no " in done.stderr


def test_the_setup_refuses_the_environment_of_a_moved_project(tmp_path):
    project = tmp_path / "project"
    set_up(project)
    venv.create(project / ".venv", symlinks=True)
    for name in ("bin/uv", ".workflow", ".package"):
        (project / ".venv" / name).touch()
    assert make(project, "setup").returncode == 0
    (project / ".venv/pyvenv.cfg").write_text(f"command = /usr/bin/python3 -m venv {project}/.venv\n", "utf-8")
    assert make(project, "setup").returncode == 0
    done = make(project.rename(tmp_path / "moved"), "setup")
    assert done.returncode != 0 and f".venv: was made at {project}/.venv, and can't be moved; remove it" in done.stderr
    done = make((tmp_path / "moved").rename(tmp_path / "my project"), "setup")
    assert done.returncode != 0 and "Snakemake starts jobs only with a Python whose path has no spaces" in done.stderr


def test_make_uses_another_environment(printing):
    (printing / ".venv").rename(printing / "elsewhere")
    done = make(printing, "run", f"VENV={printing}/elsewhere")
    assert done.returncode == 0 and "<--cores>" in done.stdout
    done = make(printing, "run", "VENV=/a b")
    assert done.returncode != 0 and "VENV: make and Snakemake need a path without spaces; given: /a b" in done.stderr
