"""Components whose answers training cannot use: one line with cell, key and target before anything is trained."""

import pytest
from users_components import NET, new_trainer, refused, write

from experiment_grid.runtime.errors import UserError


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("models/none.py:Net", "there is no such file in the working directory"),
        ("models/net.py:Nets", "the file has no Nets"),
        ("torch.nn.Linaer", "torch.nn has no Linaer"),
        ("no_such_package.Net", "there is no package no_such_package"),
        ("models/net.py:LIST", "TypeError: 'list' object is not callable"),
        ("models/net.py:make", "returns a list; expected a torch.nn.Module"),
        ("models/net.py:Plain", "returns a Plain; expected a torch.nn.Module"),
        ("torch.nn.Linear", "TypeError: Linear.__init__() missing 2 required positional arguments: 'in_features' and"),
    ],
)
def test_targets_that_are_no_models(models, target, problem):
    write(models, NET + "LIST = [1]\ndef make(): return [1]\nclass Plain: pass\n")
    assert refused(model=target).startswith(f"cell lenet: model: {target}: {problem}")


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("self.layers(images)[:, :3]", "returns logits [32, 3]; expected [32, 4]: images, classes"),
        ("self.layers(images)[0]", "returns logits [4]; expected [32, 4]: images, classes"),
        ("(self.layers(images), 1)", "returns a tuple; expected logits [32, 4]: images, classes"),
        ("None", "returns None; expected logits [32, 4]: images, classes"),
        ("self.layers(images) * float('nan')", "returns logits that are nan on the first batch, before any update"),
    ],
)
def test_answers_that_are_no_logits(models, answer, problem):
    write(models, NET.replace("self.layers(images)", answer))
    assert refused(model="models/net.py:Net").startswith(f"cell lenet: model: models/net.py:Net: {problem}")


def test_a_failing_backward_pass_is_reported_for_the_model(models):
    code = NET.replace("return self.layers(images)", "x = self.layers(images).exp(); x += 1; return x")
    write(models, code)
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
        ("logits", "returns a loss of shape [32, 4]; expected one number, or one for each image: [32]"),
        ("1.0", "returns a float; expected a tensor: one number, or one for each image"),
        ("F.cross_entropy(logits.detach(), labels)", "returns a loss that autograd cannot follow back to the logits"),
        (
            "F.cross_entropy(logits, labels) * float('nan')",
            "returns a loss of nan on the first batch, before any update",
        ),
        ("F.cross_entropy(logits, labels) / 0", "returns a loss of inf on the first batch, before any update"),
        ("[][0]", "IndexError: list index out of range (models/net.py:4 in loss)"),
        ("MemoryError()[0]", "TypeError: 'MemoryError' object is not subscriptable"),
    ],
)
def test_values_that_are_no_loss(models, value, problem):
    write(models, f"def loss(logits, labels): return {value}\n")
    assert refused(loss="models/net.py:loss").startswith(f"cell lenet: loss: models/net.py:loss: {problem}")


def test_a_loss_that_cannot_be_called(models):
    write(models, "VALUE = 3\nclass Value: pass\n")
    for name, kind in (("VALUE", "int"), ("Value", "Value")):
        assert refused(loss=f"models/net.py:{name}") == (
            f"cell lenet: loss: models/net.py:{name}: is a {kind}; expected a class or function of logits and labels"
        )


def test_options_that_a_loss_does_not_take():
    message = refused(loss={"_target_": "torch.nn.MultiMarginLoss", "p": 3})
    assert message == "cell lenet: loss: torch.nn.MultiMarginLoss: ValueError: only p == 1 and p == 2 supported"
    assert "unexpected keyword argument 'beta'" in refused(loss={"_target_": "odd_components.focal", "beta": 3})


def test_objects_that_are_no_optimizers(models):
    write(
        models,
        "def make(parameters, lr): return [lr]\nclass Bad(torch.optim.SGD):\n    def step(self, closure): 1 / 0\n",
    )
    assert refused(optimizer="models/net.py:make") == (
        "cell lenet: optimizer: models/net.py:make: returns a list without step, zero_grad, state_dict, "
        "load_state_dict: not a torch.optim.Optimizer"
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


def test_a_sparse_buffer_is_refused(models):
    made = "super().__init__(); self.register_buffer('edges', torch.eye(3).to_sparse())"
    write(models, NET.replace("super().__init__()", made))
    assert "keeps a tensor of layout torch.sparse_coo as edges" in refused(model="models/net.py:Net")


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("self.late = getattr(self, 'late', nn.Parameter(torch.ones(1)))", "late"),
        ("self.layers[1].weight = nn.Parameter(self.layers[1].weight.detach().clone())", "layers.1.weight"),
    ],
    ids=["added", "replaced"],
)
def test_parameters_that_the_optimizer_does_not_know_are_refused(models, code, names):
    write(models, NET.replace("return self", f"{code}; return self"))
    trainer = new_trainer(model="models/net.py:Net")
    with pytest.raises(UserError, match=rf"Net: has other parameters \({names}\) after an epoch than before"):
        trainer.check(trainer.epoch(1))


def test_complex_numbers_are_reported_for_the_component_that_gives_them(models):
    write(models, NET.replace("return self.layers(images)", "return self.layers(images) + 0j"))
    assert "model: models/net.py:Net: returns logits of type torch.complex64" in refused(model="models/net.py:Net")
    write(models, "def loss(logits, labels): return F.cross_entropy(logits, labels) + 0j\n", "odd.py")
    assert "loss: models/odd.py:loss: returns a loss of type torch.complex64" in refused(
        loss={"_target_": "models/odd.py:loss"}
    )
