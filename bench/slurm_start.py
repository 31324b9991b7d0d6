"""The cost of a start of Snakemake on a node, where there is one per submission and two per cell in it.

    python -m bench.slurm_start 100 1000 10000

Started as the Slurm plugins do, for one cell out of N, but nothing is trained (`--dry-run`). The N cells are configured
one by one, as YAML and as JSON, which Snakemake reads faster. Seconds of the CPU, the median of five starts.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from bench.slurm_queue import TEMPLATE, grid
from bench.workflow import copy_project

STARTS = 5
COMMAND = [sys.executable, "-m", "snakemake", "--dry-run", "--quiet", "all", "--mode", "remote", "--cores", "1"]
COMMAND += ["--target-jobs", f"train:cell={TEMPLATE}", "--allowed-rules", "train", "--force", "--force-use-threads"]
COMMAND += ["--nolock", "--no-hooks", "--ignore-incomplete", "--rerun-triggers", "mtime", "--configfiles"]


def measure(project: Path, config: str) -> float:
    """Seconds of one start; the first one, not counted, may have to compile."""
    seconds = []
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(1 + STARTS):
        with (project / "start.log").open("w") as log:
            process = subprocess.Popen([*COMMAND, config], cwd=project, stdout=log, stderr=log, env=environment)
            _, status, usage = os.wait4(process.pid, 0)
        if status:
            sys.exit((project / "start.log").read_text("utf-8"))
        seconds.append(usage.ru_utime + usage.ru_stime)
    return statistics.median(seconds[1:])


def main(arguments: list[str]) -> None:
    """Print a row for each number of cells."""
    print(f"{'cells':>8}{'YAML, s':>10}{'JSON, s':>10}")
    for cells in map(int, arguments or ["100", "1000", "10000"]):
        with tempfile.TemporaryDirectory() as folder:
            project = copy_project(Path(folder) / "project")
            for planned in (f"plan/train/{TEMPLATE}.json", "data/digits/prepared.safetensors"):
                (project / "results" / planned).parent.mkdir(parents=True)
                (project / "results" / planned).write_text("{}")
            (project / "grid.yaml").write_text(yaml.safe_dump(grid(cells), sort_keys=False))
            (project / "grid.json").write_text(json.dumps(grid(cells)))
            row = [measure(project, f"grid.{kind}") for kind in ("yaml", "json")]
        print(f"{cells:>8,}" + "".join(f"{seconds:>10.2f}" for seconds in row), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
