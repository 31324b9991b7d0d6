"""A cell's trained model that takes images as they are."""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor, nn

from experiment_grid.analysis.cell_results import CellResults
from experiment_grid.api.caller_warnings import warn
from experiment_grid.data import prepared
from experiment_grid.evaluation.saved_model import SavedModel
from experiment_grid.runtime.errors import UserError
from experiment_grid.runtime.records import trained_with
from experiment_grid.source_code.fingerprint import target_fingerprint
from experiment_grid.training.images import Normalize, inputs_of, predict, scaling

if TYPE_CHECKING:
    from PIL.Image import Image


class Classifier(nn.Module):
    """Logits float32 [N, K] of images as they are: uint8 [N, C, H, W]; or [N, H, W] and [H, W] of grey ones, [C, H, W].

    `module` is the cell's own nn.Module, which takes them scaled; `normalize` is how. `shape` is (C, H, W), `classes`
    the names of the K classes. An image of another size or type raises UserError.
    """

    def __init__(self, module: nn.Module, normalize: Normalize, shape: tuple[int, int, int], classes: list[str]):
        super().__init__()
        self.module, self.normalize, self.shape, self.classes = module, normalize, shape, classes

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.module(inputs_of(self.batch(images), self.normalize)).float()
        return logits

    def probabilities(self, images: "Tensor | np.ndarray | Image") -> np.ndarray:
        """The classes' probabilities, float32 [N, K]; in batches, so that there may be many images."""
        return predict(self.module, self.batch(images), self.normalize).softmax(dim=1).cpu().numpy()

    def batch(self, images: "Tensor | np.ndarray | Image") -> Tensor:
        """Images as uint8 [N, C, H, W]. Others than the allowed ones raise UserError."""
        channels = self.shape[0]
        picture: Any = images
        if hasattr(picture, "convert"):
            pixels = np.array(picture.convert({1: "L", 3: "RGB"}.get(channels, picture.mode)))
            images = pixels if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
        given = images if isinstance(images, Tensor) else torch.tensor(np.asarray(images))
        if given.dtype != torch.uint8:
            kind = str(given.dtype).removeprefix("torch.")
            raise UserError(f"images: are numbers of type {kind}; expected pixels as uint8, 0 to 255")
        shape = tuple(given.shape)
        one = [self.shape[1:], self.shape] if channels == 1 else [self.shape]
        if shape not in one and shape[1:] not in one:
            allowed = ", ".join([str(list(form)) for form in one] + [f"[N, {str(list(form))[1:]}" for form in one])
            raise UserError(f"images: given is {list(shape)}; allowed: {allowed}")
        return given.reshape(-1, *self.shape)


def saved(cell: CellResults, results: Path, images: Path, checkpoints: Path, seed: int, epoch: int) -> Classifier:
    """The model of a cell of the folder `results` after an epoch, from the prepared file and that of its weights."""
    parameters = dict(trained_with(cell.run))
    parameters["model"] = located(parameters["model"], cell, results)
    with safe_open(images, "numpy") as file:
        shape = tuple(file.get_slice("test_images").get_shape()[1:])
    names = prepared.classes(images)
    with own_randomness():
        model = SavedModel(checkpoints, cell.name, parameters, shape, len(names), seed)
    model.load(epoch)
    module = model.model.module.requires_grad_(False)
    normalize = scaling(parameters["normalize"], prepared.channels(images))
    return Classifier(module, normalize, shape, names).eval()


def located(model: dict[str, Any], cell: CellResults, results: Path) -> dict[str, Any]:
    """The component with an absolute path of the user's file; warns if that is not the code of the training."""
    path, is_file, name = model["_target_"].rpartition(":")
    places = [place for place in (*results.parents, Path.cwd()) if is_file and (place / path).is_file()]
    if is_file and not places:
        raise UserError(
            f"cell {cell.name}: model: {path}: no such file in a folder around {results} or in {Path.cwd()}; "
            "the weights alone: Run.state_dict"
        )
    target = f"{places[0] / path}:{name}" if is_file else model["_target_"]
    recipe = cell.run["recipe"]["code"]
    for file, found in target_fingerprint("model", target).items():
        file = os.path.relpath(file, places[0]) if Path(file).is_absolute() else file
        if file == "experiment_grid":  # its __init__ makes no model
            continue
        if recipe.get(file, found) != found:
            warn(f"{file} has changed since cell {cell.name} was trained")
    return model | {"_target_": target}


@contextmanager
def own_randomness() -> Iterator[None]:
    """Leave the generators as they are, whatever a model's initial weights are drawn from."""
    states = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng():
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
