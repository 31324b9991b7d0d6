"""Components that change in place what they must not: logits, labels, the parameter groups of the optimizer."""

import pytest
from users_components import new_trainer, refused, write

from experiment_grid.runtime.errors import UserError


@pytest.mark.parametrize("change", ["logits.sub_(logits.detach())", "labels[labels == 2] = 0", "logits[:, 0].add_(1)"])
def test_a_loss_that_changes_what_it_is_given_is_named(models, change):
    write(models, f"def loss(logits, labels):\n    {change}\n    return logits.square().mean()\n", "odd.py")
    message = refused(loss="models/odd.py:loss")
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
def test_an_optimizer_that_gives_up_parameters_is_named(models, change):
    write(models, OPTIMIZER.format(change=change), "odd.py")
    trainer = new_trainer(optimizer="models/odd.py:Odd")
    with pytest.raises(UserError, match=r"optimizer: models/odd.py:Odd: has other parameters in its param_groups"):
        trainer.check(trainer.epoch(1))
