"""Bad configs: each gives exactly these lines, with the file whose value counts, and nothing else."""

import pytest
import yaml
from configs import CELL_KEYS, CELL_NAME, PARAMETERS, error_of

from experiment_grid.config.settings import load
from experiment_grid.runtime.errors import UserError

TOP = (
    "title, note, dataset, mirrors, gpus, epoch, partial, old_trainings_mb, confidence, baseline, final, reference, "
    "defaults, cells, packages, pathvars"
)
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
        f"1: cells[0].xyz: unknown key; given: 1; allowed: {CELL_KEYS}; options of a component as model.channels"
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
        f'1: dataset.path: gives no safe name, so dataset.name is needed; given: "/"; allowed: {CELL_NAME}'
    ],
    'mirrors: {mnist: ["ftp://example.org/"]}': [
        "1: mirrors.mnist[0]: has a form or characters that are not allowed; "
        f'given: "ftp://example.org/"; allowed: {ADDRESS}'
    ],
    "reference: nowhere.yaml": ['1: reference: is not a file; given: "nowhere.yaml"; allowed: path of a file, or null'],
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
    assert error_of(tmp_path, overlay).split("\n") == [f"overlay.yaml:{line}" for line in lines]


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


@pytest.mark.parametrize("text", ["!!python/name:os.getcwd", "!!python/complex 1+2j"])
def test_what_a_tag_of_pythons_makes_is_reported_where_it_is(tmp_path, text):
    path = tmp_path / "mine.yaml"
    path.write_text(f"title: {text}\n", "utf-8")
    with pytest.raises(UserError, match=r"mine.yaml:1: title: is a \w+, which has no place here"):
        load(yaml.load(path.read_text("utf-8"), yaml.FullLoader), [path])
