"""Run one stage's script repeatedly, each time with another fault, in processes forked from one that has imported
everything: that takes a fraction of the seconds that Snakemake needs each time.

    python disturbed.py kill|full|limit SCRIPT [STRIDE]

SCRIPT is the script as Snakemake ran it, the working directory a project whose results are complete. `kill`: by
SIGKILL before the first write, the second, and so on, each from the start and each followed by a run to the end; with
a STRIDE before every STRIDE-th write, and one run to the end. `full`: on file systems with more and more room; `limit`:
with a limit on the size of files. After every fault each output must be absent or right, after the run to the end all
must exist. Prints the counts as JSON.
"""

import json
import os
import re
import resource
import shutil
import signal
import sys
from pathlib import Path

WRITES = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate"}
OWN = {"found", "started", "finished", "peak_memory", "seconds", "train_seconds"}  # differ between runs
KILOBYTES = (0, 2, 8, 32)  # of room left


class Stage:
    """The script, and what it leaves without a fault."""

    def __init__(self, script: Path):
        source = script.read_text("utf-8")
        self._code = compile(source, str(script), "exec")
        preamble = source[: source.index("######## snakemake preamble end")]
        held = {"__file__": str(script)}
        exec(preamble, held)
        self.snakemake = held["snakemake"]
        self.outputs = [Path(path) for path in self.snakemake.output]
        self.log = Path(self.snakemake.log[0])
        self.right = {path: content(path) for path in self.outputs}
        self.left = files()
        self.kilobytes = sum(-(-path.stat().st_size // 4096) * 4 for path in self.outputs)  # by pages
        exec(self._code, {"__name__": "stage", "__file__": __file__})  # its imports
        self.trained = None
        if self.snakemake.rule == "train":
            from experiment_grid.runtime.kept_trainings import FOLDER, name  # the script's folder is on the path by now

            self.trained = Path("results", FOLDER, name(json.loads(Path(self.snakemake.output.run).read_text("utf-8"))))

    def clean(self) -> None:
        """Remove what the stage makes."""
        for path in self.outputs:
            path.unlink(missing_ok=True)
        shutil.rmtree("results/partial", ignore_errors=True)
        if self.trained:  # it would be found again
            shutil.rmtree(self.trained, ignore_errors=True)

    def run(self, prepare=lambda: None) -> int:
        """Run in a new process, after `prepare` in it; returns the status of `os.waitpid`."""
        pid = os.fork()
        if pid == 0:
            try:
                prepare()
                os._exit(self._run())
            finally:
                os._exit(99)
        return os.waitpid(pid, 0)[1]

    def _run(self) -> int:
        try:
            exec(self._code, {"__name__": "__main__", "__file__": __file__})
        except SystemExit as error:
            if isinstance(error.code, str):
                print(error.code, file=sys.stderr)
                return 1
            return error.code or 0
        return 0

    def finish(self) -> None:
        """Run to the end, after which everything must be right."""
        assert self.run() == 0, self.log.read_text("utf-8")
        self.check(complete=True)

    def is_done(self) -> bool:
        """Whether the record has the present checksum, size and time of every output."""
        from experiment_grid.runtime.stage import is_done, read_plan  # the script's folder is on the path by now

        return is_done(read_plan(self.snakemake.input.plan), Path("results"), map(str, self.outputs))

    def check(self, *, complete: bool) -> None:
        """Every output is right or, unless `complete`, absent; no record without its files."""
        present = [path for path in self.outputs if path.exists()]
        wrong = [path for path in present if content(path) != self.right[path]]
        assert not wrong, f"other than after an undisturbed run: {wrong}"
        records = [path for path in present if is_record(path)]
        assert not records or present == self.outputs, (
            f"{records[0]} was written before {set(self.outputs) - {*present}}"
        )
        assert not records or self.is_done(), f"{records[0]} does not describe the files that exist"
        if complete:
            assert present == self.outputs, f"missing: {set(self.outputs) - {*present}}"
            assert files() == self.left, f"left behind: {files() - self.left}, gone: {self.left - files()}"


def files() -> set[str]:
    return {str(path) for path in Path("results").rglob("*") if not path.is_dir()}


def content(path: Path):
    """The content of a file, without the times of its run and the checksums of files that hold such times."""
    if path.suffix == ".json":
        value = without_times(json.loads(path.read_text("utf-8")))
        return value | {"outputs": sorted(value["outputs"])} if is_record(path) else value
    if path.name == "history.csv":
        return [line.rsplit(",", 1)[0] for line in path.read_text("utf-8").splitlines()]
    if "timing" in str(path):  # what was measured, not how long it took
        return [line.split(",")[:3] for line in path.read_text("utf-8").splitlines()]
    return path.read_bytes()


def is_record(path: Path) -> bool:
    return path.suffix == ".json" and "recipe" in json.loads(path.read_text("utf-8"))


def without_times(value):
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key not in OWN}
    return [without_times(item) for item in value] if isinstance(value, list) else value


def writes(event: str, arguments: tuple) -> bool:
    """Whether an audit event is about to change the results (except logs and locks)."""
    if event not in WRITES or not isinstance(arguments[0], str | os.PathLike):
        return False
    if event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR):
        return False
    return bool(re.search(r"(^|/)results/(?!logs|\.locks)", os.fspath(arguments[0])))


def killed_at(number: int):
    """Make this process die before its `number`-th write."""

    def prepare():
        seen = 0

        def watch(event, arguments):
            nonlocal seen
            if writes(event, arguments):
                seen += 1
                if seen == number:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(watch)

    return prepare


def kill(stage: Stage, stride: int) -> dict[str, int]:
    """Kill it before every write; all epochs that the stage keeps must be resumed from."""
    stage.clean()
    kills = 0
    while status := stage.run(killed_at(1 + kills * (stride or 1))):
        assert os.WTERMSIG(status) == signal.SIGKILL, stage.log.read_text("utf-8")
        kills += 1
        stage.check(complete=False)
        if not stride:
            kept = len(list(Path("results/partial").rglob("seed*")))
            stage.finish()
            again = stage.log.read_text("utf-8")
            resumed = sum(map(int, re.findall(r"resuming after epoch (\d+)", again)))
            assert resumed >= kept, f"kill {kills}: {kept} epochs were kept, {resumed} resumed from\n{again}"
            stage.clean()
    stage.check(complete=True)
    return {"kills": kills}


def refuse(stage: Stage, prepare) -> None:
    """A run that cannot write ends with one line on it, and leaves nothing wrong under a final name."""
    stage.clean()
    reader, writer = os.pipe()

    def prepared():
        os.dup2(writer, 2)
        prepare()

    assert os.waitstatus_to_exitcode(stage.run(prepared)) == 1
    os.close(writer)
    with os.fdopen(reader) as stream:
        said = stream.read() + stage.log.read_text("utf-8")
    assert re.search(r"^error: .*(No space left on device|File too large)", said, re.MULTILINE), said
    assert "Traceback" not in said, said
    stage.check(complete=False)


def full(stage: Stage, _) -> dict[str, int]:
    """Run it with little room; the results must be on a file system of their own."""
    filler = Path("results/filler")
    rooms = [room for room in KILOBYTES if room < stage.kilobytes]
    for room in rooms:
        stage.clean()
        with filler.open("wb") as file:
            free = os.statvfs("results").f_bavail * os.statvfs("results").f_frsize
            os.posix_fallocate(file.fileno(), 0, free - room * 1024)
        refuse(stage, lambda: None)
        filler.unlink()
        stage.finish()
    return {"full disks": len(rooms)}


def limit(stage: Stage, _) -> dict[str, int]:
    """Run it with a limit on the size of every file that the process writes."""
    for size in KILOBYTES[:2]:
        refuse(stage, lambda size=size: resource.setrlimit(resource.RLIMIT_FSIZE, (size * 1024, size * 1024)))
        stage.finish()
    return {"limited files": 2}


if __name__ == "__main__":
    fault, script, *stride = sys.argv[1:]
    print(json.dumps({"kill": kill, "full": full, "limit": limit}[fault](Stage(Path(script)), int(*stride or [0]))))
