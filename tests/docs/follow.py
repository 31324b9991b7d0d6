"""Follows a document as a reader would: creates files, edits lines, runs commands."""

import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from project import ROOT, snakemake

STEP = re.compile(
    r"^(?:A new file `(?P<new>[^`]+)`"
    r"|In `(?P<file>[^`]+)`,\s(?P<where>before|after|instead\sof)\s`(?P<line>[^\n]+)`)"
    r":\n\n```\w+\n(?P<block>.*?)^```$"
    r"|^```sh\n(?P<commands>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass
class Reader:
    """A reader with a copy of the project in `folder`. `ran`: the commands so far, with their output."""

    folder: Path
    ran: dict[str, str]

    def follow(self, document: str, run: bool = True) -> None:
        """Do what the document says, in its order; its commands only with `run`."""
        text = (ROOT / "docs" / document).read_text("utf-8")
        steps = list(STEP.finditer(text))
        assert sum(1 for line in text.splitlines() if line.startswith("```")) == 2 * len(steps), f"{document}: format"
        for step in steps:
            if step["new"]:
                self.create(step["new"], step["block"])
            elif step["file"]:
                self.edit(step["file"], step["where"], step["line"], step["block"])
            elif run:
                for command in step["commands"].splitlines():
                    self.ran[command] = self.run(command)

    def create(self, name: str, content: str) -> None:
        path = self.folder / name
        assert not path.exists(), f"{name} is not new"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")

    def edit(self, name: str, where: str, line: str, block: str) -> None:
        """Put the block before, after or in place of the line, which must occur once."""
        path = self.folder / name
        lines = path.read_text("utf-8").splitlines(keepends=True)
        found = [place for place, other in enumerate(lines) if other.rstrip("\n") == line]
        assert len(found) == 1, f"{name}: {len(found)} lines are {line!r}"
        (place,) = found
        lines[place + (where == "after") : place + (where != "before")] = [block]
        path.write_text("".join(lines), "utf-8")

    def run(self, command: str) -> str:
        """Run a command of the document in this environment instead of a new one."""
        program, *arguments = shlex.split(command)
        own = {".venv/bin/python": [], "snakemake": ["-m", "snakemake"]}
        if program in own:
            command_here = [sys.executable, *own[program], *arguments]
            done = subprocess.run(command_here, cwd=self.folder, capture_output=True, text=True)
        else:
            target, config = arguments
            assert program == "make" and config.startswith("CONFIG="), command
            options = {"run": (), "why": ("--quiet", "all", "--", "why")}[target]
            done = snakemake(self.folder, *options, config=config.removeprefix("CONFIG="))
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr
