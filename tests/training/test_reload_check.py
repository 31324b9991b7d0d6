"""A model or a loss with state that no checkpoint holds, and that it needs for its answers, is refused."""

import pytest
from trained_cell import OneCell

from experiment_grid.runtime.errors import UserError

REFUSED = [
    ("model", "Unregistered", " (moving_mean)"),
    ("model", "Unsaved", " (largest)"),
    ("model", "Remembering", " (steps, mean, largest)"),
    ("model", "Listing", ""),
    ("loss", "CountingLoss", " (calls)"),
]


@pytest.mark.parametrize(("key", "name", "state"), REFUSED)
def test_state_that_is_lost_and_needed(tmp_path, key, name, state):
    """At every attempt: no epoch is kept to resume from."""
    cell = OneCell(tmp_path, seeds=[1], epochs=2, **{key: f"odd_components.{name}"})
    for _ in range(2):
        with pytest.raises(UserError) as caught:
            cell.train()
        assert str(caught.value) == (
            f"cell cell: {key}: odd_components.{name}: answers differently when it is loaded again: it keeps "
            f"state{state} that is in no parameter or buffer of a checkpoint; "
            "make it a buffer: self.register_buffer(name, tensor)"
        )
    assert not cell.checkpoints.exists()


ALLOWED = [
    *({"model": f"odd_components.{name}"} for name in ("Warming", "Noisy", "Tied", "Lazy", "Frozen")),
    {"model": "cnn", "batch_norm": True, "dropout": 0.3},
    {"loss": "odd_components.MovingLoss"},
    {"optimizer": "adam"},
    {"learning_rate": 1e30, "weight_decay": 1.0},  # its answers are nan
]


@pytest.mark.parametrize("changes", ALLOWED, ids=str)
def test_other_state_is_allowed(tmp_path, changes):
    cell = OneCell(tmp_path, seeds=[1, 2], epochs=2, **changes)
    cell.train()
    cell.evaluate()
