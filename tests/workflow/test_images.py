"""A whole run on colour images of many classes, in folders of PNG files, with augmentation, to the page."""

import json

import numpy as np
import pytest
from PIL import Image
from project import copy_project, snakemake

CLASSES = 47
CONFIG = """\
title: Patterns
dataset: {path: patterns, test_fraction: 0.25}
reference: null
baseline: plain
final: shifted
pathvars: {results: results}
defaults: {hidden: [16], epochs: 2, batch_size: 64, learning_rate: 0.05, seeds: [1], device: cpu}
cells:
  - name: plain
    normalize: channels
  - name: shifted
    normalize: channels
    augment: {_target_: RandomAffine, degrees: 0, translate: [0.1, 0.1]}
"""


def write_images(folder, each=8):
    """Write folders of PNG files, 3 x 32 x 32, each class with its own colours."""
    random = np.random.default_rng(0)
    for label, colours in enumerate(random.integers(40, 216, (CLASSES, 4, 4, 3))):
        (folder / f"class {label:02}").mkdir(parents=True)
        for number in range(each):
            pixels = colours.repeat(8, axis=0).repeat(8, axis=1) + random.integers(-40, 40, (32, 32, 3))
            Image.fromarray(pixels.astype(np.uint8)).save(folder / f"class {label:02}/{number}.png")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = copy_project(tmp_path_factory.mktemp("images") / "project")
    write_images(folder / "patterns")
    for number in range(1, 6):  # some of them to test with
        first = folder / "patterns/class 00"
        (first / f"again {number}.png").write_bytes((first / "0.png").read_bytes())
    (folder / "config/images.yaml").write_text(CONFIG, "utf-8")
    done = snakemake(folder, config="config/images.yaml", timeout=1200)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "said.txt").write_text(done.stdout + done.stderr, "utf-8")
    return folder


def test_colour_and_many_classes_reach_the_page(project):
    results = project / "results"
    errors = json.loads((results / "errors/errors.json").read_text("utf-8"))
    assert len(errors["classes"]) == CLASSES and errors["augmented"]["cells"] == {"shifted": 0}
    for name in ("atlas", "neighbours", "augmented"):
        with Image.open(results / f"errors/{name}.png") as sheet:
            assert sheet.mode == "RGB"
    page = (results / "report.html").read_text("utf-8")
    assert "class 46" in page and page.count('aria-label="Augmented training image"') == 12


def test_what_is_strange_is_reported_on_terminal_and_page(project):
    warning = "test images are training images too: the test accuracy is not that of new images"
    assert warning in (project / "said.txt").read_text("utf-8")
    assert warning in (project / "results/report.html").read_text("utf-8")


def test_nothing_runs_again_until_an_image_changes(project):
    assert "Nothing to be done" in dry(project)
    image = project / "patterns/class 03/2.png"
    Image.new("RGB", (32, 32), (1, 2, 3)).save(image)
    jobs = dry(project)
    assert "rule download:" in jobs and "rule train:" in jobs


def dry(project):
    done = snakemake(project, "--dry-run", config="config/images.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
