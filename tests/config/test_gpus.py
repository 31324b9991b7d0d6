"""GPUs are counted without torch, as CUDA_VISIBLE_DEVICES allows."""

import pytest

from experiment_grid.config import gpus


@pytest.fixture
def two_gpus(tmp_path, monkeypatch):
    for bus in ("0000:01:00.0", "0000:02:00.0"):
        (tmp_path / bus).mkdir()
    monkeypatch.setattr(gpus, "DRIVER", tmp_path)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)


def test_configured_number_counts(two_gpus):
    assert gpus.gpus_available(8) == 8
    assert gpus.gpus_available(0) == 0


@pytest.mark.parametrize(
    ("visible", "count"),
    [
        (None, 2),
        ("", 0),
        ("1", 1),
        ("0,1", 2),
        ("0,1,2", 2),
        ("-1", 0),
        ("0,-1,1", 1),
        ("GPU-8932f937", 1),
        ("NoDevFiles", 0),
    ],
)
def test_devices_that_may_be_used(two_gpus, monkeypatch, visible, count):
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert gpus.gpus_available("auto") == count


def test_a_slurm_job_that_was_given_no_gpu_has_none(two_gpus, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    assert gpus.gpus_available("auto") == 0
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert gpus.gpus_available("auto") == 1


def test_without_the_drivers_folder_nvidia_smi_is_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(gpus, "DRIVER", tmp_path / "none")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpus.gpus_available("auto") == 0
    command = tmp_path / "nvidia-smi"
    command.write_text("#!/bin/sh\necho 'GPU 0: H200 (UUID: GPU-1)'\necho '  MIG 1g'\n")
    command.chmod(0o755)
    assert gpus.gpus_available("auto") == 1


def test_a_cluster_whose_gpus_may_be_overlooked_gets_a_hint():
    assert "--config gpus=N" in gpus.overlooked("auto", 0, {"cpu", "auto"})
    for configured, found, devices in (8, 8, {"auto"}), (0, 0, {"auto"}), ("auto", 1, {"auto"}), ("auto", 0, {"cpu"}):
        assert gpus.overlooked(configured, found, devices) is None


def test_auto_does_not_take_the_gpu_of_a_mac():
    wanted = ("auto", 0), ("auto", 2), ("cpu", 2), ("cuda", 2), ("mps", 0)
    assert [gpus.trains_on(*one) for one in wanted] == ["cpu", "cuda", "cpu", "cuda", "mps"]
