"""What a user's components may do wrong while they are made or called: one line with cell, key and target each."""

import sys

import pytest
import torch
from project import ROOT
from trained_cell import canonical, images_of_classes

from experiment_grid.runtime.errors import UserError
from experiment_grid.training import targets
from experiment_grid.training.components import Loss, Model
from experiment_grid.training.loop import Trainer

HEAD = "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The working directory, with a folder for files of the user's; imports are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(targets, "FOLDERS", set())
    before = {*sys.modules}
    (tmp_path / "models").mkdir()
    yield tmp_path / "models"
    for name in [name for name, module in sys.modules.items() if name not in before]:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


def write(folder, code, name="net.py"):
    (folder / name).write_text(HEAD + code, "utf-8")
    return "models/net.py"


def trained(**changes):
    images, labels = (torch.from_numpy(array) for array in images_of_classes(60))
    trainer = Trainer("lenet", canonical(**changes), 1, images, labels, 4)
    trainer.epoch(1)
    return trainer


def refused(**changes):
    """The message of what is refused."""
    with pytest.raises(UserError) as caught:
        trained(**changes)
    assert "\n" not in str(caught.value)
    return str(caught.value)


NET = """
class Net(nn.Module):
    def __init__(self, classes, width=8):
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(30, width), nn.ReLU(), nn.Linear(width, classes))

    def forward(self, images):
        return self.layers(images)
"""


def test_a_class_in_a_file(folder):
    write(folder, NET)
    trainer = trained(model={"_target_": "models/net.py:Net", "width": 5})
    assert trainer.module.layers[1].out_features == 5
    assert type(trainer.module).__name__ == "Net"


def test_helpers_beside_the_file_are_imported(folder):
    (folder / "parts").mkdir()
    (folder / "parts/__init__.py").write_text("from parts.deep import WIDTH\n")
    (folder / "parts/deep.py").write_text("WIDTH = 6\n")
    (folder / "later.py").write_text("def hook():\n    return 1\n")
    code = "from parts import WIDTH\n" + NET.replace("width=8", "width=WIDTH").replace(
        "return self.layers", "import later; later.hook(); return self.layers"
    )
    write(folder, code)
    assert trained(model="models/net.py:Net").module.layers[1].out_features == 6


def test_helpers_of_the_same_name_in_two_folders(folder):
    write(folder, "from common import WIDTH\n" + NET.replace("width=8", "width=WIDTH"))
    (folder / "common.py").write_text("WIDTH = 6\n")
    losses = folder.parent / "losses"
    losses.mkdir()
    (losses / "common.py").write_text("import torch.nn.functional as F\ndef loss(x, y): return F.cross_entropy(x, y)\n")
    (losses / "mine.py").write_text("import common\ndef mine(x, y): return common.loss(x, y)\n")
    assert trained(model="models/net.py:Net", loss="losses/mine.py:mine").module.layers[1].out_features == 6


def test_a_helper_hides_no_module_of_a_library(folder):
    """Nor does its folder come first once the file is loaded."""
    (folder / "colorsys.py").write_text("raise RuntimeError('not meant')\n")
    write(folder, NET)
    trained(model="models/net.py:Net")
    sys.modules.pop("colorsys", None)
    import colorsys

    assert "models" not in colorsys.__file__


def test_what_a_model_is_called_with(folder):
    code = NET.replace("classes, width=8", "classes, input_shape, width=8, sizes=(1, 2), **more")
    code += "        self.seen = (input_shape, type(sizes).__name__, sorted(more))\n".join(["", ""])
    code = code.replace("super().__init__()", "super().__init__(); self.seen = (input_shape, sizes, more)")
    write(folder, code)
    model = {"_target_": "models/net.py:Net", "sizes": [3, 4], "extra": 1}
    assert trained(model=model).module.seen == ((1, 6, 5), (3, 4), {"extra": 1})


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("models/none.py:Net", "there is no such file in the working directory"),
        ("models/net.py:Nets", "the file has no Nets"),
        ("torch.nn.Linaer", "torch.nn has no Linaer"),
        ("no_such_package.Net", "there is no package no_such_package"),
        ("models/net.py:LIST", "TypeError: 'list' object is not callable"),
        ("models/net.py:make", "gives a list, wanted is a torch.nn.Module"),
        ("models/net.py:Plain", "gives a Plain, wanted is a torch.nn.Module"),
        ("torch.nn.Linear", "TypeError: Linear.__init__() missing 2 required positional arguments: 'in_features' and"),
    ],
)
def test_targets_that_are_no_models(folder, target, problem):
    write(folder, NET + "LIST = [1]\ndef make(): return [1]\nclass Plain: pass\n")
    assert refused(model=target).startswith(f"cell lenet: model: {target}: {problem}")


def test_a_file_that_raises_while_it_is_imported(folder):
    write(folder, "def helper():\n    raise ValueError('no data\\nhere')\n\nhelper()\n")
    place = "models/net.py:7 in <module>, models/net.py:5 in helper"
    assert refused(model="models/net.py:Net") == (
        f"cell lenet: model: models/net.py:Net: ValueError: no data here ({place})"
    )
    write(folder, "import no_such_module\n")
    assert "ModuleNotFoundError: No module named 'no_such_module' (models/net.py:4 in <module>)" in refused(
        model="models/net.py:Net"
    )
    write(folder, "class Net(:\n")
    assert "SyntaxError: invalid syntax (net.py, line 4) (models/net.py:4)" in refused(model="models/net.py:Net")


def test_an_exception_in_forward_shows_the_users_lines_alone(folder):
    write(folder, NET.replace("nn.Linear(30, width)", "nn.Linear(31, width)"))
    assert refused(model="models/net.py:Net") == (
        "cell lenet: model: models/net.py:Net: RuntimeError: addmm: mat1 and mat2 shapes cannot be multiplied "
        "(32x30 and 31x8) (models/net.py:11 in forward)"
    )


def test_an_exception_in_validation_too(folder):
    write(folder, NET.replace("return self", "assert self.training, 'only in training'; return self"))
    assert refused(model="models/net.py:Net").endswith("AssertionError: only in training (models/net.py:11 in forward)")


def test_code_that_ends_the_program(folder):
    """Where it is imported, made and called. Control-C goes through."""
    write(folder, "import sys\n\nsys.exit('no data')\n")
    start = "cell lenet: model: models/net.py:Net: calls sys.exit"
    assert refused(model="models/net.py:Net") == f"{start}(no data) (models/net.py:6 in <module>)"
    write(folder, "import sys\n" + NET.replace("super().__init__()", "super().__init__(); sys.exit(3)"))
    assert refused(model="models/net.py:Net") == f"{start}(3) (models/net.py:8 in __init__)"


def test_forward_that_ends_the_program(folder):
    write(folder, "import sys\n" + NET.replace("return self", "sys.exit(); return self"))
    assert refused(model="models/net.py:Net").endswith(
        "model: models/net.py:Net: calls sys.exit() (models/net.py:12 in forward)"
    )


def test_an_optimizer_that_ends_the_program(folder):
    write(folder, "class Quit(torch.optim.SGD):\n    def step(self, closure): raise SystemExit(1)\n")
    assert "optimizer: models/net.py:Quit: calls sys.exit(1) (models/net.py:5" in refused(
        optimizer="models/net.py:Quit"
    )


def test_control_c_goes_through(folder):
    write(folder, NET.replace("return self", "raise KeyboardInterrupt; return self"))
    with pytest.raises(KeyboardInterrupt):
        trained(model="models/net.py:Net")


def test_lenet_on_small_images(folder):
    """Of 6 by 5 pixels."""
    (folder / "lenet.py").write_text((ROOT / "models/lenet.py").read_text("utf-8"), "utf-8")
    assert refused(model="models/lenet.py:LeNet").startswith(
        "cell lenet: model: models/lenet.py:LeNet: ValueError: images of 6 x 5 are too small for kernel 5; "
        "kernel: 3 needs 8 x 8 (models/lenet.py:"
    )
    for kernel, side in ((3, 8), (5, 12)):
        parameters = canonical(model={"_target_": "models/lenet.py:LeNet", "kernel": kernel})
        assert Model("cell", parameters, (1, side, side), 4, 1)(torch.zeros(2, 1, side, side)).shape == (2, 4)
        with pytest.raises(UserError, match="too small"):
            Model("cell", parameters, (1, side, side - 1), 4, 1)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("self.layers(images)[:, :3]", "gives logits [32, 3], wanted are [32, 4]: images, classes"),
        ("self.layers(images)[0]", "gives logits [4], wanted are [32, 4]: images, classes"),
        ("(self.layers(images), 1)", "gives a tuple, wanted are logits [32, 4]: images, classes"),
        ("None", "gives None, wanted are logits [32, 4]: images, classes"),
        ("self.layers(images) * float('nan')", "gives logits that are nan on the first batch, before any update"),
    ],
)
def test_answers_that_are_no_logits(folder, answer, problem):
    write(folder, NET.replace("self.layers(images)", answer))
    assert refused(model="models/net.py:Net").startswith(f"cell lenet: model: models/net.py:Net: {problem}")


def test_backward_that_fails_is_the_models_affair(folder):
    code = NET.replace("return self.layers(images)", "x = self.layers(images).exp(); x += 1; return x")
    write(folder, code)
    message = refused(model="models/net.py:Net")
    assert message.startswith("cell lenet: model: models/net.py:Net: RuntimeError: one of the variables needed")


def test_a_model_without_parameters_to_train():
    for model in ("torch.nn.Flatten", "odd_components.Untrainable"):
        assert refused(model=model) == f"cell lenet: model: {model}: has no parameter to train"


def test_state_that_is_no_tensor_is_refused():
    assert refused(model="odd_components.Noting") == (
        "cell lenet: model: odd_components.Noting: keeps a dict as _extra_state; a checkpoint holds tensors alone"
    )


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("logits", "gives a loss of shape [32, 4], wanted is one number, or one for each image: [32]"),
        ("1.0", "gives a float, wanted is a tensor: one number, or one for each image"),
        ("F.cross_entropy(logits.detach(), labels)", "gives a loss that autograd cannot follow back to the logits"),
        ("F.cross_entropy(logits, labels) * float('nan')", "gives a loss of nan on the first batch, before any update"),
        ("F.cross_entropy(logits, labels) / 0", "gives a loss of inf on the first batch, before any update"),
        ("[][0]", "IndexError: list index out of range (models/net.py:4 in loss)"),
        ("MemoryError()[0]", "TypeError: 'MemoryError' object is not subscriptable"),
    ],
)
def test_losses_that_are_none(folder, value, problem):
    write(folder, f"def loss(logits, labels): return {value}\n")
    assert refused(loss="models/net.py:loss").startswith(f"cell lenet: loss: models/net.py:loss: {problem}")


def test_a_loss_that_is_nothing_to_call(folder):
    write(folder, "VALUE = 3\nclass Value: pass\n")
    for name, kind in (("VALUE", "int"), ("Value", "Value")):
        assert refused(loss=f"models/net.py:{name}") == (
            f"cell lenet: loss: models/net.py:{name}: is a {kind}, wanted is a class or function of logits and labels"
        )


def test_options_that_a_loss_does_not_take():
    message = refused(loss={"_target_": "torch.nn.MultiMarginLoss", "p": 3})
    assert message == "cell lenet: loss: torch.nn.MultiMarginLoss: ValueError: only p == 1 and p == 2 supported"
    assert "unexpected keyword argument 'beta'" in refused(loss={"_target_": "odd_components.focal", "beta": 3})


def test_optimizers_that_are_none(folder):
    write(
        folder,
        "def make(parameters, lr): return [lr]\nclass Bad(torch.optim.SGD):\n    def step(self, closure): 1 / 0\n",
    )
    assert refused(optimizer="models/net.py:make") == (
        "cell lenet: optimizer: models/net.py:make: gives a list without step, zero_grad, state_dict, load_state_dict: "
        "no torch.optim.Optimizer"
    )
    assert refused(optimizer="models/net.py:Bad") == (
        "cell lenet: optimizer: models/net.py:Bad: ZeroDivisionError: division by zero (models/net.py:6 in step)"
    )
    assert refused(momentum=-1.0) == (
        "cell lenet: optimizer: torch.optim.SGD: ValueError: Invalid momentum value: -1.0"
    )
    assert refused(optimizer={"_target_": "torch.optim.SGD", "nesterov": True}) == (
        "cell lenet: optimizer: torch.optim.SGD: ValueError: Nesterov momentum requires a momentum and zero dampening"
    )
    assert "unexpected keyword argument 'beta'" in refused(optimizer={"_target_": "torch.optim.Adam", "beta": 0.9})


@pytest.mark.parametrize(
    "error",
    [
        "MemoryError()",
        "torch.OutOfMemoryError('CUDA out of memory. Tried to allocate 20.00 GiB')",
        'RuntimeError("[enforce fail] DefaultCPUAllocator: can\'t allocate memory: you tried to allocate 9 bytes")',
    ],
)
def test_out_of_memory(folder, error):
    write(folder, NET.replace("return self.layers(images)", f"raise {error}"))
    assert refused(model="models/net.py:Net") == (
        "cell lenet: model: models/net.py:Net: out of memory; a smaller batch_size or a smaller model takes less "
        "(models/net.py:11 in forward)"
    )


def test_real_memory_that_is_not_there(folder):
    write(folder, NET.replace("return self", "torch.empty(2**60); return self"))
    assert ": out of memory; " in refused(model="models/net.py:Net")


def test_a_training_that_diverges_later_is_a_result():
    images, labels = (torch.from_numpy(array) for array in images_of_classes(60))
    trainer = Trainer("cell", canonical(learning_rate=1e30), 1, images, labels, 4)
    assert not trainer.epoch(1).row.finite


def test_a_loss_and_a_model_are_made_without_training_too():
    parameters = canonical(loss={"_target_": "torch.nn.CrossEntropyLoss", "label_smoothing": 0.1})
    model, loss = Model("cell", parameters, (1, 6, 5), 4, 1), Loss("cell", parameters)
    logits, labels = model(torch.zeros(3, 1, 6, 5)), torch.tensor([0, 1, 2])
    assert loss(logits, labels) == torch.nn.functional.cross_entropy(logits, labels, label_smoothing=0.1)


@pytest.mark.parametrize("base", ["BaseException", "GeneratorExit"])
def test_an_exception_that_is_no_exception_of_pythons_kind_is_one_line(folder, base):
    write(folder, f"class Odd({base}): pass\n" + NET.replace("return self", "raise Odd('no'); return self"))
    assert "model: models/net.py:Net: Odd: no (models/net.py:12 in forward)" in refused(
        model={"_target_": "models/net.py:Net"}
    )


def test_ctrl_c_in_a_users_code_is_ctrl_c(folder):
    write(folder, NET.replace("return self", "raise KeyboardInterrupt; return self"))
    with pytest.raises(KeyboardInterrupt):
        trained(model={"_target_": "models/net.py:Net"})


def test_a_recursion_tells_its_line_once(folder):
    write(folder, NET.replace("return self.layers(images)", "return self.forward(images)"))
    assert refused(model={"_target_": "models/net.py:Net"}).count("models/net.py:11 in forward") == 1


def test_a_sparse_buffer_is_refused(folder):
    made = "super().__init__(); self.register_buffer('edges', torch.eye(3).to_sparse())"
    write(folder, NET.replace("super().__init__()", made))
    assert "keeps a tensor of layout torch.sparse_coo as edges" in refused(model={"_target_": "models/net.py:Net"})


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("self.late = getattr(self, 'late', nn.Parameter(torch.ones(1)))", "late"),
        ("self.layers[1].weight = nn.Parameter(self.layers[1].weight.detach().clone())", "layers.1.weight"),
    ],
    ids=["added", "replaced"],
)
def test_parameters_that_the_optimizer_does_not_know_are_refused(folder, code, names):
    write(folder, NET.replace("return self", f"{code}; return self"))
    images, labels = (torch.from_numpy(array) for array in images_of_classes(60))
    trainer = Trainer("lenet", canonical(model={"_target_": "models/net.py:Net"}), 1, images, labels, 4)
    with pytest.raises(UserError, match=rf"Net: has other parameters \({names}\) after an epoch than before"):
        trainer.check(trainer.epoch(1))


def test_numbers_of_another_kind_are_the_component_that_gives_them(folder):
    write(folder, NET.replace("return self.layers(images)", "return self.layers(images) + 0j"))
    assert "model: models/net.py:Net: gives logits of type torch.complex64" in refused(
        model={"_target_": "models/net.py:Net"}
    )
    write(folder, "def loss(logits, labels): return F.cross_entropy(logits, labels) + 0j\n", "odd.py")
    assert "loss: models/odd.py:loss: gives a loss of type torch.complex64" in refused(
        loss={"_target_": "models/odd.py:loss"}
    )


def test_what_an_optimizer_counts_in_an_attribute_goes_on_where_it_was():
    images, labels = (torch.from_numpy(array) for array in images_of_classes(60))
    parameters = canonical(optimizer={"_target_": "odd_components.Counting"})
    undisturbed, resumed = (Trainer("a", parameters, 1, images, labels, 4) for _ in range(2))
    resumed.resume(undisturbed.epoch(1))
    weights, others = (trainer.epoch(2).model for trainer in (undisturbed, resumed))
    assert all(torch.equal(others[name], weight) for name, weight in weights.items())
    assert resumed.optimizer.first is next(resumed.module.parameters())
