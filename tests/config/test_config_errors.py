"""Bad configs: each gives exactly these lines, and nothing else."""

import gzip

import numpy as np
import pytest
import yaml
from configs import load_overlay

from experiment_grid.config.parameter_keys import NAMES, Factors
from experiment_grid.config.settings import load
from experiment_grid.runtime.errors import UserError

PARAMETERS = ", ".join(NAMES)
CELL = f"name, note, {PARAMETERS}, grid, sample, exclude, step"
TOP = (
    "title, note, dataset, mirrors, gpus, epoch, partial, old_trainings_mb, confidence, baseline, final, reference, "
    "defaults, cells, packages, pathvars"
)
NAME = "letters, digits, '.', '_' and '-', starting with a letter or digit, at most 100 characters"
DATASET = (
    "mnist, fashion-mnist, kmnist, qmnist, emnist, cifar10, cifar100, svhn, usps, digits; {path: …}; or a target: "
    "torchvision.datasets.Name, folder/file.py:name"
)
ADDRESS = "an address that starts with https://, http:// or file:///"

CASES = {
    # unknown keys
    "cels: [1]": [f"1: cels: unknown key (did you mean cells?); given: [1]; allowed: {TOP}"],
    "'': [1]": [f'1: "": unknown key; given: [1]; allowed: {TOP}'],
    "defaults:\n  lerning_rate: 0.1": [
        f"2: defaults.lerning_rate: unknown key (did you mean learning_rate?); given: 0.1; allowed: {PARAMETERS}"
    ],
    "title: a\nrows: []\ntimes: []\nclaims: []": [
        "2: rows: belongs to a report that is audited, which is not a configuration; "
        "allowed: `reference: path of that file` in a configuration"
    ],
    "cells: [{name: a, xyz: 1}]": [
        f"1: cells[0].xyz: unknown key; given: 1; allowed: {CELL}; options of a component as model.channels"
    ],
    "mirrors: {mnits: []}": [
        "1: mirrors.mnits: unknown key (did you mean mnist?); given: []; allowed: mnist, fashion-mnist, kmnist, "
        "qmnist, emnist, cifar10, cifar100, svhn, usps; or a class of torchvision.datasets"
    ],
    "mirrors: {EuroSat: [https://a/]}": [
        '1: mirrors.EuroSat: unknown key (did you mean EuroSAT?); given: ["https://a/"]; allowed: mnist, '
        "fashion-mnist, kmnist, qmnist, emnist, cifar10, cifar100, svhn, usps; or a class of torchvision.datasets"
    ],
    # types
    "defaults: {learning_rate: 1e-3}": [
        "1: defaults.learning_rate: must be a number: YAML reads 1e-3 as text, write 0.001; "
        'given: "1e-3"; allowed: a number above 0 to 1000'
    ],
    "defaults: {learning_rate: 3e-17}": [
        "1: defaults.learning_rate: must be a number: YAML reads 3e-17 as text, write 3.0e-17; "
        'given: "3e-17"; allowed: a number above 0 to 1000'
    ],
    "defaults: {dropout: '0.1'}": [
        "1: defaults.dropout: must be a number, not text: write 0.1 without quotes; "
        'given: "0.1"; allowed: a number from 0 to below 1'
    ],
    "defaults: {batch_size: true}": [
        "1: defaults.batch_size: must be a whole number; given: true; allowed: a whole number from 1 to 10000000"
    ],
    "defaults: {batch_size: 1.5}": [
        "1: defaults.batch_size: must be a whole number; given: 1.5; allowed: a whole number from 1 to 10000000"
    ],
    "defaults: {normalize: 1}": ["1: defaults.normalize: is not valid; given: 1; allowed: true, false, or channels"],
    "defaults: {hidden: 128}": [
        "1: defaults.hidden: must be a list; given: 128; "
        "allowed: a list of at most 64 items, each a whole number from 1 to 65536"
    ],
    "title: 2020-01-01": [
        '1: title: is a date, which has no place here; given: "2020-01-01"; allowed: text goes in "..."'
    ],
    "note: [a, b]": ['1: note: must be text; given: ["a", "b"]; allowed: text of at most 5000 characters'],
    "defaults: null": [f"1: defaults: must be key: value pairs; given: null; allowed: {{{PARAMETERS}}}"],
    # ranges
    "defaults: {hidden: [0, 70000]}": [
        "1: defaults.hidden[0]: is out of range; given: 0; allowed: a whole number from 1 to 65536",
        "1: defaults.hidden[1]: is out of range; given: 70000; allowed: a whole number from 1 to 65536",
    ],
    "defaults: {momentum: 1}": ["1: defaults.momentum: is out of range; given: 1; allowed: a number from 0 to below 1"],
    "defaults: {epochs: 0}": [
        "1: defaults.epochs: is out of range; given: 0; allowed: a whole number from 1 to 100000"
    ],
    "defaults: {learning_rate: .nan}": [
        "1: defaults.learning_rate: is not finite; given: .nan; allowed: a finite number"
    ],
    "defaults: {weight_decay: -.inf}": [
        "1: defaults.weight_decay: is not finite; given: -.inf; allowed: a finite number"
    ],
    "defaults: {epochs: 9223372036854775808}": [
        "1: defaults.epochs: is too large a number; given: 9223372036854775808; allowed: less than 2**63"
    ],
    "confidence: 95": ["1: confidence: is out of range; given: 95; allowed: a number from 0.5 to 0.999"],
    "confidence: 0.9999999999999999": [
        "1: confidence: is out of range; given: 0.9999999999999999; allowed: a number from 0.5 to 0.999"
    ],
    "epoch: best": ['1: epoch: is not one of those known; given: "best"; allowed: last, validation'],
    "defaults: {loss: nlll}": [
        "1: defaults.loss: is not one of those known (did you mean nll?); "
        'given: "nlll"; allowed: nll, cross_entropy, mse, multi_margin; '
        "or a target: package.module.name, or folder/file.py:name"
    ],
    "gpus: two": ['1: gpus: is not valid; given: "two"; allowed: auto, or a whole number from 0 to 1024'],
    "defaults: {seeds: [1, 1]}": [
        "1: defaults.seeds: says a value twice; given: [1, 1]; "
        "allowed: a list of 1 to 1000 items, each a whole number from 0 to 2147483647; all different"
    ],
    "defaults: {seeds: []}": [
        "1: defaults.seeds: is empty; given: []; "
        "allowed: a list of 1 to 1000 items, each a whole number from 0 to 2147483647; all different"
    ],
    "defaults: {seeds: [-1, 2147483648]}": [
        "1: defaults.seeds[0]: is out of range; given: -1; allowed: a whole number from 0 to 2147483647",
        "1: defaults.seeds[1]: is out of range; given: 2147483648; allowed: a whole number from 0 to 2147483647",
    ],
    # the data set
    "dataset: mnits": [
        f'1: dataset: is not one of those known (did you mean mnist?); given: "mnits"; allowed: {DATASET}'
    ],
    "dataset: {pth: x}": [
        '1: dataset.pth: unknown key (did you mean path?); given: "x"; allowed: name, test_fraction, size, path',
        "1: dataset.path: is missing; allowed: text of 1 to 1000 characters",
    ],
    "dataset: {path: nowhere}": [
        '1: dataset.path: is not a folder; given: "nowhere"; allowed: path of a folder, or of an .npz file'
    ],
    "dataset: {path: ., name: mnist}": [
        '1: dataset.name: gives the name of a built-in data set; given: "mnist"; allowed: another name, by dataset.name'
    ],
    "dataset: {path: /}": [
        f'1: dataset.path: gives no safe name, so dataset.name is needed; given: "/"; allowed: {NAME}'
    ],
    'mirrors: {mnist: ["ftp://example.org/"]}': [
        "1: mirrors.mnist[0]: has a form or characters that are not allowed; "
        f'given: "ftp://example.org/"; allowed: {ADDRESS}'
    ],
    "reference: nowhere.yaml": ['1: reference: is not a file; given: "nowhere.yaml"; allowed: path of a file, or null'],
    # names
    "cells: [{name: ../a}]": [
        f'1: cells[0].name: has a form or characters that are not allowed; given: "../a"; allowed: {NAME}'
    ],
    'cells: [{name: "a\\n"}]': [
        f'1: cells[0].name: has a form or characters that are not allowed; given: "a\\n"; allowed: {NAME}'
    ],
    f"cells: [{{name: {'a' * 101}}}]": [f'1: cells[0].name: is too long; given: "{"a" * 76}...; allowed: {NAME}'],
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
    "cells: []": [f"1: cells: is empty; given: []; allowed: a list of 1 to 20000 items, each {{{CELL}}}"],
    "cells: {a: {epochs: 3}}": [
        '1: cells: must be a list; given: {"a": {"epochs": 3}}; '
        f"allowed: a list of 1 to 20000 items, each {{{CELL}}}"
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
    # paths
    'pathvars: {results: "{cell}/x"}': [
        '1: pathvars.results: has a form or characters that are not allowed; given: "{cell}/x"; '
        "allowed: path of a folder, without braces"
    ],
    # what would break a run later
    "defaults: {learning_rate: 1.0e-320}": [
        "1: defaults.learning_rate: is too small a number; given: 1e-320; allowed: 0, or 2.225e-308 and more"
    ],
    "cells: [{name: a}, {name: b, optimizer: {_target_: adam, eps: 4.0e-310}}]": [
        "1: cells[1].optimizer.eps: is too small a number; given: 4e-310; allowed: 0, or 2.225e-308 and more"
    ],
    'title: "  "': [
        '1: title: has a form or characters that are not allowed; given: "  "; '
        "allowed: one line of text of 1 to 200 characters"
    ],
    'title: "\u200b\u3164"': [
        '1: title: has a form or characters that are not allowed; given: "\\u200b\u3164"; '
        "allowed: one line of text of 1 to 200 characters"
    ],
    'title: "\ufe0f\u034f"': [
        '1: title: has a form or characters that are not allowed; given: "\ufe0f\u034f"; '
        "allowed: one line of text of 1 to 200 characters"
    ],
    'title: "\\U000E0041"': [
        '1: title: has a form or characters that are not allowed; given: "\\U000e0041"; '
        "allowed: one line of text of 1 to 200 characters"
    ],
    'title: "a\\nb"': [
        '1: title: has a form or characters that are not allowed; given: "a\\nb"; '
        "allowed: one line of text of 1 to 200 characters"
    ],
    'note: "a\\u202Eb"': [
        '1: note: has characters that are not text; given: "a\\u202eb"; allowed: text without control characters'
    ],
    # YAML
    "defaults:\n  epochs: 010\n  batch_size: 1:30": [
        "2: defaults.epochs: is read as 8 by YAML; "
        'given: "010"; allowed: a number without leading zeros and colons, or text in "..."',
        "3: defaults.batch_size: is read as 90 by YAML; "
        'given: "1:30"; allowed: a number without leading zeros and colons, or text in "..."',
    ],
    "title: a\nyes: 1": ['2: has a key that YAML reads as true or false; given: "yes"; allowed: text: "yes":'],
    "cells:\n  - name: a\n    1: 2": [
        '3: cells[0]: has a key that YAML reads as a number; given: "1"; allowed: text: "1":'
    ],
    "title: a\ndefaults:\n  epochs: 3\n  epochs: 4": ["4: defaults.epochs: says the same key twice"],
}


@pytest.mark.parametrize(("overlay", "lines"), CASES.items(), ids=[case[:40] for case in CASES])
def test_one_line_each(tmp_path, monkeypatch, overlay, lines):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as raised:
        load_overlay(tmp_path, overlay)
    assert str(raised.value).split("\n") == [f"overlay.yaml:{line}" for line in lines]


def error_of(*arguments, **options) -> str:
    with pytest.raises(UserError) as raised:
        load_overlay(*arguments, **options)
    return str(raised.value)


def test_the_file_whose_value_counts_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    error = error_of(tmp_path, "defaults: {epochs: 0}", "\n\ndefaults: {epochs: -1}")
    assert error.startswith("overlay2.yaml:3: defaults.epochs: is out of range; given: -1;")
    error = error_of(tmp_path, "defaults: {epochs: 0}", "title: x")
    assert error.startswith("overlay.yaml:1: defaults.epochs: is out of range; given: 0;")


def test_the_command_line_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    error = error_of(tmp_path, "", command_line={"defaults": {"epochs": 0}, "speed": 3})
    assert error.split("\n") == [
        f"--config: speed: unknown key; given: 3; allowed: {TOP}",
        "--config: defaults.epochs: is out of range; given: 0; allowed: a whole number from 1 to 100000",
    ]


def test_the_command_line_is_named_where_it_gives_text_for_pairs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    error = error_of(tmp_path, "defaults: {epochs: 3}", command_line={"defaults": "{epochs: [}"})
    assert error.startswith('--config: defaults: must be key: value pairs; given: "{epochs: [}";')


def test_keys_that_no_file_has(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.yaml").write_text("dataset: digits\ndefaults: {epochs: 1}\ncells: [{name: a}]\n")
    with pytest.raises(UserError) as raised:
        load({"dataset": "digits", "defaults": {"epochs": 1}, "cells": [{"name": "a"}]}, ["own.yaml"])
    assert str(raised.value).split("\n") == [
        "own.yaml: baseline: is missing; allowed: name of a cell",
        "own.yaml: final: is missing; allowed: name of a cell",
    ]
    config = {"dataset": "digits", "baseline": "a", "final": "a", "defaults": {}, "cells": [{"name": "a"}]}
    with pytest.raises(UserError, match=r"own.yaml:2: defaults.loss: is missing, and cell a has none"):
        load(config, ["own.yaml"])


def test_broken_yaml_names_its_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.yaml").write_text("title: a\ncells: [\n")
    with pytest.raises(UserError, match=r"^own.yaml:3: is not YAML: "):
        load({}, ["own.yaml"])


def test_a_thousand_problems_are_cut_short(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cells = "".join(f"  - {{name: a{number}, epochs: 0}}\n" for number in range(1000))
    lines = error_of(tmp_path, f"cells:\n{cells}").split("\n")
    assert len(lines) == 21
    assert lines[-1].startswith("... and ")


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


@pytest.mark.parametrize("text", ["!!python/name:os.getcwd", "!!python/complex 1+2j"])
def test_what_a_tag_of_pythons_makes_is_reported_where_it_is(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(f"title: {text}\n", "utf-8")
    with pytest.raises(UserError, match=r"mine.yaml:1: title: is a \w+, which has no place here"):
        load(yaml.load(path.read_text("utf-8"), yaml.FullLoader), [path])
