"""The order of the contestants, and how measurements are reported."""

import json
from importlib import metadata

import pytest

from bench import cell, contestants, gpu, measure, scale
from bench.__main__ import arguments_of
from bench.contestants import Job
from bench.measure import Times, megabytes, order, ratios, spread, table
from bench.workflow import peak, seconds_of


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6])
def test_the_order_changes_from_round_to_round(count):
    labels = list("abcdef"[:count])
    rounds = [order(labels, number) for number in range(1, 2 * count + 1)]
    assert all(sorted(one) == labels for one in rounds)
    assert rounds[0] == labels
    assert {one[0] for one in rounds} == set(labels)
    assert all(before != after for before, after in zip(rounds[::2], rounds[1::2], strict=True))
    for label in labels:  # even in the usual three rounds, none always follows the same one
        places = [one.index(label) for one in rounds[:3]]
        assert len({one[place - 1] if place else None for one, place in zip(rounds, places, strict=False)}) > 1


def test_spread_and_ratios():
    assert spread([3.0, 1.0, 2.0]) == "2.0 [1.0-3.0]"
    assert spread([1.234], 2) == "1.23 [1.23-1.23]"
    assert ratios([10.0, 30.0, 20.0], [10.0, 10.0, 10.0]) == "2.00 [1.00-3.00]"
    assert megabytes(2_500_000) == 2.5


def test_a_table_has_columns():
    assert table(["", "a"], [["long name", "1"], ["x", "22"]]) == "           a\nlong name  1\nx          22"


def times(training: float, process: float) -> Times:
    """Two rounds, the second twice as long."""
    return Times([training, 2 * training], [process, 2 * process], [1.0, 1.0], 500.0, 0.93)


def test_the_goals_are_ratios():
    found = {cell.OURS: times(2, 4), cell.HANDWRITTEN: times(1, 2), cell.JAX: times(3, 2), cell.LOADER: times(20, 22)}
    found |= {cell.EAGER: times(3, 5)}
    assert cell.goals(found) == [
        "This project / hand-written trainer, training: 2.00 [2.00-2.00]; goal: at most 1.3",
        "DataLoader loop / this project, training: 10.00 [10.00-10.00]; goal: at least 5",
        "Eager loop / this project, training: 1.50 [1.50-1.50]; goal: at least 1.4",
        "This project / JAX, whole process: 2.00 [2.00-2.00]; goal: at most 1.2",
    ]
    assert len(cell.goals({cell.OURS: times(2, 4), cell.HANDWRITTEN: times(1, 2)})) == 1


def test_what_is_not_installed_is_left_out_with_a_line(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(contestants, "find_spec", lambda name: None)
    assert measure.measure({"JAX": ("jax_scan", Job(str(tmp_path), ""))}, 0) == {}
    assert capsys.readouterr().out == "Left out, as jax is not here (make setup-bench installs packages): JAX\n"


def test_where_names_what_is_installed(monkeypatch):
    there = {"torch": "2.0", "numpy": "2.1"}

    def version(name):
        if name not in there:
            raise metadata.PackageNotFoundError(name)
        return there[name]

    monkeypatch.setattr(measure.metadata, "version", version)
    monkeypatch.setattr(measure, "threadpool_info", lambda: [{"prefix": "libscipy_openblas", "architecture": "Zen"}])
    monkeypatch.delenv("OPENBLAS_CORETYPE", raising=False)
    assert measure.where().endswith(", torch 2.0, numpy 2.1, OpenBLAS for Zen")
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Zen")
    assert measure.where().endswith(", torch 2.0, numpy 2.1, OpenBLAS for Zen (by OPENBLAS_CORETYPE)")


def test_the_gpu_section_on_the_cpu(monkeypatch, capsys):
    monkeypatch.setattr(gpu.images, "make", lambda folder: "noise")
    asked = {}
    monkeypatch.setattr(gpu, "measure", lambda jobs, rounds: asked.update(jobs) or {name: times(2, 4) for name in jobs})
    gpu.section(arguments_of(["gpu", "--device", "cpu", "--epochs", "3"]))
    assert {job.device for _, job in asked.values()} == {"cpu"}
    assert {*asked} == {*(label for _, labels in gpu.CELLS.values() for label in labels)}
    assert asked[gpu.FIVE][1].seeds == (1, 2, 3, 4, 5) and asked[gpu.STEPS][1].step == "eager"
    said = capsys.readouterr().out
    assert said.count("this project, one seed ") == said.count("eager loop, images in memory") == 3


def test_scale_prints_each_size_when_it_is_measured(monkeypatch, capsys):
    def measured(cells):
        if cells == 30:
            raise KeyboardInterrupt
        return {"cells": str(cells), "whole run, s": "12.0"}

    monkeypatch.setattr(scale, "measure", measured)
    with pytest.raises(KeyboardInterrupt):
        scale.section(arguments_of(["scale", "--cells", "20,30"]))
    assert capsys.readouterr().err.splitlines() == ["cells         20", "whole run, s  12.0", ""]


def test_seconds_and_peaks_of_a_run(tmp_path):
    for name, size in {"a": 3e8, "b": 7e8}.items():
        for file, text in {
            f"cells/{name}/run.json": json.dumps({"peak_memory": size}),
            f"benchmarks/train/{name}.tsv": f"s\tmax_rss\n{size / 1e8}\t-\n",
        }.items():
            (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / file).write_text(text, "utf-8")
    assert peak(tmp_path, "train") == 700
    assert sorted(seconds_of(tmp_path, "train")) == [3, 7]
