"""A run exported to other programs, and read back by their own libraries."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from project import CELLS, ROOT

import experiment_grid as eg
from experiment_grid.export.__main__ import main

SCRIPTS = str(ROOT / "workflow/scripts")


@pytest.fixture
def results(finished) -> Path:
    return finished / "results"


def export(*arguments: object) -> None:
    main([*map(str, arguments)])


def need(package: str) -> None:
    """Skip the test if an extra is not installed."""
    pytest.importorskip(package, reason=f"{package} is not installed: make setup-export")


@pytest.fixture
def server(tmp_path, monkeypatch):
    """The address of an MLflow server with an empty store."""
    need("mlflow")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{tmp_path}/store.db", "--artifacts-destination", f"{tmp_path}/files"]
    address, log = f"http://127.0.0.1:{port}", tmp_path / "server.log"
    for name, value in {
        "MLFLOW_TRACKING_URI": address,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # eight processes that no test needs
    }.items():
        monkeypatch.setenv(name, value)
    with log.open("w") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, cwd=tmp_path, start_new_session=True)
    try:
        until = time.monotonic() + 900  # on a busy machine
        while True:
            try:
                urllib.request.urlopen(f"{address}/health", timeout=5)
                break
            except OSError:
                assert process.poll() is None and time.monotonic() < until, log.read_text("utf-8")
                time.sleep(0.2)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)  # its workers too
        process.wait(60)


def test_mlflow_has_every_cell_and_its_curves(results, server, capsys):
    from mlflow import MlflowClient

    for said in ("4 of 4 cells are new", "0 of 4 cells are new"):
        export("mlflow", results)
        assert said in capsys.readouterr().out
    client, run = MlflowClient(server), eg.load(results)
    found = client.search_runs([client.get_experiment_by_name("Small").experiment_id], max_results=1000)
    by_name = {entry.info.run_name: entry for entry in found}
    assert by_name.keys() == {*CELLS} | {f"{cell}, seed {seed}" for cell in CELLS for seed in (1, 2)}
    assert len(found) == len(by_name) and {entry.info.status for entry in found} == {"FINISHED"}
    narrow = by_name["narrow"]
    assert narrow.data.params["learning_rate"] == "0.02" and narrow.data.params["model.hidden"] == "[16]"
    row = run.comparison.set_index("cell").loc["narrow"]
    assert narrow.data.metrics["test_accuracy"] == pytest.approx(row["test_accuracy"])
    child = by_name["narrow, seed 2"]
    assert child.data.tags["mlflow.parentRunId"] == narrow.info.run_id
    curve = [(metric.step, metric.value) for metric in client.get_metric_history(child.info.run_id, "validation_loss")]
    ours = run.history.query("cell == 'narrow' and seed == 2")
    assert sorted(curve) == [*zip(ours["epoch"], ours["validation_loss"], strict=True)]


def test_tensorboard_has_the_curves(results, tmp_path):
    need("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    command = [sys.executable, "-m", "experiment_grid.export", "tensorboard", results, "--to", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": SCRIPTS})
    assert done.returncode == 0, done.stderr
    export("tensorboard", results, "--to", tmp_path)  # replaces the first
    assert {path.parent.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("events.*")} == {
        f"{cell}/seed-{seed}" for cell in CELLS for seed in (1, 2)
    }
    events = EventAccumulator(str(tmp_path / "wide/seed-1"))
    events.Reload()
    ours = eg.load(results).history.query("cell == 'wide' and seed == 1")
    for name in ("train_loss", "test_accuracy"):
        found = events.Scalars(name)
        assert [event.step for event in found] == ours["epoch"].tolist()
        np.testing.assert_allclose([event.value for event in found], ours[name], rtol=1e-6)
    (text,) = events.Tensors("parameters")
    assert b'"learning_rate": "0.01"' in text.tensor_proto.string_val[0]


def test_onnx_gives_the_same_logits(results, tmp_path):
    for package in ("onnx", "onnxscript", "onnxruntime"):
        need(package)
    import onnxruntime
    import torch

    file = tmp_path / "wide.onnx"
    export("onnx", results, "wide", file, "--seed", "2", "--epoch", "1")
    run = eg.load(results)
    model, images = run.model("wide", seed=2, epoch=1), run.images()[0]
    session = onnxruntime.InferenceSession(str(file))
    for some in (images, images[:1]):
        (logits,) = session.run(["logits"], {"images": some})
        np.testing.assert_allclose(logits, model(torch.from_numpy(some)).numpy(), atol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tensorboard", "nowhere"], "error: nowhere: holds no run with a trained cell"),
        (["onnx", "{results}", "deep", "deep.onnx"], "error: .*has no trained cell 'deep'; there are wide, narrow"),
        (["onnx", "{results}", "wide", "x.onnx", "--epoch", "9"], "error: cell wide: seed . has no weights of epoch 9"),
    ],
)
def test_a_wrong_argument_is_a_line(results, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    need(arguments[0])
    with pytest.raises(SystemExit, match=message):
        export(*(argument.replace("{results}", str(results)) for argument in arguments))


@pytest.mark.parametrize("target", ["mlflow", "tensorboard", "onnx"])
def test_a_package_that_is_missing_is_named_with_its_extra(results, monkeypatch, target):
    monkeypatch.setitem(sys.modules, target, None)
    for name in [name for name in sys.modules if name.startswith((f"{target}.", "experiment_grid.export.to_"))]:
        monkeypatch.delitem(sys.modules, name)
    cell = ["wide", "wide.onnx"] if target == "onnx" else []
    with pytest.raises(SystemExit) as caught:
        export(target, results, *cell)
    assert caught.value.code == f"error: {target}: the package {target} is not installed: pip install -e '.[{target}]'"
