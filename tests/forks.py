"""Snakemake's command line in processes forked from one that has imported it: a second of CPU less for each call."""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from project import ROOT, command_of, environment_of


class Forks:
    """Use as a context; `snakemake` is that of `project`."""

    def __enter__(self) -> Self:
        self._said = TemporaryDirectory()
        command = [sys.executable, ROOT / "tests/forked.py"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._server = subprocess.Popen(command, text=True, env=environment_of(), **pipes)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.communicate()
        self._said.cleanup()

    def snakemake(
        self, folder: Path, *arguments: str, config: str | None = "config/small.yaml", **environment: str
    ) -> subprocess.CompletedProcess:
        """Run Snakemake in `folder`; both streams are captured as text."""
        _, _, _, *command = command_of(*arguments, config=config)
        said = [Path(self._said.name) / name for name in ("stdout", "stderr")]
        order = {"folder": str(folder), "arguments": command, "environment": environment, "said": [*map(str, said)]}
        self._server.stdin.write(json.dumps(order) + "\n")
        self._server.stdin.flush()
        status = int(self._server.stdout.readline())
        return subprocess.CompletedProcess(command, status, *(path.read_text("utf-8") for path in said))
