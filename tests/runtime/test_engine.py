"""The use of Snakemake's internals: when its scheduler looks, and at how many jobs (that it starts all that can: see
tests/slurm); and runs without these internals."""

import json
import re
import shutil
import sys
from types import SimpleNamespace

import pytest
from project import ROOT, planned_jobs, snakemake
from repeated_draws import some_in_ci
from snakemake.cli import get_argument_parser
from snakemake.scheduling.job_scheduler import JobRateLimiter
from snakemake.settings.types import MaxJobsPerTimespan

from experiment_grid.runtime.engine import throttle_scheduler


def scheduler(subsample=None, limiter=None, cores=4, nodes=sys.maxsize):
    resources = {"_cores": cores, "_nodes": nodes}
    return SimpleNamespace(subsample=subsample, job_rate_limiter=limiter, global_resources=resources)


@pytest.mark.parametrize(("limit", "stays"), [(None, False), ("50/1s", True), ("100/1m", True)])
def test_the_default_limit_goes_and_another_stays(limit, stays):
    default = get_argument_parser().get_default("max_jobs_per_timespan")
    limited = scheduler(limiter=JobRateLimiter(MaxJobsPerTimespan.parse_choice(limit or default)))
    throttle_scheduler(limited)
    assert (limited.job_rate_limiter is not None) == stays


@pytest.mark.parametrize(
    ("room", "looks_at"),
    [({"cores": 4}, 50), ({"cores": 96}, 96), ({"cores": sys.maxsize, "nodes": 200}, 200), ({"subsample": 7}, 7)],
)
def test_it_looks_at_as_many_jobs_as_could_start(room, looks_at):
    roomy = scheduler(**room)
    throttle_scheduler(roomy)
    assert (roomy.subsample, roomy.job_rate_limiter) == (looks_at, None)


def test_without_a_scheduler_nothing_happens():
    throttle_scheduler(None)


ENGINE = "workflow/scripts/experiment_grid/runtime/engine.py"
OBJECTS = r"workflow|manager|scheduler|limiter|settings|GroupJob|dag|job|given|getattr\(rules, name\)"
SOURCE = (ROOT / ENGINE).read_text("utf-8")
IMPORTS = sorted({*re.findall(r"from (snakemake\.[\w.]+) import", SOURCE)})
INTERNALS = [*sorted({*re.findall(rf"\b(?:{OBJECTS})\.(\w+)", SOURCE)} - {"enums"}), *IMPORTS]
DOCUMENTED = {"snakemake.utils", "snakemake_interface_logger_plugins.common"}
TYPES = r"(?m:^if TYPE_CHECKING:\n(?:    .*\n|\n)+)"  # what only a type checker imports
OUTPUT = {"logger_manager", "settings", "main_snakefile", "logger"}  # without these the output is Snakemake's own


def rename(project, names: list[str]) -> None:
    """Rename them, as if another version of Snakemake had other names."""
    path = project / ENGINE
    text = path.read_text("utf-8")
    for name in names:
        before = "from " if name in IMPORTS else "."
        text = re.sub(rf"{re.escape(before + name)}\b", f"{before}{name}_of_old", text)
    path.write_text(text, "utf-8")


def run_with_what_is_left(project) -> str:
    (project / "results/report.html").unlink()
    done = snakemake(project)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert (project / "results/report.html").is_file()
    assert planned_jobs(project) == []
    why = snakemake(project, "--quiet", "all", "--", "why")
    assert "Nothing to do: all 4 cells are kept" in why.stdout
    return done.stderr


def test_nothing_undocumented_is_used_anywhere_else():
    scripts = [path for path in (ROOT / "workflow").rglob("*") if path.suffix in (".py", ".smk")]
    for path in [ROOT / "Snakefile", *scripts]:
        code = "" if path == ROOT / ENGINE else re.sub(rf"{TYPES}|#.*|`[^`]*`", "", path.read_text("utf-8"))
        assert not re.findall(r"(?<![\w/.-])workflow\.\w+", code), path
        rules = re.findall(r"\brules\.\w+\.(\w+)|getattr\(rules, \w+\)\.(\w+)", code)
        assert {name for names in rules for name in names if name} <= {"output"}, path
        assert {*re.findall(r"^ *(?:from|import) (snakemake[\w.]*)", code, re.M)} <= DOCUMENTED, path


def test_a_run_without_any_internals(project):
    assert len(INTERNALS) > 15
    rename(project, INTERNALS)
    said = run_with_what_is_left(project)
    assert "rule report:" in said and "2 of 3 steps" in said


@pytest.mark.slow
@pytest.mark.parametrize("name", some_in_ci(INTERNALS))
def test_a_run_without_one_of_them(project, name):
    rename(project, [name])
    said = run_with_what_is_left(project)
    if name in OUTPUT:
        assert "rule report:" in said, said
    else:
        assert "start  report" in said or "rule report:" in said


HOST = """
import logging
import signal
import sys

from snakemake.jobs import GroupJob
from snakemake.logging import logger

def state():
    handlers = [handler.name for handler in logger.handlers]
    patched = GroupJob.log_error, hasattr(GroupJob, "rule")
    found = [place for place in sys.path if place.endswith("workflow/scripts")]
    return signal.getsignal(signal.SIGINT), logging.raiseExceptions, handlers, patched, found

before = state()


rule download:
    output:
        "fetched.txt",
    shell:
        "touch {output}"


{module}

assert state() == before, (before, state())
assert not {"download", "record", "clean"} & workflow._localrules, workflow._localrules
assert {"experiments_download", "experiments_record", "experiments_prune"} <= workflow._localrules


onstart:
    assert workflow.scheduler.subsample is None and workflow.scheduler.job_rate_limiter is not None
    print("the host's own hook")
"""


@pytest.fixture
def host(project):
    """A project that uses this one as a module, as docs/module.md says."""
    document = (ROOT / "docs/module.md").read_text("utf-8")
    module = re.search(r"```python\n(.*?)```", document, re.DOTALL)[1].replace(
        "experiment-grid/Snakefile", "inner/Snakefile"
    )
    experiments = re.findall(r"```yaml\n(.*?)```", document, re.DOTALL)[0]
    (project / "inner").mkdir()
    for name in ("Snakefile", "workflow"):
        shutil.move(project / name, project / "inner" / name)
    (project / "Snakefile").write_text(HOST.replace("{module}", module), "utf-8")
    (project / "experiments.yaml").write_text(experiments, "utf-8")
    return project


def test_a_workflow_that_uses_this_one_as_a_module_is_not_changed(host):
    target = "results/experiments/data/digits/prepared.safetensors"
    done = snakemake(host, "--", target, "fetched.txt", config=None)
    assert done.returncode == 0, done.stderr
    assert "the host's own hook" in done.stdout + done.stderr
    assert "rule experiments_prepare:" in done.stderr
    assert "localrules directive" not in done.stderr
    # Its rules are forced by the names that they have in the module.
    done = snakemake(host, "--forcerun", "experiments_prepare", "--", target, config=None)
    assert done.returncode == 0, done.stderr
    record = json.loads((host / target).with_name("prepare.json").read_text("utf-8"))
    assert record["why"] == ["forced"]
    done = snakemake(host, "--quiet", "all", "--", "experiments_why", config=None)
    assert "2 cells: 2 to train" in done.stdout, done.stderr
