"""Which device a job gets."""

from types import SimpleNamespace

import pytest
import torch

from experiment_grid.runtime.errors import UserError
from experiment_grid.training.devices import device_for


def test_cpu_where_no_gpu_was_given(tmp_path):
    for wanted, gpus in (("cpu", 0), ("cpu", 1), ("auto", 0)):
        with device_for(wanted, gpus, tmp_path) as device:
            assert device == torch.device("cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_without_a_gpu_auto_is_the_cpu_and_cuda_an_error(tmp_path):
    with device_for("auto", 1, tmp_path) as device:
        assert device == torch.device("cpu")
    with pytest.raises(UserError) as caught, device_for("cuda", 1, tmp_path):
        pass
    assert str(caught.value) == (
        "device: cuda: PyTorch finds no CUDA device on this machine; set device to cpu or auto"
    )


def test_each_job_has_a_gpu_of_its_own_and_gives_it_back(tmp_path, monkeypatch):
    """PyTorch's answers on a machine with two GPUs."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.setattr("torch.cuda.get_device_properties", lambda index: SimpleNamespace(uuid=f"GPU-{index}"))
    chosen = []
    monkeypatch.setattr("torch.cuda.set_device", chosen.append)
    with device_for("auto", 1, tmp_path) as first:
        with device_for("cuda", 1, tmp_path) as second:
            assert {first.index, second.index} == {0, 1}
        with device_for("auto", 1, tmp_path) as third:
            assert third == second
    assert chosen == [first, second, third]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_with_a_gpu_auto_is_the_gpu(tmp_path):
    with device_for("auto", 1, tmp_path) as device:
        assert device.type == "cuda"
        assert len(list(tmp_path.iterdir())) == 1
