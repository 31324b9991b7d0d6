"""Cells on a GPU beside cells on the CPU; a GPU that PyTorch can't use is reported before any job and on the page."""

import json
import re

import pytest
import torch
from project import copy_project, planned_jobs, snakemake
from tables import rows

NO_CUDA = pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
NARROW = "  - name: narrow\n    learning_rate: 0.02\n"


def ask_for(project, device):
    config = project / "config/small.yaml"
    config.write_text(config.read_text("utf-8").replace(NARROW, f"{NARROW}    device: {device}\n"), "utf-8")


@NO_CUDA
def test_a_gpu_that_cannot_be_used_is_reported_before_the_first_job_and_on_the_page(project):
    ask_for(project, "auto")
    done = snakemake(project, "--config", "gpus=1", PROGRESS="lines")
    assert done.returncode == 0, done.stderr
    line = (
        r"^gpus: PyTorch can't use a GPU of this machine, so cells with device auto train on the CPU \(.+\); given: 1;"
    )
    said, start = re.search(line, done.stderr, re.MULTILINE), done.stderr.index("start  train")
    assert said and said.start() < start
    page = (project / "results/report.html").read_text("utf-8")
    assert "1 cell trained on the CPU since PyTorch could not use a GPU: " in page
    again = snakemake(project, "--config", "gpus=1", PROGRESS="lines")
    assert "can't use" not in again.stderr  # nothing trains
    assert planned_jobs(project) == []  # the number of GPUs does not change results


@NO_CUDA
def test_where_cuda_is_asked_for_and_cannot_be_used_no_job_starts(project):
    ask_for(project, "cuda")
    done = snakemake(project, "--config", "gpus=1", PROGRESS="lines")
    assert done.returncode != 0
    assert re.search(
        r"^device: PyTorch can't use a GPU of this machine \(.+\); given: cuda; allowed: auto, cpu$",
        done.stderr,
        re.MULTILINE,
    )
    assert "start" not in done.stderr and "Traceback" not in done.stderr


GRID = """\
title: CPU beside GPU
dataset: digits
reference: null
baseline: on-cpu
final: on-gpu
pathvars: {results: results}
defaults: {hidden: [16], epochs: 7, batch_size: 32, learning_rate: 0.01, seeds: [1, 2], device: cuda}
cells:
  - {name: on-cpu, device: cpu}
  - {name: on-gpu}
  - {name: bfloat, amp: bf16}
  - {name: convolutions, model: cnn, tf32: true, deterministic: true}
"""


@pytest.mark.gpu
def test_cells_on_a_gpu_beside_one_on_the_cpu(tmp_path):
    project = copy_project(tmp_path / "project")
    (project / "config/small.yaml").write_text(GRID, "utf-8")
    done = snakemake(project)
    assert done.returncode == 0, done.stdout + done.stderr
    results = project / "results"
    devices = {}
    for run in results.glob("cells/*/run.json"):
        devices[run.parent.name] = json.loads(run.read_text("utf-8"))["device"]["type"]
        assert "not captured" not in (results / f"logs/train/{run.parent.name}.log").read_text("utf-8")
    assert devices == {"on-cpu": "cpu"} | dict.fromkeys(("on-gpu", "bfloat", "convolutions"), "cuda")
    timed = rows(results / "timing.csv")
    assert {(row["cell"], row["device"]) for row in timed} == {(cell, on) for cell in devices for on in ("cpu", "cuda")}
    accuracy = {row["cell"]: float(row["test_accuracy"]) for row in rows(results / "comparison.csv")}
    assert accuracy["on-gpu"] == pytest.approx(accuracy["on-cpu"], abs=0.03)
    assert ("on-cpu", "on-gpu", "device") in {
        (row["from"], row["to"], row["factor"]) for row in rows(results / "effects.csv")
    }
    assert torch.cuda.get_device_name(0) in (results / "report.html").read_text("utf-8")
    assert planned_jobs(project) == []
