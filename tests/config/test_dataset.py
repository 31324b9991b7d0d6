"""The key `dataset`: every form of it, and one line for what is no data set."""

import pytest
from configs import load_overlay

from experiment_grid.config.dataset import Dataset
from experiment_grid.data.datasets import DATASETS
from experiment_grid.runtime.errors import UserError

TORCHVISION = "torchvision.datasets"


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/mine.py").write_text(
        "raise RuntimeError\n\n\ndef load(side: int = 8): ...\ndef resized(size: int): ...\n"
    )


def dataset(folder, text):
    return load_overlay(folder, f"dataset: {text}\n").dataset


@pytest.mark.parametrize("name", [name for name in DATASETS if name != "emnist"])
def test_names(tmp_path, name):
    made = dataset(tmp_path, name)
    assert (made.name, made.target, made.path) == (name, DATASETS[name].target, None)


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("torchvision.datasets.MNIST", Dataset("mnist", target=f"{TORCHVISION}.MNIST")),
        ("{_target_: digits, name: d}", Dataset("d")),
        (
            "{_target_: emnist, split: letters}",
            Dataset("emnist-letters", target=f"{TORCHVISION}.EMNIST", options={"split": "letters"}),
        ),
        (
            "{_target_: torchvision.datasets.EuroSAT, size: 32, test_fraction: 0.5}",
            Dataset("eurosat", target=f"{TORCHVISION}.EuroSAT", test_fraction=0.5, size=32),
        ),
        ("data/mine.py:load", Dataset("load", target="data/mine.py:load", options={"side": 8})),
        (
            "{_target_: data/mine.py:load, side: 6, name: mine}",
            Dataset("mine", target="data/mine.py:load", options={"side": 6}),
        ),
        (
            "{_target_: torchvision.datasets.Imagenette, size: 160px}",
            Dataset("imagenette-160px", target=f"{TORCHVISION}.Imagenette", options={"size": "160px"}),
        ),
        (
            "{_target_: data/mine.py:resized, size: 6}",
            Dataset("resized-6", target="data/mine.py:resized", options={"size": 6}),
        ),
        ("{_target_: data/mine.py:load, side: 6}", Dataset("load-6", target="data/mine.py:load", options={"side": 6})),
    ],
)
def test_targets(tmp_path, text, made):
    assert dataset(tmp_path, text) == made


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "emnist",
            "dataset.split: is missing: an option of emnist, the data set; allowed: byclass, bymerge, balanced,",
        ),
        ("{_target_: emnist, split: letter}", "split: is not one of those known (did you mean letters?)"),
        ("cifar11", 'dataset: is not one of those known (did you mean cifar10?); given: "cifar11"; allowed: mnist, '),
        ("{_target_: cifar10, train: false}", "dataset.train: is not an option: both parts are taken; given: false"),
        ("{_target_: svhn, split: extra}", "dataset.split: is not an option: both parts are taken"),
        ("{_target_: cifar10, rot: x}", "dataset.rot: unknown option of cifar10, the data set"),
        ("torchvision.datasets.EuroSat", "(did you mean EuroSAT?)"),
        (
            "torch.nn.Linear",
            'dataset: is not a data set; given: "torch.nn.Linear"; allowed: a class of torchvision.datasets',
        ),
        ("data/mine.py:lode", "no such class or function by this name in data/mine.py (did you mean load?)"),
        (
            "{_target_: cifar10, size: 0}",
            "dataset.size: is out of range; given: 0; allowed: a whole number from 1 to 1024",
        ),
        ("{_target_: cifar10, size: large}", "dataset.size: unknown option of cifar10, the data set"),
        ("{_target_: digits, side: 8}", "dataset.side: is not an option of digits, the data set; given: 8"),
        ("{path: images, _target_: digits}", "dataset._target_: unknown key"),
        ("torchvision.datasets.FER2013", "downloads nothing"),
        ("torchvision.datasets.FakeData", "downloads nothing"),
        ("{_target_: torchvision.datasets.ImageFolder}", "dataset._target_: downloads nothing"),
        ("{_target_: cifar10, name: mnist}", "dataset.name: gives the name of a built-in data set"),
    ],
)
def test_what_is_no_data_set_is_one_line(tmp_path, text, line):
    with pytest.raises(UserError) as raised:
        dataset(tmp_path, text)
    assert line in str(raised.value)
    assert str(raised.value).count("\n") == 0
