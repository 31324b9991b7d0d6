"""Which device a job gets."""

from types import SimpleNamespace

import pytest
import torch

from experiment_grid.runtime.errors import UserError
from experiment_grid.training.devices import device_for, set_arithmetic


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


@pytest.mark.gpu
def test_with_a_gpu_auto_is_the_gpu(tmp_path):
    with device_for("auto", 1, tmp_path) as device:
        assert device.type == "cuda"
        assert len(list(tmp_path.iterdir())) == 1


@pytest.fixture
def usual_arithmetic():
    yield
    set_arithmetic({}, torch.device("cuda"))
    torch.use_deterministic_algorithms(False)


def test_products_of_a_gpu_are_in_float32_unless_a_cell_asks_for_less(usual_arithmetic):
    """PyTorch's settings can be made without a GPU."""
    kernels = torch.backends.cuda.matmul, torch.backends.cudnn.conv, torch.backends.cudnn.rnn
    for parameters, wanted in (({}, False), ({"tf32": True}, True), ({}, False)):
        set_arithmetic(parameters, torch.device("cuda"))
        assert {one.fp32_precision == "tf32" for one in kernels} == {wanted}


def test_deterministic_kernels_are_asked_for_on_a_gpu_alone(usual_arithmetic):
    for device, wanted in (("cuda", True), ("cpu", False)):
        set_arithmetic({"deterministic": True}, torch.device(device))
        assert torch.are_deterministic_algorithms_enabled() is wanted
    set_arithmetic({"deterministic": True}, torch.device("cuda"))
    set_arithmetic({}, torch.device("cuda"))
    assert not torch.are_deterministic_algorithms_enabled()
