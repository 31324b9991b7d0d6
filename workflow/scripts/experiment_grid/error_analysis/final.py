"""The errors of the final cell's representative model, with attributions and nearest training images."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from experiment_grid.analysis.cell_results import CellResults
from experiment_grid.error_analysis.attribution import as_tiles, integrated_gradients
from experiment_grid.error_analysis.likeness import nearest
from experiment_grid.error_analysis.selection import right_examples
from experiment_grid.evaluation.saved_model import SavedModel
from experiment_grid.format import probability as percentage
from experiment_grid.runtime.records import trained_with
from experiment_grid.training.images import input_shape, inputs_of, predict, scaling
from experiment_grid.training.randomness import TEST, seed_all

MOST_ERRORS = 300
RUNNERS_UP = 3
RANKS = ("second", "third", "fourth")  # choices after the predicted class


class FinalModel:
    """One seed's network at its chosen epoch, beside the test images.

    `likeness` [K, K] is between classes, `channels` are mean and std of the training images'.
    """

    def __init__(
        self,
        cell: CellResults,
        checkpoints: Path,
        images: np.ndarray,
        labels: np.ndarray,
        likeness: np.ndarray,
        channels: Mapping[str, Sequence[float]],
    ):
        self.cell, self.images, self.labels, self.likeness = cell, images, labels, likeness
        self.seed, self.epoch = cell.seeds[cell.representative], cell.chosen_epochs[cell.representative]
        parameters = trained_with(cell.run)
        self.normalize = scaling(parameters["normalize"], channels)
        shape = input_shape(torch.from_numpy(images))
        saved = SavedModel(checkpoints, cell.name, parameters, shape, len(likeness), self.seed)
        saved.load(self.epoch)
        seed_all(self.seed, TEST, self.epoch)
        self.model = saved.model
        self.model.module.requires_grad_(False)
        self.predicted = cell.predicted[cell.representative].astype(int)
        self.wrong = np.flatnonzero(self.predicted != labels)

    def probabilities(self, indices: np.ndarray) -> np.ndarray:
        """Probabilities float32 [n, classes] of test images."""
        images = torch.from_numpy(self.images[indices])
        return predict(self.model, images, self.normalize).softmax(dim=1).numpy()

    def worst(self) -> np.ndarray:
        """Indices [n] of the errors to show, worst first.

        By the probability of the wrong class times the dissimilarity of the two classes.
        """
        score = self.cell.probability[self.wrong] * np.nan_to_num(self.unlikeness(self.wrong), nan=1.0)
        return self.wrong[np.argsort(-score, kind="stable")][:MOST_ERRORS]

    def unlikeness(self, indices: np.ndarray) -> np.ndarray:
        """1 - likeness of the true and the predicted class of test images, float [n]."""
        unlike: np.ndarray = 1 - self.likeness[self.labels[indices], self.predicted[indices]]
        return unlike

    def attributions(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Tiles uint8 [n, H, W] of the pixels' shares, the colours added up, and their scales."""
        images = self.images[indices]
        if not len(images):
            return images, np.empty(0)
        predicted, true = (torch.from_numpy(of[indices].astype(np.int64)) for of in (self.predicted, self.labels))
        inputs, blank = (
            inputs_of(torch.from_numpy(pixels), self.normalize) for pixels in (images, np.zeros_like(images[:1]))
        )
        shares = integrated_gradients(self.model, inputs, blank[0], predicted, true).sum(dim=1)  # over the colours
        tiles, scales = as_tiles(shares.flatten(1).numpy())
        return tiles.reshape(shares.shape), scales

    def neighbours(
        self, indices: np.ndarray, train_images: np.ndarray, train_labels: np.ndarray
    ) -> list[dict[str, Any]]:
        """For each image the nearest training image of the predicted and of the true class: index and distance.

        `train_images` uint8 [N, C, H, W], `train_labels` uint8 [N].
        """
        found = {}
        for name, of in (("nearest_predicted", self.predicted), ("nearest_true", self.labels)):
            found[name] = nearest(self.images[indices], of[indices], train_images, train_labels)
        return [
            {
                name: {"index": int(index[place]), "distance": float(distance[place])}
                for name, (index, distance) in found.items()
            }
            for place in range(len(indices))
        ]

    def errors(self, indices: np.ndarray, names: list[str], cells_wrong: np.ndarray) -> list[dict[str, Any]]:
        """What is reported of each error, without images; `cells_wrong` [M]: in how many cells the image is wrong."""
        if not len(indices):
            return []
        probabilities = self.probabilities(indices)
        unlikeness = self.unlikeness(indices)
        return [
            self._error(int(index), row, float(unlike), names, int(cells_wrong[index]))
            for index, row, unlike in zip(indices, probabilities, unlikeness, strict=True)
        ]

    def _error(
        self, index: int, probabilities: np.ndarray, unlikeness: float, names: list[str], cells_wrong: int
    ) -> dict[str, Any]:
        true, predicted = int(self.labels[index]), int(self.predicted[index])
        order = [int(k) for k in np.argsort(-probabilities, kind="stable") if k != predicted]
        probability = float(probabilities[predicted])
        return {
            "index": index,
            "true": true,
            "predicted": predicted,
            "probability": probability,
            "true_probability": float(probabilities[true]),
            "runners_up": [[k, float(probabilities[k])] for k in order[:RUNNERS_UP]],
            "likeness": 1 - unlikeness,
            "unlikeness": unlikeness,
            "score": probability * unlikeness,
            "cells_wrong": cells_wrong,
            "text": _choice(names[true], names[predicted], probability, order.index(true)),
        }

    def right(self) -> list[dict[str, Any]]:
        """Right predictions to show beside the errors."""
        examples = right_examples(self.labels, self.predicted, self.cell.probability)
        if not examples:
            return []
        indices = np.array([index for index, _ in examples])
        probabilities = self.probabilities(indices)
        return [
            _right(index, kind, int(self.labels[index]), row)
            for (index, kind), row in zip(examples, probabilities, strict=True)
        ]


def with_basis(
    error: dict[str, Any], near: dict[str, Any], names: list[str], place: int, scale: float
) -> dict[str, Any]:
    """An error with its tiles: `place` in the attribution atlas, two places for each in the neighbours' atlas."""
    near = {name: {"tile": 2 * place + turn} | item for turn, (name, item) in enumerate(near.items())}
    basis = {"attribution": place, "attribution_scale": float(scale)} | near
    return (
        error
        | basis
        | {"text": f"{error['text']} {_likeness_in_pixels(near, names[error['predicted']], names[error['true']])}"}
    )


def _choice(true: str, predicted: str, probability: float, place: int) -> str:
    rank = f"its {RANKS[place]} choice" if place < len(RANKS) else f"not among its top {len(RANKS) + 1}"
    return f"Taken for {predicted} with {percentage(probability)}; {true} was {rank}."


def _likeness_in_pixels(near: dict[str, Any], predicted: str, true: str) -> str:
    towards, away = near["nearest_predicted"]["distance"], near["nearest_true"]["distance"]
    if np.isnan(towards) or np.isnan(away):
        return ""
    if towards < away:
        return f"A training image of {predicted} is nearer ({towards:.2f}) than any of {true} ({away:.2f})."
    return f"Yet the nearest training image of {true} is nearer ({away:.2f}) than any of {predicted} ({towards:.2f})."


def _right(index: int, kind: str, true: int, probabilities: np.ndarray) -> dict[str, Any]:
    rival = (
        next(int(k) for k in np.argsort(-probabilities, kind="stable") if k != true) if len(probabilities) > 1 else true
    )
    return {
        "index": index,
        "true": true,
        "probability": float(probabilities[true]),
        "runner_up": [rival, float(probabilities[rival])],
        "kind": kind,
    }
