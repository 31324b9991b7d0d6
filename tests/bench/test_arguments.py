"""Wrong arguments of the bench are reported in one line before anything is measured."""

import subprocess
import sys

import pytest
from project import ROOT, environment_of

from bench import gpu
from bench.__main__ import arguments_of

WRONG = {
    "hidden": ["--hidden", "12a"],
    "hidden, a gap": ["--hidden", "128,,64"],
    "hidden, zero": ["--hidden", "0"],
    "cells": ["--cells", "x"],
    "cells, none": ["--cells", ""],
    "cells, too many": ["--cells", "100,10001"],
    "rounds": ["--rounds", "0"],
    "epochs": ["--epochs", "0"],
    "device": ["--device", "tpu"],
    "section": ["cell", "cells"],
    "unknown": ["--round", "x"],
    "run": ["cell", "run"],
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_argument_gives_one_line_and_status_2(name, monkeypatch, capsys):
    monkeypatch.delenv("MNIST_MIRROR", raising=False)
    with pytest.raises(SystemExit) as ended:
        arguments_of(WRONG[name])
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("python -m bench: ")
    assert said.err.count("\n") == 1


def test_the_command_reports_them_in_the_same_way():
    command = [sys.executable, "-m", "bench", "run", "cell"]
    done = subprocess.run(command, cwd=ROOT, env=environment_of(), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "python -m bench: run: set MNIST_MIRROR to the address of a folder with the MNIST files (file:///...)"
    ]


def test_right_arguments(monkeypatch):
    monkeypatch.setenv("MNIST_MIRROR", "file:///mnist")
    assert arguments_of([]).sections == ["cell", "normalization"]
    asked = arguments_of(["run", "--hidden", "", "--cells", "20", "--epochs", "2"])
    assert (asked.sections, asked.hidden, asked.cells, asked.epochs) == (["run"], (), (20,), 2)
    assert arguments_of(["--hidden", "256, 64"]).hidden == (256, 64)


def test_without_a_gpu_the_gpu_section_says_so(monkeypatch):
    monkeypatch.setattr(gpu, "device_name", lambda: "")
    with pytest.raises(SystemExit, match="finds no CUDA device") as ended:
        gpu.section(arguments_of(["gpu"]))
    assert "\n" not in ended.value.code  # a text: printed, and the status is 1
