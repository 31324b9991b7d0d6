"""A cell's model as it was after an epoch, from its checkpoints."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiment_grid.training.checkpoints import LOSS, Checkpoints
from experiment_grid.training.components import Loss, Model


class SavedModel:
    """The model and the loss of one seed of the cell `cell`, in the mode for answers (eval).

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
        self.seed = seed
        self.model = Model(cell, parameters, shape, classes, seed)
        self.loss = Loss(cell, parameters)
        self.model.module.eval()
        self.loss.train(False)

    def load(self, epoch: int) -> None:
        """Take the state after this epoch. A file that has another network's raises UserError."""
        module = self.model.module
        module.load_state_dict(self.checkpoints.state(self.seed, epoch, module.state_dict()))
        if state := self.loss.state:
            self.loss.function.load_state_dict(self.checkpoints.state(self.seed, epoch, state, LOSS))
