"""Errors that Snakemake itself finds reach the terminal, in every form of the progress."""

import shutil
from pathlib import Path

import pytest
from project import command_of, copy_project, snakemake
from pseudoterminal import Terminal

AGAIN = """

rule train_again:
    output:
        "<results>/cells/{cell}/history.csv",
    shell:
        "touch {output}"
"""
# A change of a rule: its file, the text, its replacement; and what the output must then contain.
BROKEN = {
    "other wildcards in an output": (
        "evaluate",
        ('confusion="<results>/cells/{cell}/confusion.npz"', 'confusion="<results>/confusion.npz"'),
        "Not all output, log and benchmark files of rule evaluate contain the same wildcards",
    ),
    "a missing input": ("evaluate", ("    input:\n", '    input:\n        "nowhere.csv",\n'), "nowhere.csv"),
    "a cycle": (
        "train",
        ("    input:\n", '    input:\n        "<results>/cells/{cell}/evaluation.csv",\n'),
        "Cyclic dependency on rule",
    ),
    "two rules for one file": ("train", ('"../scripts/train.py"\n', f'"../scripts/train.py"\n{AGAIN}'), "ambiguous"),
    "a lambda of an input": (
        "evaluate",
        ("    input:\n", "    input:\n        lambda wildcards: [][1],\n"),
        "IndexError: list index out of range",
    ),
    "a lambda of a resource, in the middle of a run": (
        "prepare",
        ("threads: 1", "threads: 1\n    resources:\n        gpu=lambda wildcards: wildcards.nothing"),
        "'Wildcards' object has no attribute 'nothing'",
    ),
    "a wrong resource": ("train", ("**ASKED", "**(ASKED | {'gpu': [1]})"), "value [1]"),
    "threads in words": ("prepare", ("threads: 1", 'threads: "many"'), 'Resource("_cores", "many")'),
    "a priority that is text": ("evaluate", ("len(CELLS) + 1", '"high"'), "Priority value has to be an integer"),
    "a script that is not there": ("prepare", ("prepare.py", "prepared.py"), "scripts/prepared.py"),
    "an unknown keyword": ("prepare", ("threads: 1", "thread: 1"), "Unexpected keyword thread"),
    "a missing colon": ("prepare", ("threads: 1", "threads 1"), "Colon expected after keyword threads"),
}
ENGINE = "site-packages/snakemake/"  # of a traceback through Snakemake's own files


def break_rule(finished: Path, project: Path, rule: str, change: tuple[str, str]) -> None:
    """Make a project with an error in a rule, without results, but with the cached fingerprints of its code."""
    (copy_project(project) / ".snakemake").mkdir()
    for known in (finished / ".snakemake").glob("*.json"):
        shutil.copy(known, project / ".snakemake")
    path = project / f"workflow/rules/{rule}.smk"
    text = path.read_text("utf-8")
    assert change[0] in text
    path.write_text(text.replace(*change), "utf-8")


@pytest.mark.parametrize(
    "form", ["lines", *(pytest.param(form, marks=pytest.mark.slow) for form in ("live", "snakemake"))]
)
@pytest.mark.parametrize("case", BROKEN)
def test_an_error_in_a_rule_is_reported(finished, tmp_path, form, case):
    rule, change, reason = BROKEN[case]
    break_rule(finished, tmp_path / "project", rule, change)
    done = snakemake(tmp_path / "project", PROGRESS=form)
    assert done.returncode == 1
    assert reason in done.stderr
    if form != "snakemake":
        assert ENGINE not in done.stderr
        assert done.stderr.count(reason) == 1 or "ambiguous" in reason
    if "in the middle" in case and form != "snakemake":
        last = done.stderr.splitlines()[-1]
        assert "1 of 16 jobs done in" in last and last.endswith("run the same command to continue.")


@pytest.mark.parametrize("case", ["a cycle", "a priority that is text", "a missing input"])
def test_an_error_in_a_rule_is_reported_by_a_quiet_command(finished, tmp_path, case):
    """`make why` and the like are quiet."""
    rule, change, reason = BROKEN[case]
    break_rule(finished, tmp_path / "project", rule, change)
    done = snakemake(tmp_path / "project", "--quiet", "all")
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.count(reason) == 1 and ENGINE not in done.stderr


def test_an_error_in_the_rule_of_a_query_is_reported(finished, tmp_path):
    break_rule(finished, tmp_path / "project", "inspect", ("rule why:\n", "rule why:\n    para: 1\n"))
    done = snakemake(tmp_path / "project", "--quiet", "all", "--", "why")
    assert done.returncode == 1 and "Unexpected keyword para" in done.stderr


def test_a_failed_script_is_reported_by_a_quiet_command(tmp_path):
    script = copy_project(tmp_path / "project") / "workflow/scripts/prepare.py"
    script.write_text(script.read_text("utf-8") + '    raise ValueError("boom")\n', "utf-8")
    done = snakemake(tmp_path / "project", "--quiet", "all")
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.count("ValueError: boom") == 1 and "FAILED prepare" in done.stderr
    assert "jobs done" not in done.stderr and "start" not in done.stderr


def test_a_failed_query_is_reported_once(finished):
    """By its own line, and not again as a failed job."""
    done = snakemake(finished, "--quiet", "all", "--", "clean")
    assert done.returncode == 1 and done.stdout == ""
    (line,) = [line for line in done.stderr.splitlines() if not line.startswith("Using")]
    assert "no terminal to ask on" in line


def test_an_error_in_a_rule_is_reported_on_a_terminal(finished, tmp_path):
    rule, change, reason = BROKEN["a priority that is text"]
    break_rule(finished, tmp_path / "project", rule, change)
    terminal = Terminal(command_of(), tmp_path / "project")
    terminal.wait_for(reason)
    terminal.end()


def test_a_failed_script_is_reported_once_by_its_log(tmp_path):
    """Snakemake would also report that a command returned an exit status."""
    script = copy_project(tmp_path / "project") / "workflow/scripts/prepare.py"
    script.write_text(script.read_text("utf-8") + '    raise ValueError("boom")\n', "utf-8")
    done = snakemake(tmp_path / "project", PROGRESS="lines")
    assert done.returncode == 1 and done.stderr.count("ValueError: boom") == 1
    assert "CalledProcessError" not in done.stderr
