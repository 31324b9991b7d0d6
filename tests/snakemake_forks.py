"""Snakemake's command line in processes forked from one that has imported it, which saves seconds of CPU per call.

`project.snakemake` uses it, unless the environment is to change Python itself. Each worker has one such process.
"""

import atexit
import json
import os
import select
import signal
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory


class Forks:
    """The process that imports Snakemake once, started with `environment`."""

    def __init__(self, environment: dict[str, str]):
        self.environment = environment
        self._said = TemporaryDirectory()
        command = [sys.executable, Path(__file__).with_name("snakemake_forked.py")]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._server = subprocess.Popen(command, text=True, env=environment, **pipes)

    def close(self) -> None:
        """End the process."""
        self._server.communicate()
        self._said.cleanup()

    def snakemake(
        self, folder: Path, arguments: list[str], environment: dict[str, str], timeout: float
    ) -> subprocess.CompletedProcess:
        """Run Snakemake in `folder`; both streams are captured as text. TimeoutExpired after `timeout` seconds."""
        said = [Path(self._said.name) / name for name in ("stdout", "stderr")]
        order = {"folder": str(folder), "arguments": [*map(str, arguments)], "environment": environment}
        order["said"] = [*map(str, said)]
        print(json.dumps(order), file=self._server.stdin, flush=True)
        process = int(self._server.stdout.readline())
        if late := not select.select([self._server.stdout], [], [], timeout)[0]:
            os.kill(process, signal.SIGKILL)
        status = int(self._server.stdout.readline())
        out, err = (path.read_text("utf-8") for path in said)
        if late:
            raise subprocess.TimeoutExpired(["snakemake", *arguments], timeout, out, err)
        return subprocess.CompletedProcess(["snakemake", *arguments], status, out, err)


@cache
def forks() -> Forks:
    """The process of this worker."""
    started = Forks(dict(os.environ))
    atexit.register(started.close)
    return started
