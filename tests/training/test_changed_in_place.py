"""Components that change what is not theirs: logits, labels, the optimizer's groups."""

import pytest
import torch
from test_bad_components import HEAD, folder, refused  # noqa: F401  a fixture
from trained_cell import canonical, images_of_classes

from experiment_grid.runtime.errors import UserError
from experiment_grid.training.loop import Trainer


@pytest.mark.parametrize("change", ["logits.sub_(logits.detach())", "labels[labels == 2] = 0", "logits[:, 0].add_(1)"])
def test_a_loss_that_changes_what_it_is_given_is_named(folder, change):  # noqa: F811
    (folder / "odd.py").write_text(
        f"{HEAD}def loss(logits, labels):\n    {change}\n    return logits.square().mean()\n"
    )
    message = refused(loss={"_target_": "models/odd.py:loss"})
    assert "loss: models/odd.py:loss: changes logits or labels in place" in message


OPTIMIZER = """
class Odd(torch.optim.SGD):
    def step(self, closure=None):
        super().step()
        {change}
"""


@pytest.mark.parametrize(
    "change",
    ["self.param_groups.clear()", "self.param_groups[0]['params'].pop()", "self.param_groups[0]['params'] = []"],
)
def test_an_optimizer_that_gives_up_parameters_is_named(folder, change):  # noqa: F811
    (folder / "odd.py").write_text(HEAD + OPTIMIZER.format(change=change))
    images, labels = (torch.from_numpy(array) for array in images_of_classes(60))
    trainer = Trainer("a", canonical(optimizer={"_target_": "models/odd.py:Odd"}), 1, images, labels, 4)
    with pytest.raises(UserError, match=r"optimizer: models/odd.py:Odd: has other parameters in its param_groups"):
        trainer.check(trainer.epoch(1))
