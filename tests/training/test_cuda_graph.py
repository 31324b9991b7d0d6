"""A step as a CUDA graph leaves the same bits as the eager step; where it would not, training stays eager.

On a GPU, and without one with graphs simulated on the CPU (simulated_graphs.py).
"""

import pytest
import torch
from replayed import CHANGING, ORDINARY, left, same, target, trainer
from simulated_graphs import SimulatedGraphs

from experiment_grid.training import cuda_graph, loop
from experiment_grid.training.cuda_graph import WARM, Captured
from experiment_grid.training.resumable_epochs import EpochStore
from experiment_grid.training.step_replay import CHECKS

REPLAYED = 19 - WARM - CHECKS  # of the first epoch's 19 whole batches


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)], autouse=True)
def device(request, monkeypatch):
    """The device to train on; epochs as small as here are captured too."""
    monkeypatch.setattr(cuda_graph, "FEW", 8)
    if request.param == "cpu":
        monkeypatch.setattr(loop, "graphs_on", SimulatedGraphs)
    return request.param


@pytest.fixture
def replays(monkeypatch):
    """An item for every replayed step, without those of checks."""
    found = []
    replay = Captured._replay

    def counted(self, capture, arguments):
        found.extend([1] * (capture.checks == CHECKS))
        return replay(self, capture, arguments)

    monkeypatch.setattr(Captured, "_replay", counted)
    return found


def trained(device, epochs, **changes):
    one = trainer(device, **changes)
    return one, [left(one.epoch(number), one) for number in range(1, epochs + 1)]


def replaced(one):
    """What replaces the eager step, or its gradients."""
    (found,) = (part for part in (one.learn, one.whole_step) if isinstance(part, Captured))
    return found


def equal_over_epochs(device, epochs=3, **changes):
    """Train eagerly and captured, with the same bits at every epoch; returns the second trainer."""
    _, wanted = trained(device, epochs, step="eager", **changes)
    one, found = trained(device, epochs, **changes)
    if not all(map(same, found, wanted)) and not all(
        map(same, wanted, trained(device, epochs, step="eager", **changes)[1])
    ):
        pytest.skip("two eager trainings on this GPU differ")
    assert [same(*pair) for pair in zip(found, wanted, strict=True)] == [True] * epochs
    assert len({*map(str, wanted)}) == epochs  # it learns
    return one


WHOLE = [
    *({"model": target(name)} for name in ORDINARY),
    {"model": "cnn", "batch_norm": True, "dropout": 0.2},
    {"model": "linear"},
    *({"loss": name} for name in ("cross_entropy", "mse", "multi_margin", "odd_components.focal")),
    *({"optimizer": name} for name in ("adam", "adamw")),
    {"optimizer": {"_target_": "torch.optim.Adam", "amsgrad": True, "weight_decay": 0.01}},
    {"momentum": 0.0},
    {"gradient_clip": 0.1, "l1": 1e-3, "dropout": 0.3},
    {"gradient_clip": 0.1, "optimizer": "adam", "model": target("Transformer")},
    {"amp": "bf16", "batch_norm": True, "dropout": 0.2},
    {"schedule": {"_target_": "torch.optim.lr_scheduler.CosineAnnealingLR", "warmup": 0.5, "interval": "step"}},
    {"schedule": {"_target_": "torch.optim.lr_scheduler.ExponentialLR", "gamma": 0.5}, "optimizer": "adamw"},
]


@pytest.mark.parametrize("changes", WHOLE, ids=str)
def test_a_whole_step_is_one_graph(changes, device, replays):
    one = equal_over_epochs(device, **changes)
    assert not replaced(one).why
    assert one.whole_step is replaced(one)
    assert len(replays) == REPLAYED + 2 * (19 - 1)


GRADIENTS = [
    {"optimizer": "rmsprop"},
    {"optimizer": "torch.optim.NAdam", "dropout": 0.3},
    {"optimizer": {"_target_": "torch.optim.LBFGS", "max_iter": 3}, "learning_rate": 0.1},
    {"optimizer": "odd_components.Own", "gradient_clip": 0.1},
    {"optimizer": target("Hoarding")},
    {"schedule": {"_target_": "torch.optim.lr_scheduler.OneCycleLR", "warmup": 0.5, "interval": "step"}},
]


@pytest.mark.parametrize("changes", GRADIENTS, ids=str)
def test_other_optimizers_and_what_changes_more_than_the_rate_step_outside_of_the_graph(changes, device, replays):
    one = equal_over_epochs(device, **changes)
    assert not replaced(one).why
    assert one.learn is replaced(one)
    assert len(replays) >= REPLAYED + 2 * (19 - 1)


NOT_CAPTURED = CHANGING | {"Seeding": "", "CheckpointedDropout": ""}


@pytest.mark.parametrize("name", NOT_CAPTURED)
def test_a_model_that_a_graph_would_train_differently_trains_eagerly(name, device, replays, capsys):
    one = equal_over_epochs(device, model=target(name))
    assert not replays
    why = replaced(one).why
    assert why and NOT_CAPTURED[name] in why
    assert f"seed 1: steps are not captured, {why}\n" in capsys.readouterr().out


def test_an_lstm_trains_with_the_same_bits(device):
    equal_over_epochs(device, model=target("LSTM"))


@pytest.mark.gpu
@pytest.mark.parametrize("device", ["cuda"], indirect=True)
def test_every_gpu_captures(device, replays):
    for index in range(torch.cuda.device_count()):
        with torch.cuda.device(index):
            assert not replaced(equal_over_epochs(f"cuda:{index}", dropout=0.3)).why
    assert len(replays) == torch.cuda.device_count() * (REPLAYED + 2 * (19 - 1))


@pytest.mark.gpu
@pytest.mark.parametrize("device", ["cuda"], indirect=True)
@pytest.mark.parametrize("changes", [{}, {"model": "cnn"}, {"tf32": True}, {"amp": "bf16"}], ids=str)
def test_deterministic_kernels_are_captured(changes, device):
    assert not replaced(equal_over_epochs(device, deterministic=True, **changes)).why


OTHERS = [
    ({"loss": target("ChangingGamma")}, "the loss.steps changes"),
    ({"loss": "odd_components.CountingLoss"}, "the loss.calls changes"),
    ({"loss": "odd_components.MovingLoss"}, "the loss._buffers[scale] changes"),
    ({"optimizer": target("Rebinding")}, cuda_graph.OTHER_MEMORY),
    ({"optimizer": target("Freezing")}, cuda_graph.OTHER_MEMORY),
    ({"optimizer": target("Adding")}, "keeps gradients"),
]


@pytest.mark.parametrize(("changes", "reason"), OTHERS, ids=str)
def test_losses_and_optimizers_that_a_graph_would_train_differently_train_eagerly(changes, reason, device):
    assert reason in replaced(equal_over_epochs(device, **changes)).why


def test_a_change_by_validation_in_python_is_captured_again(device, replays):
    one = equal_over_epochs(device, model=target("AnotherAfterValidation"))
    assert not replaced(one).why
    assert len(replays) == REPLAYED + 2 * (REPLAYED - 1)


def test_an_invisible_change_by_validation_is_found_by_the_check_of_an_epoch(device, replays):
    one = equal_over_epochs(device, model=target("AnotherByGlobal"))
    assert replaced(one).why == "a replay does not give the same bits"
    assert len(replays) == REPLAYED


@pytest.mark.parametrize("changes", [{"dropout": 0.3}, {"optimizer": "rmsprop", "dropout": 0.3}], ids=str)
def test_a_capture_that_fails_leaves_an_eager_training(changes, device, replays, monkeypatch):
    """It reads a value, which was not noticed before; random numbers are drawn afterwards."""
    monkeypatch.setattr(cuda_graph.Watcher, "refuse", lambda self, why: None)
    loss = {"_target_": "odd_components.focal"}
    monkeypatch.setattr("odd_components.focal", reading)
    one = equal_over_epochs(device, loss=loss, **changes)
    assert not replays
    assert replaced(one).why.startswith("it cannot be captured (")
    assert same(trained(device, 2, **changes)[1][1], trained(device, 2, step="eager", **changes)[1][1])


def reading(logits, labels):
    value = torch.nn.functional.cross_entropy(logits, labels)
    return value * 2 if value.item() > 1 else value


def test_a_graph_that_gives_other_bits_is_not_used(device, replays, monkeypatch):
    capture = cuda_graph.Graphs.capture if device == "cuda" else SimulatedGraphs.capture

    def wrong(self, compute):
        replay, answer = capture(self, compute)
        return lambda: (replay(), answer[0].add_(1e-3)), answer

    monkeypatch.setattr(cuda_graph.Graphs if device == "cuda" else SimulatedGraphs, "capture", wrong)
    assert replaced(equal_over_epochs(device)).why == "a replay does not give the same bits"
    assert not replays


def test_sizes_of_few_batches_are_not_captured(device, replays):
    equal_over_epochs(device, batch_size=60)
    assert not replays


@pytest.mark.parametrize(
    "changes", [{"dropout": 0.3}, {"model": "cnn", "batch_norm": True}, {"optimizer": "adam"}], ids=str
)
def test_resuming_after_a_kill_gives_the_bits_of_an_undisturbed_run(changes, device, tmp_path):
    _, wanted = trained(device, 4, **changes)
    store, killed = EpochStore(tmp_path, {}), trainer(device, **changes)
    for number in (1, 2):
        store.write(killed.epoch(number))
    again = trainer(device, **changes)
    again.resume(store.read(1, 2))
    assert [same(left(again.epoch(number), again), wanted[number - 1]) for number in (3, 4)] == [True, True]
