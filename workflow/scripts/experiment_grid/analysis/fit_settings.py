"""Which settings give the original report's figures: rows × settings × epochs, tried and written down.

`python -m experiment_grid.analysis.fit_settings [fit.yaml] [prepared.safetensors]` trains what config/fit.yaml says,
on the images that a run has prepared, and writes fit.csv beside it: of each row, combination and epoch the three
figures that a row is judged by, whether they fit, and how far they are off. What fits was fitted, the test
figures too: it gives the row's figures; that the original used it is not shown.
"""

import json
import math
import sys
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import chi2

from experiment_grid.analysis.expectations import HALF_DIGIT, Expected, expected_run, total_train_loss
from experiment_grid.analysis.variance import Spread
from experiment_grid.column_values import INDEPENDENT
from experiment_grid.config import reference, settings
from experiment_grid.config.fitted_settings import Fit
from experiment_grid.config.problems import Sources, read_yaml
from experiment_grid.config.validation import problems
from experiment_grid.runtime.errors import UserError
from experiment_grid.runtime.files import write_csv

CONFIG, SEARCH = Path("config/config.yaml"), Path("config/fit.yaml")
FIGURES = {"train_loss": 6, "train_correct": 1, "test_correct": 1, "misfit": 3}  # columns, and their decimals
CONFIDENCE = 0.95  # of the interval in which a figure of the original is expected
TINY = 1e-12  # of a spread: runs that agree in every digit


class Tried(NamedTuple):
    """A row of the original with one combination of values; `parameters` are a cell's, as a recipe has them."""

    row: dict[str, Any]
    values: dict[str, Any]
    parameters: dict[str, Any]

    @property
    def key(self) -> str:
        """Equal for trainings that give the same result."""
        return json.dumps(self.parameters, sort_keys=True)


class Training(NamedTuple):
    """One training, per epoch [E]: mean training loss, share of training and of test images right; training images."""

    train_loss: list[float]
    train_correct: list[float]
    test_correct: list[float]
    images: int


def combinations(search: dict[str, Any], config: dict[str, Any]) -> list[Tried]:
    """Every row × combination of values; the rows are those of the report that `config` audits."""
    rows = {row["row"]: row for row in reference.load(config["reference"], searched=False)["rows"]}
    changed = {"seeds": search["seeds"], "epochs": search["epochs"]}
    tried = []
    cells: dict[str, str] = {}
    for row in rows.values():
        for chosen in product(*search["grid"].values()):
            values = dict(zip(search["grid"], chosen, strict=True))
            given = row["stated"] | changed | values
            tried.append((row, values, cells.setdefault(json.dumps(given, sort_keys=True), f"cell-{len(cells)}")))
    ends = {"baseline": "cell-0", "final": "cell-0"}
    every = [{"name": name} | json.loads(given) for given, name in cells.items()]
    read = settings.load(config | ends | {"cells": every}, [])
    return [Tried(row, values, read.cells[name].parameters.as_dict()) for row, values, name in tried]


def train(parameters: dict[str, Any], seed: int, prepared: Path) -> Training:
    """Train one seed with the ordinary training code, and evaluate the test images after every epoch."""
    import torch

    from experiment_grid.data.prepared import classes, test_images, training_images
    from experiment_grid.training.images import predict
    from experiment_grid.training.loop import Trainer

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    images, labels, test, truth = map(torch.from_numpy, (*training_images(prepared), *test_images(prepared)))
    trainer = Trainer("search", parameters, seed, images, labels, len(classes(prepared)))
    losses, right, tested = [], [], []
    for number in range(1, parameters["epochs"] + 1):
        row = trainer.epoch(number).row
        losses.append(row.train_loss)
        right.append(row.train_accuracy)
        predicted = predict(trainer.model, test, parameters["normalize"]).argmax(dim=1)
        tested.append((predicted == truth).double().mean().item())
    return Training(losses, right, tested, len(trainer.training))


def judged(tried: Sequence[Tried], runs: dict[str, list[Training]], epochs: int) -> Iterator[dict[str, Any]]:
    """Lines of fit.csv: each combination and epoch beside its row's printed figures.

    A figure fits when it is in the prediction interval of one new run. How far runs are apart is the median over all
    combinations at that epoch, as in the audit's misfit: two seeds say little, and one that scatters gains nothing.
    """
    runs_of = {one.key: runs[one.key] for one in tried}
    for epoch in range(epochs):
        for one in tried:
            printed, n_images = one.row["figures"], runs[one.key][0].images
            if printed.get("train_images") not in (None, n_images):
                continue
            expected = {}
            for figure in INDEPENDENT:
                if printed.get(figure) is None:
                    continue
                values = {key: np.array([getattr(run, figure)[epoch] for run in of]) for key, of in runs_of.items()}
                unit, total = _scale(figure, one, n_images)
                found = expected_run(
                    values[one.key] * unit,
                    _typical([*values.values()]),
                    0,
                    unit,
                    HALF_DIGIT.get(figure, 0.0),
                    CONFIDENCE,
                )
                expected[figure] = Expected(*(value * total for value in found))
            distances = [(printed[figure] - of.here) / max(of.sd, TINY) for figure, of in expected.items()]
            fits = sum(of.low <= printed[figure] <= of.high for figure, of in expected.items())
            line = {"row": one.row["row"], **one.values, "epoch": epoch + 1, "seeds": len(runs[one.key])}
            line |= {figure: expected[figure].here if figure in expected else None for figure in INDEPENDENT}
            yield line | {"fits": fits, "of": len(expected), "misfit": math.sqrt(np.mean(np.square(distances)))}


def _typical(values: list[np.ndarray]) -> Spread:
    """The median variance, without the bias of a median of few degrees of freedom (that of chi squared)."""
    degrees = np.array([len(runs) - 1 for runs in values], float)
    ratios = [runs.var(ddof=1) / (chi2.median(own) / own) for runs, own in zip(values, degrees, strict=True)]
    return Spread(*(np.array([value]) for value in (np.median(ratios), degrees.sum(), degrees.sum())))


def _scale(figure: str, one: Tried, n_images: int) -> tuple[float, int]:
    """Factors into the row's unit: of a loss before the interval is made, of a share after it."""
    if figure == "train_loss":
        return total_train_loss(1.0, one.parameters["batch_size"], n_images), 1
    return 1.0, one.row["figures"]["train_images" if figure == "train_correct" else "test_images"]


def write(path: Path, lines: list[dict[str, Any]]) -> None:
    """fit.csv."""
    made = []
    for line in lines:
        rounded = {key: f"{line[key]:.{digits}f}" for key, digits in FIGURES.items() if line[key] is not None}
        made.append([str(value).lower() for value in (line | rounded).values()])
    write_csv(path, [*lines[0]], made)


def read(path: Path) -> dict[str, Any]:
    """config/fit.yaml, checked; raises UserError."""
    given: dict[str, Any] = read_yaml(path)
    Sources([path]).refuse(problems(given, Fit))
    return given


def main(path: Path = SEARCH, prepared: Path | None = None) -> None:
    """Train every distinct combination, one seed at a time, and write the results."""
    config, search = read_yaml(CONFIG), read(path)
    prepared = prepared or Path(f"results/data/{config['dataset']}/prepared.safetensors")
    if not prepared.is_file():
        raise UserError(f"{prepared}: is not there; `snakemake --cores 1 {prepared}` makes it")
    tried = combinations(search, config)
    runs: dict[str, list[Training]] = {one.key: [] for one in tried}
    parameters = {one.key: one.parameters for one in tried}
    for number, seed in enumerate(search["seeds"], start=1):
        for place, key in enumerate(runs, start=1):
            runs[key].append(train(parameters[key], seed, prepared))
            print(f"seed {number} of {len(search['seeds'])}: {place} of {len(runs)} trained", flush=True)
    lines = sorted(
        judged(tried, runs, search["epochs"]), key=lambda line: [one.row["row"] for one in tried].index(line["row"])
    )
    write(path.with_suffix(".csv"), lines)


if __name__ == "__main__":
    if {"-h", "--help"} & set(sys.argv):
        sys.exit(__doc__)
    try:
        main(*map(Path, sys.argv[1:3]))
    except UserError as error:
        sys.exit(str(error))
