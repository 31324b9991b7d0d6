"""A finished run in Python: the numbers of the workflow's files, and one line for what is missing."""

import json
import random
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from project import ROOT
from trained_cell import OneCell

import experiment_grid as eg
from experiment_grid.runtime.errors import UserError

LENET = {"_target_": "models/lenet.py:LeNet", "channels": [4, 6], "kernel": 1}


@pytest.fixture(scope="module")
def run(finished) -> eg.Run:
    return eg.load(finished / "results")


@pytest.fixture
def own(tmp_path, monkeypatch) -> OneCell:
    """A trained cell with a model of the user's, in a project that is not the working directory."""
    shutil.copytree(ROOT / "models", tmp_path / "project/models")
    monkeypatch.chdir(tmp_path / "project")
    cell = OneCell(tmp_path / "project/results", "lenet", model=LENET, epochs=2, keep="chosen")
    cell.train()
    cell.evaluate()
    prepared = tmp_path / "project/results/data/small/prepared.safetensors"
    prepared.parent.mkdir()
    cell.prepared.rename(prepared)
    monkeypatch.chdir(tmp_path)
    return cell


def test_the_tables_are_the_files(run, finished):
    assert run.cells == ["wide", "narrow", "grid-batch-32", "grid-batch-128"]
    for name in ("comparison", "effects", "timing"):
        table = getattr(run, name)
        texts = dict.fromkeys(table.select_dtypes(["object", "string"]).columns, str)
        as_file = pd.read_csv(finished / f"results/{name}.csv", dtype=texts, keep_default_na=False, na_values=[""])
        pd.testing.assert_frame_equal(table, as_file, check_dtype=False)
    history = pd.read_csv(finished / "results/cells/narrow/history.csv")
    of_narrow = run.history[run.history["cell"] == "narrow"].reset_index(drop=True)
    pd.testing.assert_frame_equal(of_narrow[history.columns], history)
    assert of_narrow["test_accuracy"].notna().all()


def test_a_table_has_a_label_per_row(run):
    images, _ = run.images()
    tables = [run.history, run.comparison, run.effects, run.timing, run.predictions("wide"), run.predict(images[:3])]
    for table in tables:
        assert table.index.tolist() == list(range(len(table)))


@pytest.mark.parametrize("seed", [1, 2])
def test_a_model_gives_the_predictions_of_the_run(run, seed):
    model, (images, labels) = run.model("wide", seed=seed), run.images()
    assert isinstance(model, torch.nn.Module) and not model.training
    ours = model(torch.from_numpy(images)).log_softmax(dim=1).numpy()
    np.testing.assert_allclose(ours, run.log_probabilities("wide", seed), atol=1e-5)
    predicted = run.predictions("wide", seed)
    assert (predicted["label"] == labels).all()
    row = run.history.query("cell == 'wide' and seed == @seed").iloc[-1]
    assert predicted["correct"].mean() == pytest.approx(row["test_accuracy"])


def test_an_epoch_can_be_asked_for(run):
    images, labels = run.images()
    right = run.model("narrow", seed=1, epoch=1).probabilities(images).argmax(axis=1) == labels
    row = run.history.query("cell == 'narrow' and seed == 1 and epoch == 1").iloc[0]
    assert right.mean() == pytest.approx(row["test_accuracy"])


def test_images_as_they_are(run, finished):
    model, (images, _) = run.model("wide"), run.images()
    whole = model.probabilities(images[:3])
    for same in (images[:3, 0], torch.from_numpy(images[:3])):
        np.testing.assert_array_equal(model.probabilities(same), whole)
    for one in (images[0], images[0, 0], Image.fromarray(images[0, 0]).convert("RGB")):
        said = eg.predict(one, finished / "results")
        assert said.columns.tolist() == run.classes and len(said) == 1
        np.testing.assert_allclose(said.to_numpy(), whole[:1], atol=1e-6)


def test_a_model_of_the_users(own):
    random.seed(1)
    before = random.getstate(), torch.get_rng_state()
    run = eg.load(own.results)
    model, (images, _) = run.model("lenet", seed=2), run.images()
    assert random.getstate() == before[0] and torch.equal(torch.get_rng_state(), before[1])
    assert type(model.module).__name__ == "LeNet"
    np.testing.assert_allclose(np.log(model.probabilities(images)), run.log_probabilities("lenet", seed=2), atol=1e-4)
    with pytest.raises(UserError, match="no weights of epoch 1; there are 2, as the cell has keep: chosen"):
        run.model("lenet", epoch=1)


def test_a_model_whose_code_has_changed_says_so(own, tmp_path):
    plan = json.loads(own.run.read_text("utf-8"))
    plan["recipe"]["code"] = {"models/lenet.py": "another"}
    own.run.write_text(json.dumps(plan), "utf-8")
    run = eg.load(own.results)
    for ask in (lambda: run.model("lenet"), lambda: eg.predict(run.images()[0], own.results, "lenet")):
        with pytest.warns(UserWarning, match=r"models/lenet.py has changed since cell lenet was trained") as caught:
            ask()
        assert [warning.filename for warning in caught] == [__file__]
    (tmp_path / "project/models").rename(tmp_path / "elsewhere")
    with pytest.raises(UserError, match=r"models/lenet.py: no such file .*Run.state_dict"):
        eg.load(own.results).model("lenet")


def test_a_model_of_torchvision(tmp_path):
    resnet = {"_target_": "torchvision.models.resnet18", "num_classes": 4, "progress": False}
    cell = OneCell(tmp_path / "results", "resnet", model=resnet, epochs=1, batch_size=8, seeds=[1], learning_rate=0.001)
    generator = np.random.default_rng(0)
    parts = [(generator.integers(0, 256, (n, 3, 32, 32), np.uint8), np.arange(n, dtype=np.uint8) % 4) for n in (24, 8)]
    cell.prepare(*parts)
    cell.train()
    cell.evaluate()
    (cell.results / "data/small").mkdir()
    cell.prepared.rename(cell.results / "data/small/prepared.safetensors")
    run = eg.load(cell.results)
    model, (images, _) = run.model("resnet"), run.images()
    assert type(model.module).__name__ == "ResNet" and model.shape == (3, 32, 32)
    ours = model(torch.from_numpy(images)).log_softmax(dim=1).detach()
    np.testing.assert_allclose(ours, run.log_probabilities("resnet"), rtol=1e-4, atol=1e-4)
    for one in (images[0], Image.fromarray(images[0].transpose(1, 2, 0))):
        np.testing.assert_allclose(run.predict(one, "resnet"), model.probabilities(images[:1]), atol=1e-5)
    with pytest.raises(UserError, match=r"given is \[32, 32\]; allowed: \[3, 32, 32\], \[N, 3, 32, 32\]$"):
        model(torch.zeros(32, 32, dtype=torch.uint8))


def test_the_document_reads_weights_without_this_package(own, monkeypatch):
    """By the five lines of docs/python.md, with another epoch."""
    run = eg.load(own.results)
    monkeypatch.chdir(own.results.parent)
    document = (ROOT / "docs/python.md").read_text("utf-8")
    (code,) = [block for block in re.findall(r"```python\n(.*?)```\n", document, re.DOTALL) if "safe_open" in block]
    epoch = run.cell("lenet").chosen_epochs[0]
    module = run.model("lenet", seed=1).module
    names: dict = {"module": module}
    exec(code.replace("epoch15", f"epoch{epoch}"), names)
    state = names["state"]
    assert state and all(torch.equal(module.state_dict()[name], tensor) for name, tensor in state.items())


def test_a_state_dict_is_what_a_module_takes(own, tmp_path):
    sys.path.insert(0, str(tmp_path / "project/models"))
    try:
        from lenet import LeNet

        module = LeNet((1, 6, 5), 4, channels=(4, 6), kernel=1)
    finally:
        sys.path.pop(0)
    assert module.load_state_dict(eg.load(own.results).state_dict("lenet", seed=1)).missing_keys == []


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda run: eg.load(run.folder / "cells"), "holds no run with a trained cell"),
        (lambda run: run.model("deep"), "has no trained cell 'deep'; there are wide, narrow, grid-batch-32"),
        (lambda run: run.predictions("wide", seed=7), "cell wide: has no seed 7; there are 1, 2"),
        (lambda run: run.model("wide", 1, epoch=3), "seed 1 has no weights of epoch 3; there are 1 to 2"),
        (lambda run: run.model("wide", 1, epoch="best"), "no weights of epoch best"),
        (lambda run: run.images("validation"), "given 'validation'; allowed: train, test"),
        (lambda run: run.predict(np.zeros((8, 8))), "numbers of type float64; expected pixels as uint8"),
        (
            lambda run: run.predict(np.zeros((3, 28, 28), np.uint8)),
            r"given is \[3, 28, 28\]; allowed: \[8, 8\], \[1, 8, 8\], \[N, 8, 8\], \[N, 1, 8, 8\]$",
        ),
    ],
)
def test_what_is_missing_is_reported_in_a_line(run, ask, message):
    with pytest.raises(UserError, match=message) as caught:
        ask(run)
    assert "\n" not in str(caught.value)


def test_a_run_that_is_not_finished(run, tmp_path):
    shutil.copytree(run.folder / "cells/wide", tmp_path / "cells/wide")
    part = eg.load(tmp_path)
    assert part.predictions("wide")["correct"].mean() > 0.1
    for ask in (lambda: part.comparison, lambda: part.effects, lambda: part.timing):
        with pytest.raises(UserError, match=r"make run .*make report-partial .*\(with the CONFIG of your run\)$"):
            ask()
    with pytest.raises(UserError, match=r"prepared\.safetensors: is not there"):
        part.model("wide")
    (tmp_path / "cells/wide/evaluation.json").unlink()
    with pytest.raises(UserError, match="trained and not yet evaluated"):
        eg.load(tmp_path).predictions("wide")


def test_the_final_cell(run, tmp_path):
    assert run.final == "wide"
    shutil.copytree(run.folder / "cells/wide", tmp_path / "cells/wide")
    shutil.copytree(run.folder / "data", tmp_path / "data")
    image = run.images()[0][0]
    with pytest.raises(UserError, match=r"not come to its final cell; continue with make run .* a cell: wide$"):
        eg.predict(image, tmp_path)
    (tmp_path / "plan").mkdir()
    plan = tmp_path / "plan/errors.json"
    plan.write_text('{"recipe": []}', "utf-8")
    with pytest.raises(UserError, match="the run has not come to its final cell"):
        eg.predict(image, tmp_path)
    shutil.copy(run.folder / "plan/errors.json", plan)
    assert eg.load(tmp_path).final == "wide"
    pd.testing.assert_frame_equal(eg.predict(image, tmp_path), run.predict(image))
    (tmp_path / "cells/wide").rename(tmp_path / "cells/narrow")
    with pytest.raises(UserError, match=r"final cell 'wide' is not trained; continue with make run .* a cell: narrow$"):
        eg.predict(image, tmp_path)


def test_a_diverged_training_warns(tmp_path):
    cell = OneCell(tmp_path / "results", "diverges", learning_rate=1e30, weight_decay=1.0, seeds=[1])
    assert cell.train()["status"] == "diverged"
    cell.evaluate()
    (cell.results / "data/small").mkdir()
    cell.prepared.rename(cell.results / "data/small/prepared.safetensors")
    run = eg.load(cell.results)
    images, _ = run.images()
    for ask in (
        lambda: run.predictions("diverges"),
        lambda: run.log_probabilities("diverges"),
        lambda: run.model("diverges", seed=1),
        lambda: run.state_dict("diverges", epoch="last"),
        lambda: eg.predict(images[0], cell.results, "diverges"),
    ):
        with pytest.warns(UserWarning) as caught:
            ask()
        (warning,) = caught
        assert str(warning.message) == (
            "cell diverges: the training of seed 1 diverged in epoch 1; "
            "what its model predicts from then on means nothing"
        )
        assert warning.filename == __file__


def test_seeds_that_did_not_diverge_do_not_warn(own):
    record = json.loads(own.run.read_text("utf-8"))
    record["status"] = record["seeds"]["1"]["status"] = "diverged"
    own.run.write_text(json.dumps(record), "utf-8")
    history = pd.read_csv(own.history)
    history.loc[(history["seed"] == 1) & (history["epoch"] == 2), "validation_loss"] = np.nan
    history.to_csv(own.history, index=False)
    run = eg.load(own.results)
    with warnings.catch_warnings(action="error"):
        run.predictions("lenet")
        run.model("lenet", seed=2)
    with pytest.warns(UserWarning, match="cell lenet: the training of seed 1 diverged in epoch 2"):
        run.predictions("lenet", seed=1)


def test_the_stages_do_not_import_it():
    code = "import experiment_grid, sys; print({'pandas', 'torch', 'numpy'} & {*sys.modules}, dir(experiment_grid))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "workflow/scripts", capture_output=True, text=True)
    assert done.stdout.startswith("set()"), done.stderr
    with pytest.raises(AttributeError):
        eg.nothing  # noqa: B018


def test_every_public_name_has_declared_types():
    package = Path(eg.__file__).parent
    assert (package / "py.typed").is_file()
    declared = (package / "__init__.pyi").read_text("utf-8")
    assert all(f"import {name} as {name}\n" in declared for name in eg.__all__)
