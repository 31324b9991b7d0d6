"""Calibration: the final cell's confidence in its answers against their accuracy, by scikit-learn."""

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, top_k_accuracy_score

from experiment_grid.analysis.cell_results import CellResults

BINS = 10  # equal steps of probability


def calibration(cell: CellResults, predictions: Path) -> dict[str, Any] | None:
    """`calibration` of findings.json, means over the seeds that did not diverge; None without a usable model.

    `predictions` is the cell's predictions.npz. The expected calibration error (Guo et al. 2017) is the mean distance
    between the model's confidence in its answers and their accuracy, over bins of equal width, weighted by images.
    """
    if not cell.comparable:
        return None
    with np.load(predictions) as file:
        probabilities = np.exp(file["log_probabilities"][cell.ok].astype(float))
    models = [_model(one / one.sum(axis=1, keepdims=True), cell.labels) for one in probabilities]
    means = {key: float(np.mean([model[key] for model in models])) for key in ("ece", "brier", "top2_accuracy")}
    return {"cell": cell.name, "seeds": cell.good_seeds, **means, "bins": _bins([model["curve"] for model in models])}


def _model(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Of one model; probabilities [M, K], labels [M]."""
    classes = np.arange(probabilities.shape[1])
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    accuracy, mean_confidence = calibration_curve(right, confidence, n_bins=BINS, strategy="uniform", pos_label=True)
    counts = np.bincount(_bin(confidence), minlength=BINS)
    curve = np.full((BINS, 3), np.nan)
    curve[:, 0] = counts
    curve[counts > 0, 1], curve[counts > 0, 2] = mean_confidence, accuracy
    return {
        "ece": float((counts[counts > 0] * np.abs(accuracy - mean_confidence)).sum() / len(labels)),
        "brier": brier_score_loss(labels, probabilities, labels=classes, scale_by_half=False),
        "top2_accuracy": top_k_accuracy_score(labels, probabilities, k=2, labels=classes) if len(classes) > 2 else 1.0,
        "curve": curve,
    }


def _bin(confidence: np.ndarray) -> np.ndarray:
    """The bin of each confidence, as calibration_curve has it."""
    return np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], confidence)


def _bins(curves: list[np.ndarray]) -> list[dict[str, Any]]:
    """The reliability curve of all models' answers together; `curves` [BINS, 3]: images, confidence, accuracy."""
    every = np.array(curves)
    counts = every[..., 0].sum(axis=0)
    made = []
    for place in np.flatnonzero(counts).tolist():
        weights = every[:, place, 0]
        used = weights > 0
        confidence, accuracy = (float(np.average(every[used, place, k], weights=weights[used])) for k in (1, 2))
        limits = {"low": place / BINS, "high": (place + 1) / BINS}
        made.append(limits | {"images": int(counts[place]), "probability": confidence, "right": accuracy})
    return made
