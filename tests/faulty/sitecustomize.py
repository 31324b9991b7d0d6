"""Fault injection into the processes of a run under test: Python imports this file at its start, by PYTHONPATH.

The folder FAULTS holds `faults.json`, a list of [what, path, nth]: when a process is about to give a file its final
name, and that matches the regular expression `path` for the nth time in this process, the fault happens, once:
`kill` (by SIGKILL), `hold` (the process waits until it is killed or `<number>.go` exists; its id is in
`<number>.held`) or `memory` (MemoryError). The first script of every stage is copied to the folder as `<stage>.py`.
"""

import json
import os
import re
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

FOLDER = Path(os.environ["FAULTS"])
SEEN = {}


def strike(what, number):
    """Let the fault happen, unless it has happened in another process."""
    try:
        (FOLDER / f"{number}.struck").touch(exist_ok=False)
    except FileExistsError:
        return
    if what == "memory":
        raise MemoryError("not enough memory for the test's sake")
    if what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    (FOLDER / f"{number}.held").write_text(f"{os.getpid()}\n")
    while not (FOLDER / f"{number}.go").exists():
        time.sleep(0.1)


def watch(event, arguments):
    if event != "os.rename":
        return
    target = os.fspath(arguments[1])
    for number, (what, path, nth) in enumerate(FAULTS):
        if re.search(path, target):
            SEEN[number] = SEEN.get(number, 0) + 1
            if SEEN[number] == nth:
                strike(what, number)


FAULTS = json.loads((FOLDER / "faults.json").read_text())
script = Path(sys.orig_argv[-1])
if script.parent.name == "scripts" and script.is_file():
    with suppress(FileExistsError), (FOLDER / (script.name.split(".")[1] + ".py")).open("xb") as copy:
        copy.write(script.read_bytes())
sys.addaudithook(watch)
