"""What the progress makes of Snakemake's events: counts, epochs, time left, words."""

import os
import re
import sys
import time
from types import SimpleNamespace

import pytest

from frame.files import write_json
from terminal import lines
from terminal.jobs import Job, Run, Training
from terminal.live import duration_short
from terminal.progress import Progress


def epoch(turn: int, seeds: int, number: int, epochs: int, accuracy: str) -> str:
    return (
        f"cell  seed 7 ({turn}/{seeds})  epoch {number}/{epochs}  training loss 0.1 accuracy 10.00%  "
        f"validation loss 0.1 accuracy {accuracy}  0.10 s\n"
    )


@pytest.fixture
def training(tmp_path) -> Training:
    return Training(tmp_path / "train.log", seeds=3, epochs=4, began=time.time() - 1)


def test_epochs_of_seeds_in_turn_and_beside_each_other(training):
    training.look()
    assert (training.done, training.units) == (0, 12)
    training.log.write_text(epoch(1, 3, 1, 4, "50.00%"))
    training.look()
    assert (training.done, training.latest, training.accuracy) == (1, (1, 1), "50.00%")
    with training.log.open("a") as log:
        log.write("".join(epoch(1, 3, number, 4, "60.00%") for number in (2, 3, 4)) + epoch(2, 3, 1, 4, "70.00%")[:-9])
    training.look()
    assert (training.done, training.accuracy) == (4, "60.00%")  # the last line is not whole yet
    beside = Training(training.log.with_name("gpu.log"), 3, 4, training.began)
    beside.log.write_text("".join(epoch(turn, 3, 2, 4, "70.00%") for turn in (1, 2, 3)))
    beside.look()
    assert beside.done == 6


def test_a_training_that_goes_on_counts_the_seeds_before(training):
    training.log.write_text(epoch(2, 3, 3, 4, "70.00%"))
    training.look()
    assert training.done == 4 + 3


def test_the_log_of_an_earlier_run_counts_for_nothing(training):
    training.log.write_text(epoch(3, 3, 4, 4, "70.00%"))
    os.utime(training.log, (training.began - 60, training.began - 60))
    training.look()
    assert training.done == 0


def job_info(number: int, rule: str, **more) -> SimpleNamespace:
    values = {"input": [], "output": [], "log": [f"{rule}.log"], "wildcards": {}} | more
    return SimpleNamespace(jobid=number, rule_name=rule, **values)


def test_time_left_is_that_of_the_epochs_left_at_the_pace_so_far(tmp_path):
    plan = tmp_path / "plan/train/a.json"
    parameters = {"seeds": [1, 2], "epochs": 5}
    write_json(plan, {"why": ["new"], "recipe": {"settings": {"parameters": parameters}}})
    run = Run()
    run.plan({"train": 3, "total": 3})
    assert run.total == 3 and run.seconds_left() is None
    for number in (1, 2):
        log = tmp_path / f"{number}.log"
        run.begin(number, Job.of(job_info(number, "train", input=[str(plan)], log=[str(log)], wildcards={"cell": "a"})))
        log.write_text(epoch(1, 2, 5, 5, "70.00%"))
        run.running[number].training.look()
        run.running[number]._clock -= 10
    # 10 epochs took 20 s; 20 are left, on two cores
    assert run.seconds_left() == pytest.approx(20, rel=0.05)
    assert lines.start(run.running[1]) == "train     a  (new)"
    run.finish(1)
    assert (run.done, run.by_rule["train"]) == (1, 2)


def test_no_time_is_told_where_nothing_tells_it():
    run = Run()
    run.plan({"compare": 1, "report": 1, "total": 2})
    run.begin(1, Job.of(job_info(1, "compare")))
    assert run.seconds_left() is None


@pytest.mark.parametrize(
    ("seconds", "long", "short"),
    [(4.21, "4.2 s", "0:04"), (75, "1 min 15 s", "1:15"), (7500, "2 h 5 min", "2:05:00"), (90000, "25 h 0 min", None)],
)
def test_durations(seconds, long, short):
    assert lines.duration(seconds) == long
    assert duration_short(seconds) == (short or long)


def test_a_failure_is_told_once_with_the_end_of_its_log(tmp_path, capsys):
    log = tmp_path / "prepare.log"
    progress = Progress(sys.stdout, live=False)
    progress._handle(SimpleNamespace(event="run_info", stats={"prepare": 1, "all": 1, "total": 2}))
    progress._handle(SimpleNamespace(event="job_info", **vars(job_info(1, "prepare", log=[str(log)]))))
    log.write_text("".join(f"line {number}\n" for number in range(30)) + "error: no such file\n")
    for _ in range(2):
        progress._handle(SimpleNamespace(event="job_error", jobid=1, rule_msg=None))
    progress.end()
    shown = capsys.readouterr().out.splitlines()
    assert shown[0] == "1 job: 1 prepare"
    assert re.fullmatch(r"\d\d:\d\d:\d\d  start  prepare", shown[1])
    assert re.fullmatch(r"\d\d:\d\d:\d\d  FAILED prepare  after 0\.\d s", shown[2])
    assert shown[3:] == [
        f"    {log}:",
        *(f"    line {number}" for number in range(19, 30)),
        "    error: no such file",
        "0 of 1 jobs done in 0.0 s, 1 failed: prepare. What finished is kept; the same command goes on.",
    ]


def test_a_failure_tells_what_the_executor_says(capsys):
    progress = Progress(sys.stdout, live=False)
    progress._handle(SimpleNamespace(event="job_info", **vars(job_info(1, "train"))))
    said = "SLURM sbatch failed. The error message was 'sbatch: error: no'.\n    sbatch call:\n        sbatch -p"
    progress._handle(SimpleNamespace(event="job_error", jobid=1, rule_msg=said))
    shown = capsys.readouterr().out.splitlines()
    assert shown[-1] == "    SLURM sbatch failed. The error message was 'sbatch: error: no'."
