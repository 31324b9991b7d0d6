"""A GPU that PyTorch can't use: said before the first job and on the page."""

import re

import pytest
import torch
from project import planned_jobs, snakemake

NO_CUDA = pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
NARROW = "  - name: narrow\n    learning_rate: 0.02\n"


def ask_for(project, device):
    config = project / "config/small.yaml"
    config.write_text(config.read_text("utf-8").replace(NARROW, f"{NARROW}    device: {device}\n"), "utf-8")


@NO_CUDA
def test_a_gpu_that_cannot_be_used_is_said_before_the_first_job_and_on_the_page(project):
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
    assert planned_jobs(project) == []  # the number of GPUs makes no other result


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
