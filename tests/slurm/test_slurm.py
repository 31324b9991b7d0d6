"""The grid on a real Slurm: the results of a local run, one job at a time on the GPU, whatever happens to the jobs."""

import os
import re
import signal
import subprocess

import pytest
import yaml
from faults import trained
from project import ROOT, snakemake
from runs import CONFIG, Run, configure, peak_memory, record, submit, trainers, watching

SMALL = {
    "dataset": "digits",
    "reference": None,
    "pathvars": {"results": "results"},
    "defaults": {"hidden": [16], "epochs": 2, "batch_size": 64, "learning_rate": 0.01, "seeds": [1, 2]},
}


PROFILE = "profiles/slurm/config.yaml"


def fill_in(project, *keys: str) -> None:
    """Add what a site writes below `default-resources`, in place of the partition."""
    text = (ROOT / PROFILE).read_text("utf-8")
    (project / PROFILE).write_text(text.replace("  # slurm_partition: gpu\n", "".join(f"  {key}\n" for key in keys)))


def evaluated(cells: list[str], results: str = "results") -> list[str]:
    """The targets of a grid without its comparison and page."""
    return [f"{results}/cells/{cell}/evaluation.json" for cell in cells]


def test_whole_demo_grid_is_bit_for_bit_the_local_one(cluster, project):
    demo = yaml.safe_load((ROOT / "config/demo.yaml").read_text("utf-8"))
    demo["pathvars"] = {"results": "results"}
    configure(project, demo)
    cells = [cell["name"] for cell in demo["cells"]]

    submit(cluster, project, "--group-components", "cells=5")

    submissions = cluster.jobs()
    assert [job["State"] for job in submissions] == ["COMPLETED"] * 3, "nine cells, five to a submission; and timing"
    cores = [job["NumCPUs"] for job in submissions]
    assert cores.count("1") >= 2, "the cells of a group run one after another; timing has its node for itself"
    assert (project / "results/report.html").exists()

    demo["pathvars"] = {"results": "local"}
    configure(project, demo)
    done = snakemake(project, "--keep-going", *evaluated(cells, "local"), config=CONFIG)
    assert done.returncode == 0, done.stderr
    for cell in cells:
        assert trained(project / "results", cell) == trained(project / "local", cell), cell


def test_lost_jobs_are_reported_and_tried_again(cluster, project):
    config = SMALL | {"gpus": 1, "baseline": "cpu", "final": "cpu"}
    config["cells"] = [
        {"name": "gpu-1", "device": "auto"},
        {"name": "gpu-2", "device": "auto", "batch_size": 32},
        {"name": "cpu", "device": "cpu"},
    ]
    cells = [cell["name"] for cell in config["cells"]]
    configure(project, config)

    def on_gpu(not_in: str = ""):
        return [trainer for trainer in trainers(project) if trainer.gpus is not None and trainer.job != not_in]

    with watching(project) as seen, Run(cluster, project, *evaluated(cells)) as run:
        cancelled = run.wait_for("the CPU cell trains", lambda: [t for t in trainers(project) if t.cell == "cpu"])[0]
        cluster.run("scancel", cancelled.job)
        killed = run.wait_for("a GPU cell trains", on_gpu)[0]
        os.kill(killed.pid, signal.SIGKILL)
        surviving = run.wait_for("a GPU cell trains again", lambda: on_gpu(not_in=killed.job))[0]
        cluster.kill_node()
        cluster.start_node()
        said = run.finish()

    # each saw the device that it was given, and no two had it at the same time
    pairs = {(trainer.cell, trainer.gpus) for at_once in seen for trainer in at_once}
    assert pairs == {("gpu-1", "0"), ("gpu-2", "0"), ("cpu", None)}
    assert max(len({trainer.job for trainer in at_once if trainer.gpus}) for at_once in seen) == 1
    started = sorted(record(project / "results", cell)["started"] for cell in cells[:2])
    ended = sorted(record(project / "results", cell)["finished"] for cell in cells[:2])
    assert ended[0] < started[1]

    # the run said what was lost, asked for more memory, and ended with every result
    jobs = {job["JobID"]: job for job in cluster.jobs()}
    states = {trainer.job: jobs[trainer.job]["State"] for trainer in (cancelled, killed, surviving)}
    assert list(states.values()) == ["CANCELLED", "FAILED", "COMPLETED"]
    assert re.search(rf"error: \*\*\* JOB {cancelled.job} ON \S+ CANCELLED", said)
    assert re.search(rf"FAILED .*/{killed.job}\.log:\n", said)
    asked = sorted((job["MinMemory"], job["TimeLimit"], job["tres-per-job"]) for job in jobs.values())
    once = [("3000M", "1:10:00", "N/A"), *[("3000M", "1:10:00", "gres:gpu:1")] * 2]
    assert asked == [*once, ("6000M", "2:20:00", "N/A"), ("6000M", "2:20:00", "gres:gpu:1")]
    before = {cell: trained(project / "results", cell) for cell in cells}

    # a second run does nothing
    assert "Nothing to be done" in submit(cluster, project, *evaluated(cells))
    assert len(cluster.jobs()) == len(jobs)

    # a changed cell is one submission
    config["cells"][-1]["learning_rate"] = 0.02
    configure(project, config)
    submit(cluster, project, *evaluated(cells))
    assert len(cluster.jobs()) == len(jobs) + 1
    assert [cell for cell in cells if trained(project / "results", cell) != before[cell]] == ["cpu"]


def test_what_a_submission_asks_for(cluster, project):
    rates = [round(0.01 * step, 2) for step in range(1, 5)]
    config = SMALL | {"cells": [{"name": f"rate-{rate}", "learning_rate": rate, "device": "auto"} for rate in rates]}
    cells = [cell["name"] for cell in config["cells"]]
    configure(project, config | {"baseline": cells[0], "final": cells[0]})
    cluster.run("scontrol", "update", "NodeName=ALL", "State=DRAIN", "Reason=test")

    def asked(submissions: int, *arguments: str) -> tuple[list[tuple[str, ...]], str]:
        earlier = len(cluster.jobs())
        with Run(cluster, project, *evaluated(cells), *arguments) as run:
            run.wait_for("the submissions", lambda: len(cluster.jobs()) == earlier + submissions)
            run.process.send_signal(signal.SIGINT)
            said = run.finish(status=1)
        fields = ("tres-per-job", "NumCPUs", "MinMemory", "TimeLimit", "Feature")
        return sorted(tuple(job[field] for field in fields) for job in cluster.jobs()[earlier:]), said

    # a group: one core, one GPU, the memory of one cell, the time of all
    grouped, said = asked(2, "--config", "gpus=8", "--group-components", "cells=3")
    assert grouped == [("gres:gpu:1", "1", "3000M", time, "(null)") for time in ("1:10:00", "3:30:00")]
    assert "no GPU is found" not in said

    # without `gpus`: the number of this machine, and a warning that there are none; what the site filled in
    fill_in(project, "constraint: a100", "qos: normal", "slurm_extra: \"'--mail-type=FAIL'\"")
    ungrouped, said = asked(4)
    assert ungrouped == [("N/A", "1", "3000M", "1:10:00", "a100")] * 4
    assert "gpus: no GPU is found on this machine" in said


def test_what_sbatch_refuses_is_reported_in_its_words(cluster, project):
    configure(project, SMALL | {"baseline": "c", "final": "c", "cells": [{"name": "c"}]})

    def said(key: str) -> str:
        fill_in(project, key)
        with Run(cluster, project, *evaluated(["c"])) as run:
            return run.finish(seconds=120, status=1)

    assert said("slurm_partition: nosuch").count("invalid partition specified: nosuch") == 3, "at each of three tries"
    assert "not allowed in the 'slurm_extra' parameter" in said("slurm_extra: \"'--constraint=a100'\"")
    assert not cluster.jobs()
    cluster.run("sbatch", "--test-only", "--time=60", "--mem=3000M", "--gpus=1", "--wrap=true")
    with pytest.raises(RuntimeError, match="invalid partition specified: nosuch"):
        cluster.run("sbatch", "--test-only", "--partition=nosuch", "--wrap=true")


def test_jobs_of_a_killed_snakemake_are_kept(cluster, project):
    cells = ["a", "b"]
    pair = [{"name": "a"}, {"name": "b", "batch_size": 32}]
    configure(project, SMALL | {"baseline": "a", "final": "a", "cells": pair})
    with Run(cluster, project, *evaluated(cells)) as run:
        run.wait_for("two jobs, one training", lambda: len(cluster.jobs()) == 2 and trainers(project))
        run.process.kill()
    cluster.wait_for_jobs()
    assert "Nothing to be done" in submit(cluster, project, *evaluated(cells))
    assert [job["State"] for job in cluster.jobs()] == ["COMPLETED"] * 2


@pytest.mark.parametrize("cluster", [{"min_job_age": 5}], indirect=True)
def test_a_job_that_squeue_forgot_is_kept(cluster, project):
    configure(project, SMALL | {"baseline": "a", "final": "a", "cells": [{"name": "a"}]})
    with Run(cluster, project, *evaluated(["a"])) as run:
        run.wait_for("the training", lambda: trainers(project))
        run.process.send_signal(signal.SIGSTOP)  # a long pause between two status checks
        cluster.wait_for("squeue to forget it", lambda: not cluster.jobs())
        run.process.send_signal(signal.SIGCONT)
        with pytest.raises(subprocess.TimeoutExpired):
            run.process.wait(15)
        run.process.send_signal(signal.SIGINT)
        run.finish(status=1)
    assert "Nothing to be done" in submit(cluster, project, *evaluated(["a"]))


def test_two_hundred_cells_queue_in_little_memory(cluster, project):
    rates = [round(0.001 * step, 3) for step in range(1, 201)]
    config = SMALL | {"cells": [{"name": f"rate-{rate}", "learning_rate": rate} for rate in rates]}
    configure(project, config | {"baseline": "rate-0.001", "final": "rate-0.001"})
    cluster.run("scontrol", "update", "NodeName=ALL", "State=DRAIN", "Reason=test")

    def queued():
        return [job for job in cluster.jobs() if job["State"] == "PENDING"]

    with Run(cluster, project, "--jobs", "200") as run:
        run.wait_for("200 submissions wait", lambda: len(queued()) == 200)
        assert peak_memory(run.process.pid) < 500_000_000
        run.process.send_signal(signal.SIGINT)
        assert run.process.wait(60) == 1
    assert not queued(), "interrupted, Snakemake cancels what it submitted"
