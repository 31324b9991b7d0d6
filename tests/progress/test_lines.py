"""Lines and numbers of the progress, made from Snakemake's events: counts, epochs, time left, failures."""

import io
import logging
import os
import re
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.common import NOTHING_TO_BE_DONE_MSG

from experiment_grid.progress import lines
from experiment_grid.progress.handler import Progress, partial_command
from experiment_grid.progress.jobs import Job, RunProgress, TrainingProgress
from experiment_grid.progress.live import LiveView, duration_short
from experiment_grid.runtime.files import write_json


def epoch(turn: int, seeds: int, number: int, epochs: int, accuracy: str) -> str:
    return (
        f"cell  seed 7 ({turn}/{seeds})  epoch {number}/{epochs}  training loss 0.1 accuracy 10.00%  "
        f"validation loss 0.1 accuracy {accuracy}  0.10 s\n"
    )


@pytest.fixture
def training(tmp_path) -> TrainingProgress:
    return TrainingProgress(tmp_path / "train.log", seeds=3, epochs=4, began=time.time() - 1)


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
    beside = TrainingProgress(training.log.with_name("gpu.log"), 3, 4, training.began)
    beside.log.write_text("".join(epoch(turn, 3, 2, 4, "70.00%") for turn in (1, 2, 3)))
    beside.look()
    assert beside.done == 6


def test_a_resumed_training_counts_the_seeds_before(training):
    training.log.write_text(epoch(2, 3, 3, 4, "70.00%"))
    training.look()
    assert training.done == 4 + 3


def test_the_log_of_an_earlier_run_is_ignored(training):
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
    run = RunProgress()
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


def test_without_epochs_no_time_left_is_reported():
    run = RunProgress()
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


def test_the_last_line_of_a_diverged_training_says_so(tmp_path):
    history = tmp_path / "history.csv"
    rows = ["1,1,0.5,0.4", "1,2,nan,0.1", "2,1,0.5,0.4", "3,1,inf,0.1"]
    history.write_text("\n".join(["seed,epoch,train_loss,validation_accuracy", *rows]) + "\n")
    job = Job.of(job_info(1, "train", output=[str(history)]))
    ended = lines.end(job, RunProgress())
    assert "diverged: a loss of seed 1 and 3 is not a number" in ended
    history.write_text("\n".join(["seed,epoch,train_loss,validation_accuracy", rows[0]]) + "\n")
    assert "diverged" not in lines.end(job, RunProgress())


def test_a_failure_is_reported_once_with_the_end_of_its_log(tmp_path, capsys):
    log = tmp_path / "prepare.log"
    progress = Progress(sys.stdout, live=False)
    progress._handle(SimpleNamespace(event="run_info", stats={"prepare": 1, "all": 1, "total": 2}))
    progress._handle(SimpleNamespace(event="job_info", **vars(job_info(1, "prepare", log=[str(log)]))))
    log.write_text("".join(f"line {number}\n" for number in range(30)) + "error: no such file\nfailed\n")
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
        "0 of 1 jobs done in 0.0 s, 1 failed: prepare. Finished work is kept; once the cause is fixed, run the same "
        "command to continue.",
    ]


def test_the_log_of_a_killed_job_is_marked_as_incomplete(tmp_path):
    job = Job.of(job_info(1, "train", log=[str(tmp_path / "train.log")]))
    for text, wanted in (("", []), (epoch(1, 1, 1, 2, "50.00%"), ["cell  seed 7"])):
        job.log.write_text(text)
        _, _, *shown, last = lines.failure(job).splitlines()
        assert last.strip().startswith("(here the log breaks off: the process was killed")
        assert [line.strip()[:12] for line in shown] == wanted


@pytest.mark.parametrize(
    ("environment", "configs", "command"),
    [
        ({}, [Path("config/demo.yaml").absolute()], "The same command with --config partial=True"),
        ({"MAKELEVEL": "1"}, [], "make report-partial"),
        ({"MAKELEVEL": "1"}, [Path("config/demo.yaml").absolute()], "make report-partial CONFIG=config/demo.yaml"),
    ],
)
def test_after_a_failed_cell_the_command_of_a_partial_page_is_named(monkeypatch, environment, configs, command):
    monkeypatch.delenv("MAKELEVEL", raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    run = RunProgress()
    run.plan({"train": 1, "total": 1})
    run.begin(1, Job.of(job_info(1, "train", wildcards={"cell": "wide"})))
    run.fail(1)
    summary = lines.summary(run, False, partial_command(configs))
    assert summary.endswith(f"run the same command to continue. {command} makes a page of the finished cells.")


def test_rules_without_a_job_are_not_counted():
    run = RunProgress()
    run.plan({"train": 1, "evaluate": 1, "cell": 1, "total": 3})
    assert lines.overview(run) == "2 jobs: 1 train, 1 evaluate"
    run.plan({"cell": 1, "total": 1})
    assert lines.overview(run) == lines.NOTHING


def test_messages_of_snakemake_on_its_own_work_are_left_out(capsys):
    progress = Progress(sys.stdout, live=False)
    for text in (
        "Config file config/config.yaml is extended by additional config specified via the command line.",
        "Cannot restore results/data/mnist/train-labels-idx1-ubyte.gz: no backup found.",
        NOTHING_TO_BE_DONE_MSG,
    ):
        progress.emit(logging.LogRecord("snakemake", logging.WARNING, "", 0, text, None, None))
    assert capsys.readouterr().out == f"{lines.NOTHING}\n"
    progress.goal = lambda: "The page: results/report.html"
    progress.emit(logging.LogRecord("snakemake", logging.INFO, "", 0, NOTHING_TO_BE_DONE_MSG, None, None))
    assert capsys.readouterr().out == f"{lines.NOTHING}\nThe page: results/report.html\n"


@pytest.mark.parametrize(("columns", "cell"), [(100, "epoch 12/15, seed 2/3"), (60, "12/15 seed 2/3")])
def test_the_live_view_fits_its_terminal(training, monkeypatch, columns, cell):
    """At 60 columns the epochs are in a shorter form, so that they are not cut off."""
    monkeypatch.setenv("COLUMNS", str(columns))
    run = RunProgress()
    run.plan({"train": 2, "total": 2})
    training.seeds, training.epochs, training.latest, training._epochs = 3, 15, (2, 12), {1: 15, 2: 12}
    training.accuracy = "95.75%"
    run.begin(1, Job("train", "learning-rate-0.05", None, [], [], training, time.time()))
    run.running[1]._clock -= 13.5  # for 27 epochs of 45
    shown = io.StringIO()
    view = LiveView(run, shown)
    view.stop()
    view._console.print(view.draw())
    row = next(line for line in shown.getvalue().splitlines() if line.startswith("train"))
    assert f" {cell} " in row and "95.75%" in row and len(row) <= columns
    assert row.endswith("0:14, 0:09 left" if columns == 100 else " 0:14")


def test_the_first_ctrl_c_ends_the_run_and_others_change_nothing(monkeypatch):
    interrupted = []
    # otherwise the processes of these tests
    monkeypatch.setattr("experiment_grid.progress.handler.interrupt_jobs", lambda: interrupted.append("jobs"))
    progress = Progress(sys.stdout, live=False)
    with pytest.raises(SystemExit, match="before the first job"):
        progress.interrupt()
    progress = Progress(sys.stdout, live=False)
    progress._handle(SimpleNamespace(event="run_info", stats={"prepare": 1, "total": 1}))
    with pytest.raises(KeyboardInterrupt):
        progress.interrupt()
    progress.interrupt()
    assert interrupted == ["jobs"]


def test_a_failure_has_the_message_of_the_executor(capsys):
    progress = Progress(sys.stdout, live=False)
    progress._handle(SimpleNamespace(event="job_info", **vars(job_info(1, "train"))))
    said = "SLURM sbatch failed. The error message was 'sbatch: error: no'.\n    sbatch call:\n        sbatch -p"
    progress._handle(SimpleNamespace(event="job_error", jobid=1, rule_msg=said))
    shown = capsys.readouterr().out.splitlines()
    assert shown[-1] == "    SLURM sbatch failed. The error message was 'sbatch: error: no'."
