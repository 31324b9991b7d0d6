"""Every parameter and every factor has a name in words, by a rule where none is declared."""

import pytest

from experiment_grid.config.labels import ASKED, component, factor_name, in_order, title


@pytest.mark.parametrize(
    ("key", "called", "difference", "owner"),
    [
        ("weight_decay", "weight decay", "weight decay", "optimizer"),
        ("normalize", "normalized", "normalization", None),
        ("hidden", "hidden layers", "hidden layers and neurons together", "model"),
        ("model", "model", "model", None),
        ("model.channels", "channels (model)", "channels (model)", "model"),
        ("loss.label_smoothing", "label smoothing (loss)", "label smoothing (loss)", "loss"),
        ("learning_rate", "learning rate", "learning rate", None),
    ],
)
def test_names(key, called, difference, owner):
    assert (title(key), factor_name(key), component(key)) == (called, difference, owner)


def test_what_the_assignment_asks_about_comes_first():
    assert in_order(["model", "normalize", "depth", "model", "loss"]) == ["depth", "loss", "normalize", "model"]
    assert in_order(reversed(ASKED)) == list(ASKED)
