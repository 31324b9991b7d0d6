"""What changes the training images of a cell: transforms of torchvision, or a file of the user's, on whole batches."""

import inspect
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from experiment_grid.training.components import CellComponent, named


class Augmentation(CellComponent):
    """One change of a batch. A class is made once with its options, a function is called with them.

    It draws from the generators that training seeds for every epoch: torch's, `random` and NumPy's.
    """

    def __init__(self, cell: str, canonical: Mapping[str, Any], device: torch.device | None = None):
        super().__init__(cell, "augment", canonical)
        found = self.found()
        self._call = self.made(found) if inspect.isclass(found) else partial(found, **self.options)
        if not callable(self._call):
            raise self.refused(f"returns {named(self._call)}; expected a callable of images [B, C, H, W]")
        if isinstance(self._call, nn.Module):
            self._call.to(device)

    def __call__(self, images: Tensor) -> Tensor:
        """The changed batch, uint8 [B, C, H, W]. Raises UserError for one of another shape or type."""
        try:
            changed = self._call(images)
        except (Exception, SystemExit) as error:
            raise self.failed(error) from error
        if not isinstance(changed, Tensor):
            raise self.refused(f"returns {named(changed)}; expected images: {_form(images)}")
        if changed.shape != images.shape or changed.dtype != images.dtype:
            raise self.refused(f"returns {_form(changed)}; expected the shape and type that it gets, {_form(images)}")
        return changed


class Augment:
    """All changes of a cell's training images, one after the other. `canonical` are the recipe's components."""

    def __init__(self, cell: str, canonical: Sequence[Mapping[str, Any]], device: torch.device | None = None):
        self.changes = [Augmentation(cell, one, device) for one in canonical]

    def __call__(self, images: Tensor) -> Tensor:
        """Changed copies of images uint8 [B, H, W] or [B, C, H, W]."""
        batch = images if images.dim() == 4 else images.unsqueeze(1)
        for change in self.changes:
            batch = change(batch)
        return batch.reshape(images.shape)


def _form(images: Tensor) -> str:
    return f"{str(images.dtype).removeprefix('torch.')} {list(images.shape)}"
