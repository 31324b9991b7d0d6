"""Images of the user's own, in any form: counted, refused where they do not fit, warned of where some are unused."""

import subprocess
import sys

import numpy as np
import pytest
from idx_files import contents, write_folder
from own_images import made, pixels, write_images
from prepare import prepare

from experiment_grid.config.dataset import Dataset
from experiment_grid.data import idx, memory, prepared, source
from experiment_grid.data.idx import DataError
from experiment_grid.data.idx_folder import FILES


def test_images_that_memory_does_not_hold_are_refused_with_their_bytes(tmp_path, monkeypatch):
    root = write_images(tmp_path / "pets")
    monkeypatch.setattr(memory, "memory", lambda: 3000)
    with pytest.raises(
        DataError,
        match=r"take 1,728 bytes, and to prepare them 2 times as many; this machine has 3,000 bytes",
    ):
        made(root, tmp_path)
    monkeypatch.setattr(memory, "memory", lambda: 2000)
    np.savez(tmp_path / "large.npz", images=pixels(30, 6, 8), labels=np.arange(30) % 3)
    with pytest.raises(DataError, match=r"large\.npz: 30 x 6 x 8 images take 1,440 bytes"):
        made(tmp_path / "large.npz", tmp_path)


def test_images_of_idx_files_are_counted_before_they_are_decoded(tmp_path, monkeypatch):
    folder = write_folder(tmp_path, contents())
    monkeypatch.setattr(memory, "memory", lambda: 1000)
    monkeypatch.setattr(idx, "read", lambda *_: pytest.fail("was decoded"))
    with pytest.raises(DataError, match=r"own: 40 x \d+ x \d+ and 20 x \d+ x \d+ images take [\d,]+ bytes"):
        prepare("own", [folder / f"{name}.gz" for name in FILES], tmp_path / "prepared.safetensors")


@pytest.mark.parametrize("fraction", [None, 0.3])
def test_training_images_are_counted_while_planning(tmp_path, fraction):
    more = {} if fraction is None else {"test_fraction": fraction}
    root = write_images(tmp_path / "pets", each=7)
    np.savez(tmp_path / "whole.npz", images=pixels(21, 6, 5), labels=np.arange(21) % 3)
    for path in (root, tmp_path / "whole.npz"):
        images = prepared.training_images(made(path, tmp_path, **more))[0]
        assert source.training_images(Dataset("own", path, **more)) == len(images)
    np.savez(tmp_path / "parts.npz", x_train=pixels(21, 6, 5), y_train=np.arange(21) % 3, x_test=0, y_test=0)
    assert source.training_images(Dataset("own", tmp_path / "parts.npz")) == 21
    (tmp_path / "none.npz").write_bytes(b"PK")
    assert source.training_images(Dataset("own", tmp_path / "none.npz")) is None


def test_what_is_not_used_is_a_warning(tmp_path):
    for part in ("train", "test", "val"):
        write_images(tmp_path / "pets" / part)
    assert prepared.warnings(made(tmp_path / "pets", tmp_path)) == ["the folder val is not used"]
    values = {f"{part}_{what}": pixels(30, 6, 5) if what == "images" else np.arange(30) % 3
              for part in ("train", "val", "test") for what in ("images", "labels")}  # fmt: skip
    np.savez(tmp_path / "med.npz", **values)
    unused = ["the arrays val_images, val_labels are not used"]
    assert prepared.warnings(made(tmp_path / "med.npz", tmp_path)) == unused


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [("test_fraction", 0.3, ("parts", "idx", "npz", "digits")), ("size", 4, ("idx", "npz", "digits", "function"))],
)
def test_a_setting_that_would_do_nothing_is_refused_before_any_job(tmp_path, key, value, what):
    for part in ("train", "test"):
        write_images(tmp_path / "parts" / part)
    (tmp_path / "idx").mkdir()
    write_folder(tmp_path / "idx", contents())
    values = pixels(30, 6, 5), np.arange(30) % 3
    np.savez(tmp_path / "own.npz", x_train=values[0], y_train=values[1], x_test=values[0][::-1], y_test=values[1])
    given = {
        "parts": {"path": tmp_path / "parts"},
        "idx": {"path": tmp_path / "idx"},
        "npz": {"path": tmp_path / "own.npz"},
        "digits": {},
        "function": {"target": "mine.py:load"},
    }
    for name in what:
        with pytest.raises(DataError, match=f"dataset.{key}: "):
            source.source(Dataset("own", **given[name], **{key: value}))


def test_the_stages_of_data_import_torch_only_for_torchvision():
    code = "import sys, download, prepare; print({'torch', 'torchvision'} & {*sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert done.stdout.strip() == "set()"
