"""What a cell is made of: its model, its loss and its optimizer, made from their canonical form in the recipe.

Canonical: `{"_target_": "torch.nn.CrossEntropyLoss", "label_smoothing": 0.1}`. What goes wrong in a component, while it
is made or called, ends the job with one line that names cell, key and target.
"""

import importlib
import importlib.util
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from experiment_grid.runtime.errors import UserError
from experiment_grid.training.optimizers import module_of
from experiment_grid.training.randomness import INITIAL_WEIGHTS, seed_all
from experiment_grid.training.targets import TargetError, resolve
from experiment_grid.training.user_code import failure

OPTIMIZER = ("step", "zero_grad", "state_dict", "load_state_dict")  # what training calls


class CellComponent:
    """A component of the cell named `cell`, by its `key` (model, loss, optimizer)."""

    def __init__(self, cell: str, key: str, canonical: Mapping[str, Any]):
        self.cell, self.key, self.target = cell, key, canonical["_target_"]
        self.options = {name: value for name, value in canonical.items() if name != "_target_"}

    def refused(self, problem: str) -> UserError:
        """One line for the user."""
        return UserError(f"cell {self.cell}: {self.key}: {self.target}: {problem}")

    def failed(self, error: BaseException) -> BaseException:
        """An exception in the component's own code as a one-line error; Ctrl-C passes through."""
        return error if isinstance(error, UserError | KeyboardInterrupt) else self.refused(failure(error))

    def found(self) -> Any:
        """The class or function that the target names."""
        try:
            return resolve(self.target)
        except TargetError as error:
            raise self.refused(str(error)) from error
        except BaseException as error:
            raise self.failed(error) from error

    def made(self, kind: Callable[..., Any], *args: Any, **more: Any) -> Any:
        """`kind(*args, **more)` with the options; lists are tuples where the default is one."""
        parameters = signature(kind)
        options = {
            name: tuple(value)
            if isinstance(value, list) and name in parameters and isinstance(parameters[name].default, tuple)
            else value
            for name, value in self.options.items()
        }
        try:
            return kind(*args, **more, **options)
        except BaseException as error:
            raise self.failed(error) from error


def signature(kind: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """The parameters of a class or function; none where Python does not know them."""
    try:
        return inspect.signature(kind).parameters
    except (TypeError, ValueError):
        return {}


class Model(CellComponent):
    """An nn.Module, `module`, that gives logits [B, `classes`] for images of `shape` (C, H, W).

    Its initial weights are drawn from the seed.
    """

    def __init__(self, cell: str, parameters: Mapping[str, Any], shape: tuple[int, int, int], classes: int, seed: int):
        super().__init__(cell, "model", parameters["model"])
        self.classes = classes
        kind = self.found()
        known = {"input_shape": shape, "classes": classes}
        seed_all(seed, INITIAL_WEIGHTS)
        self.module = self.made(kind, **{name: value for name, value in known.items() if name in signature(kind)})
        if not isinstance(self.module, nn.Module):
            raise self.refused(f"returns {named(self.module)}; expected a torch.nn.Module")
        if any(nn.parameter.is_lazy(tensor) for tensor in (*self.module.parameters(), *self.module.buffers())):
            self.module.eval()
            with torch.no_grad():
                self(torch.zeros(1, *shape))  # now the sizes are known
            self.module.train()
        for name, value in self.module.state_dict().items():
            if not isinstance(value, Tensor):
                raise self.refused(f"keeps {named(value)} as {name}; a checkpoint holds tensors alone")
            if value.layout != torch.strided:
                raise self.refused(f"keeps a tensor of layout {value.layout} as {name}; a checkpoint holds dense ones")

    def __call__(self, inputs: Tensor) -> Tensor:
        """Logits [B, K] of inputs [B, C, H, W]."""
        try:
            logits = self.module(inputs)
        except BaseException as error:
            raise self.failed(error) from error
        wanted = (len(inputs), self.classes)
        if not isinstance(logits, Tensor):
            raise self.refused(f"returns {named(logits)}; expected logits {list(wanted)}: images, classes")
        if logits.shape != wanted:
            raise self.refused(f"returns logits {list(logits.shape)}; expected {list(wanted)}: images, classes")
        if not logits.is_floating_point():
            raise self.refused(f"returns logits of type {logits.dtype}; expected real numbers, such as torch.float32")
        return logits

    def on(self, device: torch.device) -> nn.Module:
        """The module, moved to a device."""
        try:
            moved: nn.Module = self.module.to(device)
            return moved
        except BaseException as error:
            raise self.failed(error) from error

    @property
    def trainable(self) -> list[nn.Parameter]:
        """All parameters, frozen ones too, as an optimizer gets them."""
        parameters = list(self.module.parameters())
        if not any(parameter.requires_grad for parameter in parameters):
            raise self.refused("has no parameter to train")
        return parameters


class Loss(CellComponent):
    """The loss of a batch, a scalar: the mean where the component gives one loss per image.

    A class is made once with its options, a function called with them. `function` is the object or the function.
    """

    def __init__(self, cell: str, parameters: Mapping[str, Any], device: torch.device | None = None):
        super().__init__(cell, "loss", parameters["loss"])
        found = self.found()
        self.function = self.made(found) if inspect.isclass(found) else found
        if not callable(self.function):
            raise self.refused(f"is {named(self.function)}; expected a class or function of logits and labels")
        if isinstance(self.function, nn.Module):
            self.function.to(device)
        self._call = self.function if inspect.isclass(found) else partial(found, **self.options)

    def __call__(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The loss of logits [B, K] and labels [B]."""
        before = logits._version, labels._version
        try:
            loss = self._call(logits, labels)
        except BaseException as error:
            raise self.failed(error) from error
        if (logits._version, labels._version) != before:
            raise self.refused("changes logits or labels in place, of which accuracies are computed too; copy them")
        if not isinstance(loss, Tensor):
            raise self.refused(f"returns {named(loss)}; expected a tensor: one number, or one for each image")
        if logits.requires_grad and not loss.requires_grad:
            raise self.refused("returns a loss that autograd cannot follow back to the logits")
        if not loss.is_floating_point():
            raise self.refused(f"returns a loss of type {loss.dtype}; expected real numbers, such as torch.float32")
        if not loss.dim():
            return loss
        if loss.shape != labels.shape:
            wanted = f"one number, or one for each image: {list(labels.shape)}"
            raise self.refused(f"returns a loss of shape {list(loss.shape)}; expected {wanted}")
        return loss.mean()

    @property
    def state(self) -> dict[str, Any]:
        """The state dict of a loss that is a module."""
        return self.function.state_dict() if isinstance(self.function, nn.Module) else {}

    def train(self, mode: bool = True) -> None:
        """Put a loss that is a module into the mode for training or, with False, for validation and test."""
        if isinstance(self.function, nn.Module):
            self.function.train(mode)


class Optimizer(CellComponent):
    """Updates the `trainable` parameters; `optimizer` is an object of torch.optim, a stand-in or the user's own."""

    def __init__(self, cell: str, parameters: Mapping[str, Any], trainable: list[nn.Parameter]):
        super().__init__(cell, "optimizer", parameters["optimizer"])
        kind = stand_in(self.target)
        if kind is None or not kind.does(trainable, self.options):
            kind = self.found()
        else:
            self.options = {name: value for name, value in self.options.items() if name in kind.options}
        self.optimizer = self.made(kind, trainable, lr=parameters["learning_rate"])
        missing = [name for name in OPTIMIZER if not callable(getattr(self.optimizer, name, None))]
        if missing:
            raise self.refused(
                f"returns {named(self.optimizer)} without {', '.join(missing)}: not a torch.optim.Optimizer"
            )


def stand_in(target: str) -> Any:
    """The stand-in for a class of torch.optim, which does not import torch._dynamo; None where there is none."""
    module = module_of(target)
    if module is None or importlib.util.find_spec(module) is None:
        return None
    return getattr(importlib.import_module(module), target.rpartition(".")[2], None)


def named(value: Any) -> str:
    """What a value is, for a message."""
    return "None" if value is None else f"a {type(value).__name__}"
