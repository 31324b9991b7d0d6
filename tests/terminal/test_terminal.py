"""A whole run as a person sees it: live on a terminal, interrupted with Ctrl-C, and in lines when piped."""

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

from project import copy_project, snakemake

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
    from frame.errors import UserError
    if recipe["settings"]["cell"] == "broken":
        raise UserError("images: none is left")
    trained(recipe, *paths, **more)
"""


class Terminal:
    """A terminal of 100 by 30 signs with a program in it; `seen` is all that it got to show."""

    def __init__(self, command: list[str], folder: Path):
        self._master, terminal = pty.openpty()
        size = {"COLUMNS": "100", "LINES": "30", "TERM": "xterm"}
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | size,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
            preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),  # makes it the controlling terminal
        )
        os.close(terminal)
        self.seen = ""

    def wait_for(self, pattern: str, seconds: float = 120) -> None:
        """Read until the pattern was shown."""
        end = time.monotonic() + seconds
        while not re.search(pattern, self.seen):
            assert time.monotonic() < end and self.read(), f"{pattern} not in\n{self.seen}"

    def read(self) -> bool:
        """Take what is there; False when the program is gone."""
        if not select.select([self._master], [], [], 1)[0]:
            return self.process.poll() is None
        try:
            new = os.read(self._master, 65536)
        except OSError:
            return False
        self.seen += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", new.decode(errors="replace"))
        return bool(new)

    def press(self, keys: bytes) -> None:
        os.write(self._master, keys)


def test_a_terminal_shows_epochs_failures_and_how_to_go_on(tmp_path):
    project = copy_project(tmp_path)
    (project / "config/small.yaml").write_text(SLOW)
    script = project / "workflow/scripts/train.py"
    text = script.read_text()
    main = text.index('if __name__ == "__main__":')
    script.write_text(text[:main] + BREAK + text[main:])

    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", "config/small.yaml"]
    terminal = Terminal(command, project)
    terminal.wait_for(r"FAILED train     broken  after")
    terminal.wait_for(r"error: images: none is left")
    terminal.wait_for(r"epoch \d+/100000, seed 1/1 +\d+\.\d\d%")
    terminal.wait_for(r"2 of \d+ jobs .*about [\d:]+ left")
    terminal.press(b"\x03")
    terminal.wait_for(r"Interrupted: 2 of \d+ jobs done in .*the same command goes on")
    while terminal.read():
        pass
    assert terminal.process.wait(60) != 0
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
