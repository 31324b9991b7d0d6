"""Components in files of the user's: found, imported with their helpers, and called with what they ask for."""

import sys

import pytest
import torch
from project import ROOT
from trained_cell import canonical
from users_components import NET, new_trainer, refused, trained, write

from experiment_grid.runtime.errors import UserError
from experiment_grid.training.components import Loss, Model


def test_a_class_in_a_file(models):
    write(models, NET)
    trainer = trained(model={"_target_": "models/net.py:Net", "width": 5})
    assert trainer.module.layers[1].out_features == 5
    assert type(trainer.module).__name__ == "Net"


def test_helpers_beside_the_file_are_imported(models):
    (models / "parts").mkdir()
    (models / "parts/__init__.py").write_text("from parts.deep import WIDTH\n")
    (models / "parts/deep.py").write_text("WIDTH = 6\n")
    (models / "later.py").write_text("def hook():\n    return 1\n")
    code = "from parts import WIDTH\n" + NET.replace("width=8", "width=WIDTH").replace(
        "return self.layers", "import later; later.hook(); return self.layers"
    )
    write(models, code)
    assert trained(model="models/net.py:Net").module.layers[1].out_features == 6


def test_helpers_of_the_same_name_in_two_folders(models):
    write(models, "from common import WIDTH\n" + NET.replace("width=8", "width=WIDTH"))
    (models / "common.py").write_text("WIDTH = 6\n")
    losses = models.parent / "losses"
    losses.mkdir()
    (losses / "common.py").write_text("import torch.nn.functional as F\ndef loss(x, y): return F.cross_entropy(x, y)\n")
    (losses / "mine.py").write_text("import common\ndef mine(x, y): return common.loss(x, y)\n")
    assert trained(model="models/net.py:Net", loss="losses/mine.py:mine").module.layers[1].out_features == 6


def test_a_helper_hides_no_module_of_a_library(models):
    """Nor does its folder come first once the file is loaded."""
    (models / "colorsys.py").write_text("raise RuntimeError('not meant')\n")
    write(models, NET)
    trained(model="models/net.py:Net")
    sys.modules.pop("colorsys", None)
    import colorsys

    assert "models" not in colorsys.__file__


def test_what_a_model_is_called_with(models):
    code = NET.replace("classes, width=8", "classes, input_shape, width=8, sizes=(1, 2), **more")
    code = code.replace("super().__init__()", "super().__init__(); self.seen = (input_shape, sizes, more)")
    write(models, code)
    model = {"_target_": "models/net.py:Net", "sizes": [3, 4], "extra": 1}
    assert trained(model=model).module.seen == ((1, 6, 5), (3, 4), {"extra": 1})


def test_lenet_on_small_images(models):
    """Of 6 by 5 pixels."""
    (models / "lenet.py").write_text((ROOT / "models/lenet.py").read_text("utf-8"), "utf-8")
    assert refused(model="models/lenet.py:LeNet").startswith(
        "cell lenet: model: models/lenet.py:LeNet: ValueError: images of 6 x 5 are too small for kernel 5; "
        "kernel: 3 needs 8 x 8 (models/lenet.py:"
    )
    for kernel, side in ((3, 8), (5, 12)):
        parameters = canonical(model={"_target_": "models/lenet.py:LeNet", "kernel": kernel})
        assert Model("cell", parameters, (1, side, side), 4, 1)(torch.zeros(2, 1, side, side)).shape == (2, 4)
        with pytest.raises(UserError, match="too small"):
            Model("cell", parameters, (1, side, side - 1), 4, 1)


def test_a_loss_and_a_model_are_made_without_training_too():
    parameters = canonical(loss={"_target_": "torch.nn.CrossEntropyLoss", "label_smoothing": 0.1})
    model, loss = Model("cell", parameters, (1, 6, 5), 4, 1), Loss("cell", parameters)
    logits, labels = model(torch.zeros(3, 1, 6, 5)), torch.tensor([0, 1, 2])
    assert loss(logits, labels) == torch.nn.functional.cross_entropy(logits, labels, label_smoothing=0.1)


def test_what_an_optimizer_counts_in_an_attribute_is_resumed():
    undisturbed, resumed = (new_trainer(optimizer="odd_components.Counting") for _ in range(2))
    resumed.resume(undisturbed.epoch(1))
    weights, others = (trainer.epoch(2).model for trainer in (undisturbed, resumed))
    assert all(torch.equal(others[name], weight) for name, weight in weights.items())
    assert resumed.optimizer.first is next(resumed.module.parameters())


def test_a_training_that_diverges_later_is_a_result():
    assert not new_trainer(learning_rate=1e30).epoch(1).row.finite
