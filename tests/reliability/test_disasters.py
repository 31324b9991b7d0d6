"""Disasters from outside: no memory, signals, a clock set back, a results folder that disappears, two clones."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from faults import Faults, Run, trained
from project import command_of, copy_project, environment_of, planned_jobs, snakemake

NARROW = ("--", "results/cells/narrow/evaluation.csv")
HOLD = ("hold", "partial/narrow/seed1.epoch2", 1)


def test_a_cell_that_exceeds_a_limit_of_memory_ends_with_a_line_and_the_others_continue(project):
    config = project / "config/small.yaml"
    text = config.read_text("utf-8").replace(
        "  - name: narrow", "  - name: huge\n    hidden: [65536, 65536]\n  - name: narrow"
    )
    config.write_text(text.replace("learning_rate: 0.02", "learning_rate: 0.03"), "utf-8")
    limited = "ulimit -v 12000000; exec " + " ".join(command_of("--keep-going"))
    environment = environment_of(PROGRESS="lines", OPENBLAS_NUM_THREADS="1")
    done = subprocess.run(["bash", "-c", limited], cwd=project, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "out of memory; a smaller batch_size or a smaller model takes less" in done.stderr
    assert "Traceback" not in done.stderr
    assert (project / "results/cells/narrow/evaluation.csv").is_file()
    assert not (project / "results/cells/huge/run.json").exists()


def test_sigterm_to_snakemake_alone_lets_its_jobs_end_and_starts_no_other(unfinished, tmp_path):
    faults = Faults(tmp_path / "faults", HOLD)
    with Run(unfinished, *NARROW, **faults.environment) as run:
        run.wait_for("the second epoch", faults.held)
        run.process.send_signal(signal.SIGTERM)
        time.sleep(1)
        faults.release()
        assert run.finish() != 0
        assert not run.rest()
    assert "Traceback" not in run.said
    assert planned_jobs(unfinished, *NARROW) == ["evaluate narrow"]


def test_sighup_to_snakemake_alone_is_like_a_kill(unfinished, finished, tmp_path):
    faults = Faults(tmp_path / "faults", HOLD)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup, the tests' processes would inherit that it is ignored
    with Run(unfinished, *NARROW, **faults.environment) as run:
        trainer = run.wait_for("the second epoch", faults.held)
        run.process.send_signal(signal.SIGHUP)
        assert run.finish() != 0
        with Run(unfinished, *NARROW) as second:
            waiting = f"train narrow: process {trainer} of an earlier run is still running; waiting"
            second.wait_for("the message about the trainer", lambda: waiting in second.said)
            faults.release()
            assert second.finish() == 0, second.said
    assert trained(unfinished / "results", "narrow") == trained(finished / "results", "narrow")


def test_a_run_that_is_stopped_and_continued_ends_like_any_other(unfinished, finished, tmp_path):
    faults = Faults(tmp_path / "faults", HOLD)
    with Run(unfinished, *NARROW, **faults.environment) as run:
        run.wait_for("the second epoch", faults.held)
        run.signal_all(signal.SIGSTOP)
        faults.release()
        time.sleep(2)
        assert run.process.poll() is None
        run.signal_all(signal.SIGCONT)
        assert run.finish() == 0, run.said
    assert trained(unfinished / "results", "narrow") == trained(finished / "results", "narrow")


def shift(results: Path, seconds: int) -> None:
    """Shift the times of files and in records, as if they had been written so many seconds later."""
    for path in sorted(path for path in results.rglob("*") if path.is_file()):
        stat = path.stat()
        if path.suffix == ".json" and "outputs" in (record := json.loads(path.read_text("utf-8"))):
            for output in record["outputs"].values():
                output["mtime_ns"] += seconds * 10**9
            path.write_text(json.dumps(record), "utf-8")
        if stat.st_mtime > 10**9:  # plans of kept jobs have a time of their own
            os.utime(path, (stat.st_atime + seconds, stat.st_mtime + seconds))


def test_after_a_clock_was_set_back_results_are_kept(unfinished, finished):
    """Every file is from tomorrow."""
    shift(unfinished / "results", 86_400)
    cell = ["evaluate narrow", "train narrow"]
    assert planned_jobs(unfinished, *NARROW) == cell
    assert snakemake(unfinished, *NARROW).returncode == 0
    assert planned_jobs(unfinished, *NARROW) == []
    assert snakemake(unfinished).returncode == 0
    assert planned_jobs(unfinished) == []
    assert trained(unfinished / "results", "narrow") == trained(finished / "results", "narrow")


def test_a_results_folder_that_disappears_is_reported_and_nothing_is_written_in_its_place(
    unfinished, finished, tmp_path
):
    faults = Faults(tmp_path / "faults", HOLD)
    results, away = unfinished / "results", unfinished / "away"
    with Run(unfinished, *NARROW, PROGRESS="lines", **faults.environment) as run:
        run.wait_for("the second epoch", faults.held)
        results.rename(away)
        results.mkdir()  # where it was mounted
        faults.release()
        assert run.finish() != 0
        said = run.said
    assert "error: results: is another folder than when this job started, or gone" in said
    assert "Traceback" not in said
    assert [path for path in results.rglob("*") if path.is_file() and path.stat().st_size] == []
    shutil.rmtree(results)
    away.rename(results)
    assert snakemake(unfinished, *NARROW).returncode == 0
    assert trained(results, "narrow") == trained(finished / "results", "narrow")


def test_two_clones_on_one_results_folder(unfinished, finished, tmp_path):
    """The second run is refused while the first one works, and keeps its results afterwards."""
    shared, clone = unfinished / "results", copy_project(tmp_path / "clone")
    config = clone / "config/small.yaml"
    config.write_text(config.read_text("utf-8").replace("results: results", f"results: {shared}"), "utf-8")
    faults = Faults(tmp_path / "faults", HOLD)
    with Run(unfinished, **faults.environment) as run:
        run.wait_for("the second epoch", faults.held)
        refused = snakemake(clone)
        assert refused.returncode != 0
        assert f"another run (process {run.process.pid}) is working in this folder" in refused.stderr
        faults.release()
        assert run.finish() == 0, run.said
    assert planned_jobs(clone) == []
    assert snakemake(clone).returncode == 0
    assert planned_jobs(unfinished) == []
    assert trained(shared, "narrow") == trained(finished / "results", "narrow")
