"""Whether a model and a loss give the same outputs once they are made anew and given their saved state.

That is how test images are evaluated. What a module keeps in a plain attribute, a list or a buffer that is not
persistent is in no checkpoint: a network that needs it would silently get other figures than in training.
"""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from experiment_grid.runtime.errors import UserError, some
from experiment_grid.training.components import CellComponent, Loss, Model
from experiment_grid.training.images import input_shape, predict
from experiment_grid.training.memory_layout import lay_out_as
from experiment_grid.training.metrics import mean_loss
from experiment_grid.training.module_state import unsaved
from experiment_grid.training.randomness import TEST, seed_all

OTHERWISE = (
    "answers differently when it is loaded again: it keeps state{} that is in no parameter or buffer of a checkpoint; "
    "make it a buffer: self.register_buffer(name, tensor)"
)


def refuse_other_outputs(
    model: Model,
    loss: Loss,
    weights: tuple[Mapping[str, Tensor], Mapping[str, Tensor]],
    images: Tensor,
    labels: Tensor,
    parameters: Mapping[str, Any],
    seed: int,
) -> None:
    """Compare the model and the loss, in eval mode, with new ones that have the saved `weights` (model, loss).

    On a GPU sums may round otherwise. Every epoch seeds all generators: what is drawn here changes no training.
    """
    new_model = Model(model.cell, parameters, input_shape(images), model.classes, seed)
    new_model.on(images.device)
    lay_out_as(new_model.module, model.module)  # a product's last bits depend on it
    new_loss = Loss(loss.cell, parameters, images.device)
    pairs = ((model, new_model.module, weights[0]), (loss, new_loss.function, weights[1]))
    for component, new, state in pairs:
        if state:
            try:
                new.load_state_dict(state)
            except BaseException as error:
                raise component.failed(error) from error
    new_model.module.eval()
    new_loss.train(False)
    answers = []
    for one in (model, new_model):
        seed_all(seed, TEST)
        answers.append(predict(one, images, parameters["normalize"]))
    room = 0.0 if images.device.type == "cpu" else 1e-3
    scale = answers[0].abs().nan_to_num(0, 0).max().item()
    if not torch.allclose(answers[0], answers[1], rtol=room, atol=room * scale, equal_nan=True):
        raise _refused(model, model.module, new_model.module)
    values = [mean_loss(one, answers[0], labels) for one in (loss, new_loss)]
    if not (math.isclose(*values, rel_tol=room) or all(map(math.isnan, values))):
        raise _refused(loss, loss.function, new_loss.function)


def _refused(component: CellComponent, trained: Any, new: Any) -> UserError:
    before, after = unsaved(new), unsaved(trained)
    changed = [name for name in after if name not in before or not _equal(after[name], before[name])]
    names = some([name.removeprefix(".") for name in changed])
    return component.refused(OTHERWISE.format(f" ({names})" if names else ""))


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return torch.equal(one, other)
    return type(one) is type(other) and one == other
