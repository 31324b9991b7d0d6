"""A recorded step leaves the same bits as the eager step; where a replay would not, training stays eager."""

import numpy as np
import pytest
import torch
from replayed import CHANGING, ORDINARY, left, same, target, trainer

from experiment_grid.training import step_replay
from experiment_grid.training.resumable_epochs import EpochStore
from experiment_grid.training.step_recorder import READING, Recorder, reads_noticed

REPLAYED = 19 - 1 - step_replay.CHECKS  # of the first epoch's 19 whole batches


@pytest.fixture(autouse=True)
def small_epochs(monkeypatch):
    """Epochs as small as here are recorded too."""
    monkeypatch.setattr(step_replay, "FEW", 8)


@pytest.fixture
def replays(monkeypatch):
    """An item for every replayed step, without those of checks."""
    found = []
    replay = step_replay.Recording.replay

    def counted(self, *arguments):
        found.extend([1] * (self.checks == step_replay.CHECKS))
        return replay(self, *arguments)

    monkeypatch.setattr(step_replay.Recording, "replay", counted)
    return found


def equal_over_epochs(replays, epochs=3, **changes):
    """Train eagerly and recorded, with the same bits at every epoch; returns the second trainer."""
    eager = trainer(step="eager", **changes)
    wanted = [left(eager.epoch(number), eager) for number in range(1, epochs + 1)]
    assert not replays
    one = trainer(**changes)
    for number in range(1, epochs + 1):
        assert same(left(one.epoch(number), one), wanted[number - 1]), f"epoch {number}"
    assert len({*map(str, wanted)}) == epochs  # it learns
    return one


RECORDED = [
    *({"model": target(name)} for name in (*ORDINARY, "Noise", "Checkpointed", "Half")),
    {"model": "cnn", "batch_norm": True, "dropout": 0.2},
    {"model": "linear"},
    *({"activation": name} for name in ("gelu", "silu", "elu", "leaky_relu", "tanh", "sigmoid", "prelu")),
    *({"loss": name} for name in ("cross_entropy", "mse", "multi_margin", "odd_components.focal")),
    {"loss": {"_target_": "torch.nn.CrossEntropyLoss", "label_smoothing": 0.1, "reduction": "none"}},
    {"optimizer": "adam"},
    {"optimizer": "torch.optim.NAdam"},
    {"optimizer": {"_target_": "torch.optim.LBFGS", "max_iter": 3}, "learning_rate": 0.1},
    {"optimizer": "odd_components.Own"},
    {"optimizer": target("Hoarding")},
    *({"model": target(name), "gradient_clip": 0.1, "l1": 1e-3} for name in ("Base", "Tied", "Transformer", "Frozen")),
    {"gradient_clip": 0.1, "optimizer": "adam", "init": "kaiming_normal"},
    {"schedule": {"_target_": "torch.optim.lr_scheduler.OneCycleLR", "warmup": 0.5, "interval": "step"}},
]


@pytest.mark.parametrize("changes", RECORDED, ids=str)
def test_ordinary_cells_are_recorded(changes, replays):
    one = equal_over_epochs(replays, **changes)
    assert not one.learn.why
    assert len(replays) >= 3 * REPLAYED


def test_a_resnet_is_recorded(replays):
    images = torch.randint(0, 256, (100, 12, 12), dtype=torch.uint8), torch.arange(100) % 4
    changes = {"model": target("resnet18"), "batch_size": 8, "images": images}
    assert not equal_over_epochs(replays, epochs=2, **changes).learn.why
    assert len(replays) == (10 - 1 - step_replay.CHECKS) + (10 - 1)


NOT_RECORDED = CHANGING | {
    "CounterByNumpy": "numpy reads a tensor into Python",
    "HookByNumpy": "numpy reads a tensor into Python",
    "NoiseByOwnGenerator": "the model.draws state changes",
    "Seeding": "the same bits",
    "CheckpointedDropout": "the same bits",
}


@pytest.mark.parametrize("name", NOT_RECORDED)
def test_a_model_that_a_replay_would_train_differently_trains_eagerly(name, replays, capsys):
    one = equal_over_epochs(replays, model=target(name))
    assert not replays
    why = one.learn.why
    assert NOT_RECORDED[name] in why
    assert f"seed 1: steps are not recorded, {why}\n" in capsys.readouterr().out


def test_a_change_by_validation_in_python_is_recorded_again(replays):
    """A recording lasts from epoch to epoch, after a check, unless the model has changed in between."""
    one = equal_over_epochs(replays, model=target("AnotherAfterValidation"))
    assert not one.learn.why
    assert len(replays) == 3 * REPLAYED - 2  # the first batch of the second and of the third epoch finds it
    replays.clear()
    equal_over_epochs(replays)
    assert len(replays) == REPLAYED + 2 * (19 - 1)


def test_an_invisible_change_by_validation_is_found_by_the_check_of_an_epoch(replays):
    one = equal_over_epochs(replays, model=target("AnotherByGlobal"))
    assert one.learn.why == "a replay does not give the same bits"
    assert len(replays) == REPLAYED


OTHERS = [
    ({"loss": target("ChangingGamma")}, "the loss.steps changes"),
    ({"loss": "odd_components.CountingLoss"}, "the loss.calls changes"),
    ({"loss": "odd_components.MovingLoss"}, "the loss._buffers[scale] changes"),
    ({"model": "odd_components.Remembering"}, "the model._buffers[largest] changes"),
    ({"model": "odd_components.Noisy"}, "draws from random or numpy"),
    ({"optimizer": target("Rebinding")}, "other memory"),
    ({"optimizer": target("Freezing")}, "other memory"),
    ({"optimizer": target("Adding")}, "keeps gradients"),
]


@pytest.mark.parametrize(("changes", "reason"), OTHERS, ids=str)
def test_losses_and_optimizers_that_a_replay_would_train_differently_train_eagerly(changes, reason, replays):
    why = equal_over_epochs(replays, **changes).learn.why
    assert reason in why


READS = {
    "item": lambda x: x.item(),
    "bool": lambda x: bool(x > 0),
    "float": float,
    "a range": lambda x: range(x.long()),
    "an index": lambda x: torch.zeros(9)[x.long()],
    "a slice": lambda x: torch.zeros(9)[: x.long()],
    "a size": lambda x: torch.zeros(x.long()),
    "a number": lambda x: torch.full((2,), x),
    "a list": lambda x: torch.tensor([x, x]),
    "a list of its own dtype": lambda x: torch.as_tensor([x], dtype=torch.float64),
    "numpy": lambda x: x.numpy(),
    "numpy's asarray": lambda x: np.asarray(x),
    "numpy's function": lambda x: np.add(x, 1),
    "tolist": lambda x: x.tolist(),
    "a text": repr,
    "a format": lambda x: f"{x:.2f}",
    "memory": lambda x: x.data_ptr(),
    "equal": lambda x: torch.equal(x, x + 1),
    "allclose": lambda x: torch.allclose(x, x),
    "in": lambda x: 3.0 in x,
    "nonzero": lambda x: x.nonzero(),
    "unique": lambda x: x.unique(),
    "a mask": lambda x: torch.zeros(3)[torch.tensor([True, False, True]) & (x > 0)],
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_reading_a_value_is_noticed(read):
    recorder, before = Recorder(), [getattr(torch.Tensor, name) for name in READING]
    with reads_noticed(recorder), recorder:
        read(torch.ones(()) * 2)
    assert recorder.why
    assert before == [getattr(torch.Tensor, name) for name in READING]


def test_an_lstm_trains_with_the_same_bits(replays):
    equal_over_epochs(replays, model=target("LSTM"))


@pytest.mark.parametrize("model", ["Averaging", "Dropout", "BatchNorm", "Clamped", "SpectralNorm"])
def test_a_replay_that_fails_leaves_nothing_behind(model, replays, monkeypatch):
    """The fourth replay of an epoch fails in its last operation; that batch and the rest of the epoch are eager."""
    finish = step_replay.Recording.finish

    def with_a_fault(self, *arguments):
        why, calls = finish(self, *arguments), []

        def fail():
            calls.append(1)
            if len(calls) == step_replay.CHECKS + 4:
                raise RuntimeError("no memory")

        self.operations.append(fail)
        return why

    monkeypatch.setattr(step_replay.Recording, "finish", with_a_fault)
    one = equal_over_epochs(replays, model=target(model))
    assert len(replays) == 4  # and none after that
    assert one.learn.why == "a replay fails (RuntimeError: no memory)"


def test_a_replay_that_gives_other_bits_is_not_used(replays, monkeypatch):
    operations = step_replay.operations
    monkeypatch.setattr(step_replay, "operations", lambda calls: operations(calls)[:-1])
    assert equal_over_epochs(replays).learn.why == "a replay does not give the same bits"
    assert not replays


def test_a_step_that_cannot_be_watched_is_done_again(replays, monkeypatch):
    def fail(self, *arguments, **more):
        raise RuntimeError("no modes here")

    monkeypatch.setattr(step_replay.Recorder, "__torch_dispatch__", fail)
    why = equal_over_epochs(replays, model=target("Averaging")).learn.why
    assert why.startswith("it cannot be watched (") and "no modes here" in why


def test_a_step_that_needs_too_much_memory_is_eager(replays, monkeypatch):
    monkeypatch.setattr("experiment_grid.training.step_recorder.MOST_BYTES", 5_000)
    why = equal_over_epochs(replays).learn.why
    assert "MiB" in why


def test_sizes_of_few_batches_are_not_recorded(replays):
    equal_over_epochs(replays, batch_size=60)
    assert not replays


@pytest.mark.parametrize("name", ["Dropout", "BatchNorm", "Counter"])
@pytest.mark.parametrize("kept", ["default", "eager"])
def test_resuming_after_a_kill_gives_the_bits_of_an_undisturbed_run(name, kept, tmp_path):
    """Killed in the middle of an epoch; the epochs before it may have been recorded or eager."""
    undisturbed = trainer(model=target(name))
    wanted = [left(undisturbed.epoch(number), undisturbed) for number in (1, 2, 3, 4)]
    store, killed = EpochStore(tmp_path, {}), trainer(model=target(name), step=kept)
    for number in (1, 2):
        store.write(killed.epoch(number))

    class Killed(BaseException):
        pass

    def kill(*arguments, done=[]):  # noqa: B006
        done.append(1)
        if len(done) == 9:
            raise Killed
        return type(killed)._step(killed, *arguments)

    killed._step = kill
    with pytest.raises(Killed):
        killed.epoch(3)
    again = trainer(model=target(name))
    again.resume(store.read(1, 2))
    assert [same(left(again.epoch(number), again), wanted[number - 1]) for number in (3, 4)] == [True, True]
