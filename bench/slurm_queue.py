"""The cost of the process that submits a grid, apart from the cluster's own work.

    python -m bench.slurm_queue 100 1000
    python -m bench.slurm_queue --sample 1000

Snakemake runs with the Slurm profile and the project's own workflow on N cells of the digits. Scripts replace Slurm's
commands: sbatch returns a number for every submission within milliseconds, a thread in this process writes a finished
cell's files into the results, squeue reports COMPLETED. Then the stages for all cells together run on these results.
Seconds are those of the clock and, independent of other load, those of the CPU for Snakemake and the commands that it
starts; a real sbatch also waits for its controller. Memory is the largest resident size.
"""

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from bench.workflow import peak, point, seconds_of

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/slurm")]

from project import copy_project, snakemake  # noqa: E402
from runs import CONFIG, Run, configure, peak_memory  # noqa: E402

from experiment_grid.config.grid import expand  # noqa: E402

TEMPLATE = "cell-0"
TOGETHER = ("timing", "compare", "figures", "errors", "report")
COMMANDS = {
    "sbatch": "#!/bin/sh\nfor last; do :; done\nprintf '%s\\n' \"$last\" > queue/$$\necho $$\n",
    "squeue": "#!/bin/sh\ncat ended\n",
    "scontrol": "#!/bin/sh\necho MinJobAge = 300 sec\n",
}
BARE = """
rule all:
    input: "compare", "errors", "record", "timing"
rule train:
    input: "{cell}/p"
    output: expand("{{cell}}/{name}", name="abc")
    shell: "false"
rule evaluate:
    input: expand("{{cell}}/{name}", name="qab")
    output: expand("{{cell}}/{name}", name="defg")
    shell: "false"
rule compare:
    input: expand("{cell}/{name}", cell=CELLS, name="abdefg")
    output: "compare"
    shell: "false"
rule errors:
    input: expand("{cell}/{name}", cell=CELLS, name="abdefg")
    output: "errors"
    shell: "false"
rule record:
    input: expand("{cell}/{name}", cell=CELLS, name="ae")
    output: "record"
    shell: "false"
rule timing:
    input: expand("{cell}/{name}", cell=CELLS, name="a")
    output: "timing"
    shell: "false"
"""
COMMANDS |= dict.fromkeys(("sinfo", "sacct", "scancel"), "#!/bin/sh\n")


class NoCluster:
    """Replaces a cluster on which every cell of `project` is finished at once: `with NoCluster(…) as cluster`.

    In `environment`, Slurm's commands are the scripts above; `ready` is set after the first submission.
    """

    def __init__(self, project: Path, commands: Path):
        self._project = project
        self._over = threading.Event()
        self._nodes = threading.Thread(target=self._work)
        self.ready = threading.Event()
        (project / "queue").mkdir()
        (project / "ended").touch()
        commands.mkdir()
        for name, script in COMMANDS.items():
            (commands / name).write_text(script)
            (commands / name).chmod(0o755)
        self.environment = os.environ | {"PATH": f"{commands}{os.pathsep}{os.environ['PATH']}"}

    def __enter__(self) -> "NoCluster":
        self._nodes.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._nodes.join()

    def _work(self) -> None:
        while not self._over.wait(0.05):
            for submission in (self._project / "queue").iterdir():
                command = submission.read_text()
                if command.endswith("\n"):
                    self.ready.set()
                    for cell in re.findall(r"train:cell=([^' ]+)", command):
                        self._finish(cell)
                    submission.unlink()
                    with (self._project / "ended").open("a") as ended:
                        ended.write(f"{submission.name}|COMPLETED\n")

    def _finish(self, cell: str) -> None:
        """Leave the files of a finished cell: the template's, with the cell's own name and recipe in the records."""
        results, template = self._project / "results", self._project / "template"
        shutil.copytree(template, results / "cells" / cell, dirs_exist_ok=True)
        for stage, record in ("train", "run"), ("evaluate", "evaluation"):
            for kind, ending in ("logs", "log"), ("benchmarks", "tsv"):
                file = results / kind / stage / f"{cell}.{ending}"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.touch()
            text = (template / f"{record}.json").read_text().replace(f"cells/{TEMPLATE}/", f"cells/{cell}/")
            recipe = json.loads((results / f"plan/{stage}/{cell}.json").read_text())["recipe"]
            known = json.loads(text) | {"cell": cell, "recipe": recipe}
            (results / f"cells/{cell}/{record}.json").write_text(json.dumps(known))


def grid(cells: int) -> dict:
    """A configuration of so many cells."""
    listed = [{"name": f"cell-{number}"} | point(number) for number in range(cells)]
    defaults = {"hidden": [16], "epochs": 2, "seeds": [1, 2]}
    config = {"dataset": "digits", "reference": None, "pathvars": {"results": "results"}, "defaults": defaults}
    return config | {"cells": listed, "baseline": TEMPLATE, "final": TEMPLATE}


def sample(cells: int) -> dict:
    """A configuration of so many cells, of which all but the first are drawn."""
    drawn = {"learning_rate": {"log_uniform": [1e-4, 0.1]}, "momentum": {"uniform": [0, 0.95]}}
    drawn |= {"batch_size": {"int_uniform": [32, 128]}, "model.hidden": {"choice": [[16], [32], [32, 16]]}}
    listed = [{"name": TEMPLATE}, {"name": "cell", "sample": {"number": cells - 1} | drawn}]
    return grid(1) | {"cells": listed}


def measure(config: dict, per_submission: int, folder: Path) -> dict[str, float]:
    """Run all cells: seconds until the first submission and per cell after it, megabytes, files."""
    project = copy_project(folder / "project")
    configure(project, config)
    names = [name for item in config["cells"] for name, _ in expand(item)]
    cells = len(names)
    targets = [f"results/cells/{name}/evaluation.json" for name in names]
    done = snakemake(project, "--keep-going", targets[0], config=CONFIG)
    assert done.returncode == 0, done.stderr
    shutil.move(project / "results/cells" / TEMPLATE, project / "template")

    options = ("--jobs", str(cells), "--group-components", f"cells={per_submission}")
    most = 0
    started = time.monotonic()
    with NoCluster(project, folder / "commands") as cluster, Run(cluster, project, *targets, *options) as run:
        process = psutil.Process(run.process.pid)
        run.wait_for("the first submission", cluster.ready.is_set, seconds=1800)
        first, first_cpu = time.monotonic() - started, _seconds(process)
        last_cpu = first_cpu
        while run.process.poll() is None:
            most, last_cpu = max(most, peak_memory(process.pid)), _seconds(process)
            time.sleep(0.1)
        last = time.monotonic() - started
        run.finish()
    files = [path for path in project.rglob("*") if path.is_file()]
    together = snakemake(project, config=CONFIG, timeout=3600)
    assert together.returncode == 0, together.stderr
    before = _of_children()
    nothing = snakemake(project, config=CONFIG)
    assert "Nothing to be done" in nothing.stdout + nothing.stderr
    ours = _of_children() - before
    return {
        "cells": cells,
        "cells in a submission": per_submission,
        "until the first, s": first,
        "of the CPU": first_cpu,
        "per cell after it, s": (last - first) / cells,
        "of the CPU, a cell": (last_cpu - first_cpu) / cells,
        "peak memory, MB": most / 1e6,
        "files in results": sum((project / "results") in path.parents for path in files),
        "files in .snakemake": sum((project / ".snakemake") in path.parents for path in files),
        "nothing to do, s of the CPU": ours,
        "the same files and rules alone": _bare(folder / "bare", names),
    } | _together(project / "results")


def _together(results: Path) -> dict[str, float]:
    measured = {}
    for stage in TOGETHER:
        (seconds,) = seconds_of(results, stage)
        measured |= {f"{stage}, s": seconds, f"{stage}, MB": peak(results, stage)}
    return measured | {"report.html, MB": (results / "report.html").stat().st_size / 1e6}


def _bare(folder: Path, names: list[str]) -> float:
    """Seconds of the CPU that Snakemake needs to find nothing to do among as many jobs and files as in a run, without
    this workflow: a lower bound for any plan."""
    folder.mkdir()
    (folder / "Snakefile").write_text(f"CELLS = {names}\n{BARE}", "utf-8")
    stages = {"plan": ("p", "q"), "train": ("a", "b", "c"), "evaluate": ("d", "e", "f", "g")}
    for moment, files in enumerate([*stages.values(), ("compare", "errors", "record", "timing")]):
        for cell in names if moment < len(stages) else ["."]:
            (folder / cell).mkdir(exist_ok=True)
            for name in files:
                (folder / cell / name).touch()
                os.utime(folder / cell / name, (moment, moment))
    before = _of_children()
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--rerun-triggers", "mtime"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert "Nothing to be done" in done.stdout + done.stderr
    return _of_children() - before


def _of_children() -> float:
    """Seconds of the CPU of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _seconds(process: psutil.Process) -> float:
    """Seconds of the CPU so far, including commands that the process started and that have ended."""
    times = process.cpu_times()
    return times.user + times.system + times.children_user + times.children_system


def main(arguments: list[str]) -> None:
    """Measure grids of the given sizes, with one and with ten cells per submission; print the CPU time of each."""
    make = sample if "--sample" in arguments else grid
    for cells in map(int, [one for one in arguments if one != "--sample"] or ["100", "1000"]):
        per_cell = {}
        for per_submission in (1, 10):
            with tempfile.TemporaryDirectory() as folder:
                measured = measure(make(cells), per_submission, Path(folder))
            per_cell[per_submission] = measured["of the CPU, a cell"]
            for name, value in measured.items():
                print(f"{name:>22}  {value:,.3f}" if isinstance(value, float) else f"{name:>22}  {value:,}")
            print(flush=True)
        submission = (per_cell[1] - per_cell[10]) / (1 - 1 / 10)
        print(f"{'a submission, s':>22}  {submission:.3f}")
        print(f"{'a cell taken in, s':>22}  {per_cell[1] - submission:.3f}\n", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
