"""Code that changes during a run, as when another branch is checked out: no result of it is kept."""

import subprocess
import sys
import time

import pytest
from faults import Faults, Run, trained
from project import CELLS, copy_project, planned_jobs, snakemake

from experiment_grid.runtime.imported_code import PREAMBLE_END
from experiment_grid.source_code.fingerprint import SCRIPTS, fingerprint

RIGHT, WRONG = 'lr=group["lr"]', "lr=1e-9"
OPTIMIZER = "workflow/scripts/experiment_grid/training/optimizers/sgd.py"


def test_cells_of_changed_code_are_not_kept_and_the_first_is(finished, tmp_path):
    project = copy_project(tmp_path / "project")
    faults = Faults(tmp_path / "faults", ("hold", r"partial/.*seed1\.epoch1", 1))
    optimizer = project / OPTIMIZER
    source = optimizer.read_text("utf-8")
    with Run(project, "--cores", "1", PROGRESS="lines", **faults.environment) as run:
        run.wait_for("a training", faults.held)
        optimizer.write_text(source.replace(RIGHT, WRONG), "utf-8")  # after the import, where it has no effect
        faults.release()
        assert run.finish() == 1
        said = run.said
    assert f"{optimizer}: changed since the run was planned" in said
    kept = [cell for cell in CELLS if (project / f"results/cells/{cell}/run.json").exists()]
    assert len(kept) == 1
    optimizer.write_text(source, "utf-8")
    jobs = planned_jobs(project)
    assert {f"train {cell}" for cell in CELLS} - {*jobs} == {f"train {kept[0]}"}
    done = snakemake(project)
    assert done.returncode == 0, done.stdout + done.stderr
    for cell in CELLS:
        assert trained(project / "results", cell) == trained(finished / "results", cell)


def test_a_page_of_another_style_is_not_kept(project, tmp_path):
    """What a stage reads beside its code is compared when it opens it."""
    faults = Faults(tmp_path / "faults", ("hold", r"comparison\.csv", 1))
    (project / "results/comparison.csv").unlink()
    with Run(project, PROGRESS="lines", **faults.environment) as run:
        run.wait_for("compare", faults.held)
        with (project / "workflow/scripts/experiment_grid/report/style/1-base.css").open("a") as file:
            file.write("body { background: red; }\n")
        faults.release()
        assert run.finish() == 1
        assert "1-base.css: changed since the run was planned" in run.said


# Bytecode that Python accepts for a source of the same size and time, as an archive or rsync can leave it.
STALE = """import os, py_compile; file = Path(early.__file__).with_name('late.py'); good = file.read_text()
    time = file.stat().st_mtime; file.write_text('VALUE = 2'); os.utime(file, (time, time)); py_compile.compile(file)
    file.write_text(good); os.utime(file, (time, time))"""
SCRIPT = """\
import sys
from pathlib import Path
sys.path[:0] = [{scripts!r}, {folder!r}]
import early
from experiment_grid.runtime.errors import UserError
from experiment_grid.runtime.imported_code import check_against_recipe
from experiment_grid.runtime.imported_code import PREAMBLE_END
from experiment_grid.source_code.fingerprint import fingerprint
code = {code!r}
try:
    {before}
    check_against_recipe("job", code, Path({folder!r}))
    {after}
    import late
    print("kept", late.VALUE)
except UserError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("pass", "pass", "kept 1"),
        ("Path(early.__file__).write_text('VALUE = 2')", "pass", "early.py: changed since the run was planned"),
        ("Path(early.__file__).write_text('VALUE = 1')", "pass", "early.py: was written while this job started"),
        ("pass", "Path(early.__file__).write_text('VALUE = 2')", "kept 1"),
        ("pass", "Path(early.__file__).with_name('late.py').write_text('VALUE = 2')", "late.py: changed since"),
        ("pass", STALE, "late.py: has a compiled form of other code"),
    ],
)
def test_when_a_module_is_edited(tmp_path, before, after, message):
    for name in ("early", "late"):
        (tmp_path / f"{name}.py").write_text("VALUE = 1")
    (tmp_path / "job.py").write_text("import early\nimport late\n")
    code = fingerprint("job", tmp_path)
    time.sleep(0.05)  # files have coarser clocks than processes
    script = SCRIPT.format(scripts=str(SCRIPTS), folder=str(tmp_path), code=code, before=before, after=after)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path)
    assert message in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("line", "message"), [("", "kept"), ("EDITED = 1", "job.py: changed since the run was planned")]
)
def test_an_edit_of_the_script_that_snakemake_copied(tmp_path, line, message):
    """The script is compared too, though it is not an imported module."""
    source = f"""\
{line}
import sys
sys.path.insert(0, {str(SCRIPTS)!r})
from experiment_grid.runtime.errors import UserError
from experiment_grid.runtime.imported_code import PREAMBLE_END, check_against_recipe
try:
    check_against_recipe("job", {{"job": sys.argv[1]}})
    print("kept")
except UserError as error:
    print(error)
"""
    (tmp_path / "job.py").write_text(source.removeprefix(line))
    code = fingerprint("job", tmp_path)
    (tmp_path / "tmp.job.py").write_text(f"{PREAMBLE_END.decode()}{source}")
    command = [sys.executable, "tmp.job.py", code["job"]]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert message in done.stdout, done.stdout + done.stderr
