"""A whole run as a user sees it: live on a terminal, interrupted with Ctrl-C, and in lines when piped."""

import re
import signal
import sys
import time

import pytest
from faults import Run
from project import copy_project, snakemake
from pseudoterminal import Terminal

SLOW = """\
dataset: digits
reference: null
baseline: slow
final: slow
defaults: {hidden: [16], epochs: 100000, batch_size: 64, seeds: [1], device: cpu}
cells: [{name: slow}, {name: broken, hidden: [8]}]
"""
BREAK = """
trained = train
def train(recipe, *paths, **more):
    from experiment_grid.runtime.errors import UserError
    if recipe["settings"]["cell"] == "broken":
        raise UserError("images: none is left")
    trained(recipe, *paths, **more)
"""
COMMAND = [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", "config/small.yaml"]


def test_a_terminal_shows_epochs_failures_and_how_to_continue(tmp_path):
    project = copy_project(tmp_path)
    (project / "config/small.yaml").write_text(SLOW)
    script = project / "workflow/scripts/train.py"
    text = script.read_text()
    main = text.index('if __name__ == "__main__":')
    script.write_text(text[:main] + BREAK + text[main:])

    terminal = Terminal(COMMAND, project)
    terminal.wait_for(r"FAILED train     broken  after")
    terminal.wait_for(r"error: images: none is left")
    terminal.wait_for(r"epoch \d+/100000, seed 1/1 +\d+\.\d\d% +\d:\d\d, [\d:]+ left")
    terminal.wait_for(r"2 of \d+ jobs .*about [\d:]+ left")
    terminal.press(b"\x03")
    terminal.wait_for(r"Interrupted: 2 of \d+ jobs done in .*run the same command to continue")
    assert terminal.end() != 0
    assert "Traceback" not in terminal.seen

    script.write_text(text)
    (project / "config/small.yaml").write_text(SLOW.replace("100000", "2"))
    piped = snakemake(project, "--until", "evaluate")
    assert piped.returncode == 0, piped.stderr
    shown = piped.stderr.splitlines()
    for job in ("train     slow", "train     broken", "evaluate  slow", "evaluate  broken"):
        begun = [line for line in shown if re.match(rf"\d\d:\d\d:\d\d  start  {job}\b", line)]
        ended = [line for line in shown if re.match(rf"\d\d:\d\d:\d\d  done   {job}  [\d.]+ s", line)]
        assert (len(begun), len(ended)) == (1, 1), piped.stderr
        if job.startswith("train"):
            assert "validation accuracy" in ended[0]
    assert any("start  train     broken  (new)" in line for line in shown)
    assert re.fullmatch(r"4 of 4 jobs done in .*\.", shown[-1]), piped.stderr


@pytest.fixture(scope="module")
def slow(tmp_path_factory):
    """A project whose only cell trains for hours."""
    project = copy_project(tmp_path_factory.mktemp("slow"))
    (project / "config/small.yaml").write_text(SLOW.replace(", {name: broken, hidden: [8]}", ""))
    return project


@pytest.mark.parametrize(
    ("form", "keys", "at_work"),
    [
        ("live", [b"\x03", b"\x03"], r"epoch \d+/100000, seed 1/1"),
        ("live", [b"\x03" * 6], r"epoch \d+/100000, seed 1/1"),
        ("lines", [b"\x03", b"\x03"], r"start  train     slow"),
        ("lines", [b"\x03" * 6], r"start  train     slow"),
    ],
)
def test_more_than_one_ctrl_c_changes_nothing(slow, form, keys, at_work):
    """The first Ctrl-C is acknowledged at once, further ones cause no traceback; the live view shows no ^C.

    Not at the moment of a job's start: Snakemake 9.27 may then close a running event loop and report that.
    """
    before = time.time()
    terminal = Terminal(COMMAND, slow, PROGRESS=form)
    terminal.wait_for(at_work)
    log = slow / "results/logs/train/slow.log"
    while not (log.exists() and log.stat().st_mtime > before):
        assert time.time() < before + 120, "no trainer is running"
        time.sleep(0.05)
    assert terminal.echoes_ctrl_c == (form == "lines")
    for key in keys:
        terminal.press(key)
        terminal.wait_for("Stopping: ")
    assert terminal.end() != 0
    said = terminal.seen[terminal.seen.index("Stopping: ") :]
    assert re.search(r"Interrupted: \d of \d+ jobs done in .*run the same command to continue\.", said)
    assert said.count("Stopping: ") == said.count("Interrupted: ") == 1
    assert not re.search("Traceback|Error|KeyboardInterrupt", said), said
    assert form == "lines" or "^C" not in terminal.seen
    assert terminal.echoes_ctrl_c


@pytest.mark.parametrize("pause", [0, 0.005, 0.02, 0.1])
def test_a_job_that_is_about_to_start_at_ctrl_c_ends_too(slow, pause):
    """Its process starts after the terminal's signal; without another one it would train for hours."""
    terminal = Terminal(COMMAND, slow, PROGRESS="lines")
    terminal.wait_for(r"start  train     slow")
    time.sleep(pause)
    terminal.press(b"\x03")
    assert terminal.end() != 0
    assert re.search(r"Interrupted: \d of \d+ jobs done in .*run the same command to continue\.", terminal.seen)


def test_an_interrupt_of_snakemake_alone_reaches_its_jobs(slow):
    """As from a script or a service manager, without a terminal."""
    with Run(slow) as run:
        run.wait_for("the training", lambda: "start  train     slow" in run.said)
        run.process.send_signal(signal.SIGINT)
        assert run.finish() != 0
    assert "Interrupted: " in run.said
