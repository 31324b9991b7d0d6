"""What the process that submits a grid costs, apart from the cluster's own work.

    python -m bench.slurm_queue 100 1000

Snakemake runs with the Slurm profile and the project's own workflow on N cells of the digits. In the place of Slurm's
commands stand scripts that give every submission a number, put a finished cell's files where the results belong, and
say COMPLETED; so the time is Snakemake's alone. Then the stages that take all cells together run on what is there.
Memory is the largest resident size of the process.
"""

import csv
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/slurm")]

from project import copy_project, snakemake  # noqa: E402
from runs import CONFIG, Run, configure, peak_memory  # noqa: E402

SBATCH = """\
#!{python} -S
import json, os, re, shutil, sys
for cell in re.findall(r"train:cell=([^' ]+)", sys.argv[-1]):
    folder = "results/cells/" + cell
    shutil.copytree("template", folder, dirs_exist_ok=True)
    for stage, record in ("train", "run"), ("evaluate", "evaluation"):
        for kind, ending in ("logs", "log"), ("benchmarks", "tsv"):
            os.makedirs(f"results/{{kind}}/{{stage}}", exist_ok=True)
            open(f"results/{{kind}}/{{stage}}/{{cell}}.{{ending}}", "w").close()
        text = open(f"template/{{record}}.json").read().replace("cells/{template}/", f"cells/{{cell}}/")
        plan = json.load(open(f"results/plan/{{stage}}/{{cell}}.json"))
        known = json.loads(text) | {{"cell": cell, "recipe": plan["recipe"]}}
        if stage == "train":
            known["parameters"] = plan["recipe"]["settings"]["parameters"]
        json.dump(known, open(f"{{folder}}/{{record}}.json", "w"))
open("submitted", "a").write(f"{{os.getpid()}}|COMPLETED\\n")
print(os.getpid())
"""
TEMPLATE = "cell-0"
TOGETHER = ("compare", "errors", "report")
COMMANDS = {
    "sbatch": SBATCH.format(python=sys.executable, template=TEMPLATE),
    "squeue": "#!/bin/sh\ncat submitted\n",
    "scontrol": "#!/bin/sh\necho MinJobAge = 300 sec\n",
}
COMMANDS |= dict.fromkeys(("sinfo", "sacct", "scancel"), "#!/bin/sh\n")


class NoCluster:
    """Stands in for a cluster: an environment in which Slurm's commands are those above."""

    def __init__(self, folder: Path):
        folder.mkdir()
        for name, script in COMMANDS.items():
            (folder / name).write_text(script)
            (folder / name).chmod(0o755)
        self.environment = os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def parameters(number: int) -> dict[str, float]:
    """A point of the grid: ten values of each factor, so that a cell has as many neighbours as in a real grid."""
    tens, ones = divmod(number, 10)
    hundreds, tens = divmod(tens, 10)
    return {"learning_rate": 0.001 * (ones + 1), "momentum": 0.1 * tens, "weight_decay": 0.0001 * hundreds}


def measure(cells: int, per_submission: int, folder: Path) -> dict[str, float]:
    """Run `cells` cells to their end: seconds until the first submission and a cell after it, megabytes, files."""
    project = copy_project(folder / "project")
    names = [f"cell-{number}" for number in range(cells)]
    grid = [{"name": name} | parameters(number) for number, name in enumerate(names)]
    defaults = {"hidden": [16], "epochs": 2, "batch_size": 64, "seeds": [1, 2]}
    config = {"dataset": "digits", "reference": None, "pathvars": {"results": "results"}, "defaults": defaults}
    configure(project, config | {"cells": grid, "baseline": TEMPLATE, "final": TEMPLATE})
    targets = [f"results/cells/{name}/evaluation.json" for name in names]

    done = snakemake(project, "--keep-going", targets[0], config=CONFIG)
    assert done.returncode == 0, done.stderr
    shutil.move(project / "results/cells" / TEMPLATE, project / "template")
    (project / "submitted").touch()

    started = time.monotonic()
    options = ("--jobs", str(cells), "--group-components", f"cells={per_submission}")
    peak = 0
    with Run(NoCluster(folder / "commands"), project, *targets, *options) as run:
        run.wait_for("the first submission", lambda: (project / "submitted").stat().st_size, seconds=600)
        first = time.monotonic() - started
        while run.process.poll() is None:
            peak = max(peak, peak_memory(run.process.pid))
            time.sleep(0.2)
        last = time.monotonic() - started
        run.finish()
    files = [path for path in project.rglob("*") if path.is_file()]
    together = snakemake(project, config=CONFIG, timeout=3600)
    assert together.returncode == 0, together.stderr
    return {
        "cells": cells,
        "cells in a submission": per_submission,
        "until the first, s": first,
        "per cell after it, s": (last - first) / cells,
        "peak memory, MB": peak / 1e6,
        "files in results": sum((project / "results") in path.parents for path in files),
        "files in .snakemake": sum((project / ".snakemake") in path.parents for path in files),
    } | _together(project / "results")


def _together(results: Path) -> dict[str, float]:
    figures = {}
    for stage in TOGETHER:
        with (results / f"benchmarks/{stage}.tsv").open(newline="") as file:
            (job,) = csv.DictReader(file, delimiter="\t")
        figures |= {f"{stage}, s": float(job["s"]), f"{stage}, MB": float(job["max_rss"])}
    return figures | {"report.html, MB": (results / "report.html").stat().st_size / 1e6}


def main(arguments: list[str]) -> None:
    """Measure grids of the given sizes, one cell to a submission and ten."""
    for cells in map(int, arguments or ["100", "1000"]):
        for per_submission in (1, 10):
            with tempfile.TemporaryDirectory() as folder:
                for name, value in measure(cells, per_submission, Path(folder)).items():
                    print(f"{name:>22}  {value:,.2f}" if isinstance(value, float) else f"{name:>22}  {value:,}")
            print(flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
