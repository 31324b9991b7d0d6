"""A cell's model and loss as they were after an epoch, from its checkpoints."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from experiment_grid.training.components import Loss, Model
from experiment_grid.training.saved_weights import LOSS, Checkpoints


class SavedModel:
    """The model of one seed of the cell `cell`, and its loss where it is asked for, in the mode for answers (eval).

    `parameters` are the recipe's, `shape` is (C, H, W) of the images, `classes` their number.
    """

    def __init__(
        self,
        checkpoints: Path | str,
        cell: str,
        parameters: Mapping[str, Any],
        shape: tuple[int, int, int],
        classes: int,
        seed: int,
    ):
        self.checkpoints = Checkpoints(checkpoints, cell)
        self.cell, self.parameters, self.seed = cell, parameters, seed
        self.model = Model(cell, parameters, shape, classes, seed)
        self.model.module.eval()

    def load(self, epoch: int) -> None:
        """Take the model's state after this epoch. A file that has another network's raises UserError."""
        module = self.model.module
        module.load_state_dict(self.checkpoints.state(self.seed, epoch, module.state_dict()))

    def loss(self, epoch: int) -> Loss:
        """The loss with its state after this epoch."""
        if state := self._loss.state:
            self._loss.function.load_state_dict(self.checkpoints.state(self.seed, epoch, state, LOSS))
        return self._loss

    @cached_property
    def _loss(self) -> Loss:
        loss = Loss(self.cell, self.parameters)
        loss.train(False)
        return loss
