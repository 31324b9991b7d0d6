"""Bad cells: names, grids, and what the data set does not allow, as exactly these lines."""

import gzip

import numpy as np
import pytest
from configs import CELL_KEYS, CELL_NAME, error_of

from experiment_grid.config.parameter_keys import Factors

CASES = {
    # names
    "cells: [{name: ../a}]": [
        f'1: cells[0].name: has a form or characters that are not allowed; given: "../a"; allowed: {CELL_NAME}'
    ],
    'cells: [{name: "a\\n"}]': [
        f'1: cells[0].name: has a form or characters that are not allowed; given: "a\\n"; allowed: {CELL_NAME}'
    ],
    f"cells: [{{name: {'a' * 101}}}]": [f'1: cells[0].name: is too long; given: "{"a" * 76}...; allowed: {CELL_NAME}'],
    "cells:\n  - name: a\n  - name: A\n    epochs: 3\n  - name: a\n    epochs: 4": [
        '3: cells[1].name: differs from a (cells[0]) in large and small letters only; given: "A"; '
        "allowed: a name of its own",
        '5: cells[2].name: is the name of cells[0] too; given: "a"; allowed: a name of its own',
    ],
    "cells: [{name: a}, {name: NA, epochs: 3}]": [
        '1: cells[1].name: is what pandas and R read as a missing value; given: "NA"; allowed: another name'
    ],
    f"cells: [{{name: a}}, {{name: b{'xy' * 20}, epochs: 3}}]": [
        "1: cells[1].name: makes a name that ends in 20 repetitions, which Snakemake takes for an endless loop; "
        f'given: "b{"xy" * 20}"; allowed: another name, or a cell of its own instead of one of a grid'
    ],
    "cells: [{epochs: 3}]": [
        '1: cells[0]: has neither a name nor a grid nor a sample; given: {"epochs": 3}; allowed: a cell needs a name'
    ],
    "baseline: c": ['1: baseline: is not a configured cell; given: "c"; allowed: a, b'],
    "final: ab": ['1: final: is not a configured cell (did you mean b?); given: "ab"; allowed: a, b'],
    f"cells: [{{name: {'a' * 95}, grid: {{epochs: [1]}}}}]": [
        f'1: cells[0].grid: makes a name of 104 characters; given: "{"a" * 76}...; allowed: at most 100'
    ],
    'title: ""': ['1: title: is empty; given: ""; allowed: one line of text of 1 to 200 characters'],
    # cells and grids
    "cells: []": [f"1: cells: is empty; given: []; allowed: a list of 1 to 20000 items, each {{{CELL_KEYS}}}"],
    "cells: {a: {epochs: 3}}": [
        '1: cells: must be a list; given: {"a": {"epochs": 3}}; '
        f"allowed: a list of 1 to 20000 items, each {{{CELL_KEYS}}}"
    ],
    "cells: [{name: a}, {name: b, learning_rate: 1.0e-3}]": [
        '1: cells[1]: has the same parameters as cell a; given: "b"; allowed: parameters of its own'
    ],
    "cells: [{name: a}, {name: b, epochs: 3}, {grid: {learning_rate: [0.001, 0.002]}}]": [
        '1: cells[2]: has the same parameters as cell a; given: "lr-0.001"; allowed: parameters of its own'
    ],
    "cells: [{grid: {}}]": [f"1: cells[0].grid: is empty; given: {{}}; allowed: {{{', '.join(Factors.model_fields)}}}"],
    "cells: [{grid: {momentum: []}}]": [
        "1: cells[0].grid.momentum: is empty; given: []; "
        "allowed: a list of 1 or more items, each a number from 0 to below 1; all different"
    ],
    "cells: [{grid: {momentum: [0.1, 1.0e-1]}}]": [
        "1: cells[0].grid.momentum: says a value twice; given: [0.1, 0.1]; "
        "allowed: a list of 1 or more items, each a number from 0 to below 1; all different"
    ],
    "cells: [{epochs: 3, grid: {epochs: [1, 2]}}]": [
        "1: cells[0].epochs: is given twice: here and as an axis of the grid; given: 3; allowed: one of the two"
    ],
    f"cells: [{{grid: {{epochs: {[*range(1, 202)]}, batch_size: {[*range(1, 102)]}}}}}]": [
        "1: cells: makes 20301 cells; allowed: at most 20000"
    ],
    "cells: [{name: a, optimizer: adam, momentum: 0.5}, {name: b}]": [
        "1: cells[0].momentum: has no effect on adam, the optimizer of cell a; given: 0.5; allowed: 0 or nothing here"
    ],
    # what the data set decides
    "defaults: {train_fraction: 0.999999}": [
        "1: defaults.train_fraction: leaves cell a no validation image of 60000; given: 0.999999; "
        "allowed: at least one image for each"
    ],
    "cells: [{name: a}, {name: b, train_fraction: 0.000001}]": [
        "1: cells[1].train_fraction: leaves cell b no training image of 60000; given: 1e-06; "
        "allowed: at least one image for each"
    ],
    "dataset: digits\ncells: [{name: a}, {name: b, batch_size: 1039}]": [
        "2: cells[1].batch_size: is more than the 1038 training images of cell b; given: 1039; allowed: 1 to 1038"
    ],
    "cells: [{name: a}, {name: b, epochs: 3}, {grid: {batch_size: [32, 70000]}}]": [
        "1: cells[2].grid.batch_size: is more than the 48000 training images of cell batch-70000; given: 70000; "
        "allowed: 1 to 48000"
    ],
    "cells: [{name: a}, {name: b, batch_norm: true, batch_size: 1}, {name: c, batch_size: 1, hidden: []}]": [
        "1: cells[1].batch_size: is too small for the batch normalization of cell b; given: 1; "
        "allowed: 2 or more; or batch_norm: false"
    ],
    "cells: [{name: a}, {name: b, batch_norm: true, batch_size: 1, model: cnn, hidden: []}]": [
        "1: cells[1].batch_size: is too small for the batch normalization of cell b; given: 1; "
        "allowed: 2 or more; or batch_norm: false"
    ],
    "dataset: digits\ndefaults: {batch_size: 64}\n"
    "cells: [{name: a}, {name: b, batch_norm: true, train_fraction: 0.001, batch_size: 2}]": [
        "3: cells[1].train_fraction: leaves cell b one training image, too few for batch normalization; "
        "given: 0.001; allowed: at least two training images"
    ],
    "cells:\n  - &one\n    name: a\n    batch_size: 0\n  - {<<: *one, name: b}": [
        "4: cells[0].batch_size: is out of range; given: 0; allowed: a whole number from 1 to 10000000",
        "4: cells[1].batch_size: is out of range; given: 0; allowed: a whole number from 1 to 10000000",
    ],
    "gpus: 0\ndefaults: {device: cuda}": [
        '2: defaults.device: is asked for by cell a, and no GPU is found; given: "cuda"; '
        "allowed: auto, cpu; or gpus: 1 if the cluster that trains has one"
    ],
    "defaults: {device: mps}": [
        '1: defaults.device: is asked for by cell a, and this machine is not a Mac; given: "mps"; '
        "allowed: auto, cpu, cuda"
    ],
}


@pytest.mark.parametrize(("overlay", "lines"), CASES.items(), ids=[case[:40] for case in CASES])
def test_one_line_each(tmp_path, monkeypatch, overlay, lines):
    monkeypatch.chdir(tmp_path)
    assert error_of(tmp_path, overlay).split("\n") == [f"overlay.yaml:{line}" for line in lines]


def test_one_problem_of_all_cells_is_reported_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rates = [number / 1000 for number in range(1, 301)]
    error = error_of(tmp_path, f"defaults: {{batch_size: 70000}}\ncells: [{{grid: {{learning_rate: {rates}}}}}]")
    assert error.count("\n") == 0


def test_own_files_count_their_images(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    header = bytes([0, 0, 8, 1]) + (100).to_bytes(4)
    (tmp_path / "own").mkdir()
    with gzip.open(tmp_path / "own/train-labels-idx1-ubyte.gz", "wb") as file:
        file.write(header + bytes(100))
    error = error_of(tmp_path, "dataset: {path: own}\ndefaults: {batch_size: 81}")
    assert error == (
        "overlay.yaml:2: defaults.batch_size: is more than the 80 training images of cell a; "
        "given: 81; allowed: 1 to 80"
    )


@pytest.mark.parametrize("path", ["own", "own.npz"])
def test_folders_and_arrays_of_one_piece_count_their_images(tmp_path, monkeypatch, path):
    """A fifth of the 100 is to test with, a fifth of the others validates."""
    monkeypatch.chdir(tmp_path)
    for number in range(100):
        (tmp_path / f"own/{number % 2}").mkdir(parents=True, exist_ok=True)
        (tmp_path / f"own/{number % 2}/{number}.png").touch()
    np.savez(tmp_path / "own.npz", images=np.zeros((100, 4, 4), np.uint8), labels=np.arange(100) % 2)
    error = error_of(tmp_path, f"dataset: {{path: {path}, name: mine}}\ndefaults: {{batch_size: 65}}")
    assert error == (
        "overlay.yaml:2: defaults.batch_size: is more than the 64 training images of cell a; "
        "given: 65; allowed: 1 to 64"
    )
