"""The device that a job gets, and its arithmetic."""

from types import SimpleNamespace

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from trained_cell import canonical

from experiment_grid.runtime.errors import UserError
from experiment_grid.training import loop
from experiment_grid.training.devices import device_for, set_arithmetic, synchronize
from experiment_grid.training.randomness import EPOCH, seed_all


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


def test_a_mac_uses_its_gpu_where_it_is_asked_for(tmp_path, monkeypatch):
    with pytest.raises(UserError, match="finds no Metal GPU on this machine"), device_for("mps", 1, tmp_path):
        pass
    done = []
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: True)
    monkeypatch.setattr("torch.mps.synchronize", lambda: done.append("waited"))
    monkeypatch.setattr("torch.mps.manual_seed", done.append)
    with device_for("auto", 0, tmp_path) as device:
        assert device.type == "cpu"
    with device_for("mps", 1, tmp_path) as device:
        assert device.type == "mps"
        synchronize(device)
    for _ in range(2):
        seed_all(1, EPOCH, 1)
    assert done[0] == "waited" and done[1] == done[2] == torch.default_generator.initial_seed()


class Float64Refused(TorchDispatchMode):
    """As on MPS, for which the device `meta` is used here."""

    operations = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if isinstance(out, torch.Tensor) and out.device.type == "meta":
            self.operations += 1
            assert out.dtype != torch.float64, func
        return out


@pytest.mark.parametrize("model", ["mlp", "cnn"])
def test_an_epoch_on_a_mac_is_eager_and_has_float64_on_the_cpu_alone(model, monkeypatch):
    """`meta` refuses to mix devices, and to return numbers: the losses, at the end of the epoch. It has no kernels for
    fused optimizers."""
    monkeypatch.setattr(loop, "on_mps", lambda device: device.type == "meta")
    parameters = canonical(model=model, optimizer="adagrad", gradient_clip=1.0, l1=0.1)
    images, labels = (torch.empty(size, dtype=torch.uint8, device="meta") for size in ((300, 6, 5), (300,)))
    with Float64Refused() as mode:
        trainer = loop.Trainer("cell", parameters, 1, images, labels, 4)
        assert trainer.learn is loop.gradients
        with pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor"):
            trainer._train(2)
    assert mode.operations > 8 * len(trainer.sizes)


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
