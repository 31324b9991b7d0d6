"""Runs interrupted from outside: by Ctrl-C, kill -9 of Snakemake, a second run; results folders that fail."""

import os
import re
import signal
import subprocess
from pathlib import Path

import psutil
import pytest
from faults import Faults, Run, skip_without_mounts, trained
from project import command_of, copy_project, environment_of, planned_jobs, snakemake

NARROW = ("--", "results/cells/narrow/evaluation.csv")


def test_ctrl_c_then_kill_9_then_a_second_run_at_once(unfinished, finished, tmp_path):
    """The training is held in its 2nd epoch, then in its 3rd; the epochs before are not trained again."""
    faults = Faults(tmp_path / "faults", ("hold", "partial/narrow/seed1.epoch2", 1), ("hold", "narrow/seed2.epoch1", 1))
    with Run(unfinished, *NARROW, **faults.environment) as first:
        first.wait_for("the second epoch", lambda: faults.held(0))
        first.signal_all(signal.SIGINT)
        assert first.finish() != 0
        psutil.wait_procs(first.rest(), timeout=10)
        assert not first.rest()
    assert "Interrupted" in first.said
    assert "Traceback" not in first.said

    with Run(unfinished, *NARROW, **faults.environment) as second:
        orphan = second.wait_for("the third epoch", lambda: faults.held(1))
        log = (unfinished / "results/logs/train/narrow.log").read_text()
        assert "resuming after epoch 1" in log

        refused = snakemake(unfinished, *NARROW)
        assert refused.returncode != 0
        assert f"results: another run (process {second.process.pid}) is working in this folder" in refused.stderr
        assert "Traceback" not in refused.stdout + refused.stderr

        second.process.kill()
        second.finish()
        with Run(unfinished, *NARROW) as third:
            waiting = f"train narrow: process {orphan} of an earlier run is still running; waiting"
            third.wait_for("the message about the orphan", lambda: waiting in third.said)
            os.kill(orphan, signal.SIGKILL)
            assert third.finish() == 0, third.said
    log = (unfinished / "results/logs/train/narrow.log").read_text()
    assert "resuming after epoch 2" in log
    assert trained(unfinished / "results", "narrow") == trained(finished / "results", "narrow")
    assert not (unfinished / "results/partial/narrow").exists()


def test_a_training_that_ends_while_snakemake_is_held_is_kept(unfinished, finished, tmp_path):
    """Snakemake is stopped, its job ends well, and Snakemake is interrupted before it sees that."""
    faults = Faults(tmp_path / "faults", ("hold", "partial/narrow/seed2.epoch2", 1))
    with Run(unfinished, *NARROW, **faults.environment) as run:
        trainer = psutil.Process(run.wait_for("the last epoch", lambda: faults.held(0)))
        run.process.send_signal(signal.SIGSTOP)
        faults.release()
        run.wait_for("the trainer's end", lambda: not alive(trainer))
        run.process.send_signal(signal.SIGINT)
        run.process.send_signal(signal.SIGCONT)
        assert run.finish() != 0
    assert planned_jobs(unfinished, *NARROW) == ["evaluate narrow"]
    log = unfinished / "results/logs/train/narrow.log"
    before = log.read_text()
    assert snakemake(unfinished, *NARROW).returncode == 0
    assert log.read_text() == before
    assert trained(unfinished / "results", "narrow") == trained(finished / "results", "narrow")


def alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_nothing_is_removed_while_a_trainer_outlives_its_snakemake(unfinished, tmp_path):
    faults = Faults(tmp_path / "faults", ("hold", "partial/narrow/seed1.epoch2", 1))
    with Run(unfinished, *NARROW, **faults.environment) as run:
        trainer = run.wait_for("the second epoch", lambda: faults.held(0))
        run.process.kill()
        run.finish()
        config = unfinished / "config/small.yaml"
        whole = config.read_text()
        config.write_text(whole.replace("  - name: narrow\n    learning_rate: 0.02\n", ""))
        for command in ("clean", "prune"):
            done = snakemake(unfinished, "--quiet", "all", "--", command, YES="1")
            assert done.returncode != 0
            assert f"results: process {trainer} is still running train narrow; nothing removed" in done.stderr
            assert "Traceback" not in done.stdout + done.stderr
        assert (unfinished / "results/partial/narrow/seed1.epoch1.safetensors").is_file()
        config.write_text(whole)
        with Run(unfinished, *NARROW) as next_run:
            waiting = f"train narrow: process {trainer} of an earlier run is still running; waiting"
            next_run.wait_for("the message about the trainer", lambda: waiting in next_run.said)


def run_after(commands: str, folder: Path) -> subprocess.CompletedProcess:
    """Run Snakemake in `folder` after commands of the shell that may mount file systems, which end with it."""
    skip_without_mounts()
    command = ["unshare", "-rm", "sh", "-c", f"{commands}exec {' '.join(command_of())}"]
    return subprocess.run(command, cwd=folder, env=environment_of(), capture_output=True, text=True, timeout=100)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ("mount -o remount,ro results", r"results/\.lock: cannot be written \(Read-only file system\)"),
        ("cat /dev/zero > results/filler || true", r"results/plan/\S+: cannot be written \(No space left on device\)"),
    ],
)
def test_a_folder_that_cannot_be_written_gives_a_line(unfinished, damage, message):
    (unfinished / "results").rename(unfinished / "full")
    (unfinished / "results").mkdir()
    before = "mount -t tmpfs -o size=8m tmpfs results && cp -a full/. results/ && { " + damage + "; } && "
    done = run_after(before, unfinished)
    assert done.returncode != 0
    assert re.search(
        rf"^{message}; free some space or fix the permissions, or move the results: ", done.stderr, re.MULTILINE
    )
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("name", ["results", "results/cells/narrow"])
def test_a_file_in_a_folders_place_gives_a_line(unfinished, name):
    (unfinished / name).rename(unfinished / "elsewhere")
    (unfinished / name).write_text("mine")
    done = snakemake(unfinished)
    assert done.returncode != 0
    assert done.stderr.endswith(
        f"\n{name}: is a file, a folder is needed; move it away, and run the same command again\n"
    )
    assert "Traceback" not in done.stdout + done.stderr


def test_a_results_folder_that_is_not_mounted_gives_a_line(tmp_path):
    project = copy_project(tmp_path / "project")
    (project / "results").symlink_to("/nowhere/results")
    done = snakemake(project)
    assert done.returncode != 0
    assert (
        "\nresults: is a link to /nowhere/results, which is not there (not mounted?); a folder is needed" in done.stderr
    )
    assert "Traceback" not in done.stdout + done.stderr


def test_a_project_on_a_full_disk_is_reported_without_tracebacks(unfinished):
    """Snakemake's own log has no room either."""
    (unfinished / "small").mkdir()
    whole = " ".join(path.name for path in unfinished.iterdir() if path.name not in ("small", "faults"))
    before = f"mount -t tmpfs -o size=24m tmpfs small && cp -a {whole} small/ && cd small && cat /dev/zero > filler"
    done = run_after(f"{before} || ", unfinished)
    assert done.returncode != 0
    assert "cannot be written (No space left on device); free some space or fix the permissions" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_results_on_another_file_system(unfinished, finished, tmp_path_factory):
    """`results` is a link to a file system in memory: no rename may cross over."""
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("needs /dev/shm, another file system")
    elsewhere = f"/dev/shm/{tmp_path_factory.getbasetemp().name}-{os.getpid()}"
    try:
        subprocess.run(["mv", unfinished / "results", elsewhere], check=True)
        (unfinished / "results").symlink_to(elsewhere)
        done = snakemake(unfinished, *NARROW)
        assert done.returncode == 0, done.stdout + done.stderr
        assert trained(unfinished / "results", "narrow") == trained(finished / "results", "narrow")
    finally:
        subprocess.run(["rm", "-rf", elsewhere], check=True)
