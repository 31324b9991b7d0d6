"""What Snakemake itself finds wrong reaches the terminal, in every form of the progress."""

import pytest
from project import command_of, copy_project, snakemake
from pseudoterminal import Terminal

WRONG = ("evaluate", "priority: len(CELLS) + 1", 'priority: "high"')
REASON = "Priority value has to be an integer, float, or a callable."


@pytest.fixture
def broken(tmp_path):
    """A project with an error in a rule, which Snakemake reports before any job as it does errors of jobs."""
    rule, right, wrong = WRONG
    path = copy_project(tmp_path / "project") / f"workflow/rules/{rule}.smk"
    text = path.read_text("utf-8")
    assert right in text
    path.write_text(text.replace(right, wrong), "utf-8")
    return tmp_path / "project"


@pytest.mark.parametrize("form", ["lines", "snakemake"])
def test_an_error_in_a_rule_is_told(broken, form):
    done = snakemake(broken, PROGRESS=form)
    assert done.returncode == 1
    assert REASON in done.stderr and "evaluate.smk" in done.stderr


def test_an_error_in_a_rule_is_told_on_a_terminal(broken):
    terminal = Terminal(command_of(), broken)
    terminal.wait_for(REASON)
    terminal.end()


def test_a_failed_script_is_told_once_by_its_log(tmp_path):
    """Snakemake says of it, too, that a command returned a status."""
    script = copy_project(tmp_path / "project") / "workflow/scripts/prepare.py"
    script.write_text(script.read_text("utf-8") + '    raise ValueError("boom")\n', "utf-8")
    done = snakemake(tmp_path / "project", PROGRESS="lines")
    assert done.returncode == 1 and done.stderr.count("ValueError: boom") == 1
    assert "CalledProcessError" not in done.stderr
