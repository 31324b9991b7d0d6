"""Every contestant trains a small cell in a process of its own, as the bench starts it."""

import json
import subprocess
import sys
from dataclasses import asdict, replace

import numpy as np
import pytest
from project import ROOT

from bench import images
from bench.contestants import NEEDS, Job, installed

HIDDEN = (12, 8)
SHAPES = [(12, 784), (12,), (8, 12), (8,), (10, 8), (10,)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A few hundred noise images, as all contestants read them."""
    folder = tmp_path_factory.mktemp("noise")
    images.write(folder, images.noise(320, 64))
    return folder


def train(module: str, job: Job) -> float:
    """Training seconds."""
    if not installed(module):
        pytest.skip(f"{NEEDS[module]} is missing: make setup-bench, or a whole clone")
    command = [sys.executable, "-m", "bench.contestant", module, json.dumps(asdict(job))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])["training"]


def job_in(folder, name: str, **changes) -> Job:
    """One epoch of 256 images."""
    job = Job(str(folder), str(folder / f"{name}.npz"), hidden=HIDDEN, epochs=1, n_train=256, n_images=320)
    return replace(job, **changes)


@pytest.mark.parametrize("module", ["ours", "jax_scan", "mlp_classifier", "loader", "eager", "handwritten"])
def test_a_contestant_trains_and_saves_its_weights(module, folder):
    job = job_in(folder, module)
    assert train(module, job) > 0
    with np.load(job.saved) as file:
        weights = [file[name] for name in file.files]
    assert [array.shape for array in weights] == SHAPES
    assert all(np.isfinite(array).all() and array.std() > 0 for array in weights)


@pytest.mark.parametrize("module", ["products", "numpy_products"])
def test_bare_products_save_nothing(module, folder):
    job = job_in(folder, module)
    assert train(module, job) > 0
    assert not (folder / f"{module}.npz").exists()


@pytest.mark.parametrize("module", ["ours", "jax_scan"])
def test_a_network_without_hidden_layers_of_normalized_images(module, folder):
    job = job_in(folder, f"{module}-flat", hidden=(), normalize=True)
    train(module, job)
    with np.load(job.saved) as file:
        assert [file[name].shape for name in file.files] == [(10, 784), (10,)]


@pytest.mark.parametrize("module", ["ours", "loader"])
def test_shifted_images_make_other_weights(module, folder):
    jobs = [job_in(folder, f"{module}-{shift}", augment=shift) for shift in (False, True)]
    for job in jobs:
        train(module, job)
    plain, shifted = (np.load(job.saved) for job in jobs)
    assert any((plain[name] != shifted[name]).any() for name in plain.files)


@pytest.mark.parametrize("module", ["ours", "eager", "loader"])
def test_lenet_is_only_timed(module, folder):
    job = job_in(folder, f"{module}-lenet", model="lenet")
    assert train(module, job) > 0
    assert not (folder / f"{module}-lenet.npz").exists()


@pytest.mark.gpu
@pytest.mark.parametrize("module", ["ours", "eager", "loader"])
@pytest.mark.parametrize("model", ["mlp", "lenet"])
def test_on_a_gpu(module, model, folder):
    job = job_in(folder, f"{module}-{model}-cuda", model=model, device="cuda")
    assert train(module, job) > 0


def test_several_seeds(folder):
    job = job_in(folder, "five", seeds=(1, 2, 3))
    train("ours", job)
    run = json.loads((folder / "five/cells/bench/run.json").read_text("utf-8"))
    assert list(run["seeds"]) == ["1", "2", "3"]
