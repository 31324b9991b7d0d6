"""The search for settings that give the original's figures: what is tried, how a fit is judged, what is kept."""

import json
import math
import shutil

import numpy as np
import pytest
import yaml
from project import ROOT
from scipy import stats
from tables import rows
from trained_cell import images_of_classes

from experiment_grid.analysis import fit_settings
from experiment_grid.analysis.fit_settings import Training, Tried, combinations, judged
from experiment_grid.config.fitted_settings import summary
from experiment_grid.data import prepared
from experiment_grid.runtime.errors import UserError


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with the configuration, and a small prepared file of MNIST's name."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "results/data/mnist/prepared.safetensors"
    data.parent.mkdir(parents=True)
    train, test = images_of_classes(400), images_of_classes(200, random_seed=1)
    prepared.write(data, "mnist", [*"0123"], train, test)
    return tmp_path


def test_every_row_is_tried_with_every_combination(project):
    config = yaml.safe_load((project / "config/config.yaml").read_text())
    given = {"grid": {"momentum": [0, 0.9], "normalize": [False, True]}, "seeds": [1, 2], "epochs": 7}
    tried = combinations(given, config)
    assert len(tried) == 8 * 4
    four = [one for one in tried if one.row["row"] == "four-hidden-layers"]
    assert {(one.values["momentum"], one.values["normalize"]) for one in four} == {
        (0, False), (0, True), (0.9, False), (0.9, True)
    }  # fmt: skip
    assert all(one.parameters["model"]["hidden"] == [512, 256, 128, 64] for one in four)
    assert {one.parameters["optimizer"]["momentum"] for one in four} == {0, 0.9}
    assert {(one.parameters["epochs"], tuple(one.parameters["seeds"])) for one in tried} == {(7, (1, 2))}
    assert len({one.key for one in tried}) == 28  # the first two rows differ in normalization alone


ROW = {"row": "a", "figures": {"train_loss": 0.0050, "train_correct": 900, "train_images": 1000}}
ROW["figures"] |= {"test_correct": 880, "test_images": 1000}


def test_a_fit_is_judged_by_the_interval_of_one_new_run():
    """Its spread is the median over all combinations."""
    by_batch = {50: ROW, 100: ROW | {"row": "b"}}
    tried = [Tried(by_batch[b], {"m": m}, {"batch_size": b, "m": m}) for m in (0, 0.9) for b in by_batch]
    generator = np.random.default_rng(3)
    runs = {}
    for one, loss in zip(tried, (0.25, 0.5, 0.26, 0.4), strict=True):
        made = [generator.normal([[loss], [0.9], [0.88]], 0.01, (3, 2)).tolist() for _ in range(3)]
        runs[one.key] = [Training(*metrics, 1000) for metrics in made]
    lines = list(judged(tried, runs, 2))
    assert [(line["m"], line["epoch"], line["row"]) for line in lines] == [
        (m, e, r) for e in (1, 2) for m in (0, 0.9) for r in "ab"
    ]
    for line, one in zip(lines, tried * 2, strict=True):
        inside, distances = 0, []
        steps = 1000 / one.parameters["batch_size"]
        for figure, unit, half in (("train_loss", steps / 1000, 5e-5), ("train_correct", 1, 0), ("test_correct", 1, 0)):
            values = {
                key: np.array([getattr(run, figure)[line["epoch"] - 1] for run in of]) for key, of in runs.items()
            }
            variance = np.median([of.var(ddof=1) for of in values.values()]) / (stats.chi2.ppf(0.5, 2) / 2)
            sd = unit * math.sqrt(variance * (1 + 1 / 3))
            total = 1 if figure == "train_loss" else 1000
            here, reach = unit * values[one.key].mean(), stats.t.ppf(0.975, 8) * sd + half
            assert line[figure] == pytest.approx(here * total)
            inside += abs(ROW["figures"][figure] - here * total) <= reach * total
            distances.append((ROW["figures"][figure] - here * total) / (math.hypot(sd, half) * total))
        assert (line["fits"], line["of"]) == (inside, 3)
        assert line["misfit"] == pytest.approx(math.sqrt(np.mean(np.square(distances))))


def test_rows_of_other_numbers_of_images_are_not_judged():
    tried = [Tried(ROW, {}, {"batch_size": 50})]
    runs = {tried[0].key: [Training([0.2], [0.9], [0.9], 999), Training([0.3], [0.9], [0.8], 999)]}
    assert list(judged(tried, runs, 1)) == []


def test_the_command_writes_what_the_page_reads(project):
    report = yaml.safe_load((project / "config/original-report.yaml").read_text())
    row = report["rows"][0] | {"figures": {"train_loss": 0.02, "train_correct": 300, "train_images": 320}}
    row["figures"] |= {"test_correct": 150, "test_images": 200}
    row["stated"] |= {"hidden": [8], "batch_size": 32}
    (project / "config/original-report.yaml").write_text(yaml.safe_dump(report | {"rows": [row]}))
    given = {"grid": {"momentum": [0, 0.9], "learning_rate": [0.01, 0.05]}, "seeds": [1, 2], "epochs": 3}
    (project / "config/fit.yaml").write_text(yaml.safe_dump(given))
    fit_settings.main()
    lines = rows(project / "config/fit.csv")
    assert len(lines) == 4 * 3 and {line["row"] for line in lines} == {"no-normalization"}
    losses = [
        float(line["train_loss"]) for line in lines if line["momentum"] == "0.9" and line["learning_rate"] == "0.05"
    ]
    assert losses == sorted(losses, reverse=True)
    summarized = summary(project / "config/fit.csv")
    assert summarized["tried"] == 12 and summarized["values"]["epoch"] == ["1", "2", "3"]
    assert summarized["rows"][0]["fitting"] == sum(line["fits"] == line["of"] for line in lines)
    json.dumps(summarized)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("grid: {momentum: [0, 2]}\nseeds: [1, 2]\nepochs: 3\n", "momentum"),
        ("grid: {momentum: [0]}\nseeds: [1]\nepochs: 3\n", "config/fit.yaml:2: seeds"),
        ("grid: {momentum: [0]}\nseeds: [1, 2]\nepoch: 3\n", "config/fit.yaml:3: epoch: unknown key"),
    ],
)
def test_errors_in_the_file_are_one_line_each(project, content, message):
    (project / "config/fit.yaml").write_text(content)
    with pytest.raises(UserError, match=message):
        fit_settings.main()


def test_without_prepared_images_a_line_says_how_to_make_them(project):
    shutil.rmtree(project / "results")
    with pytest.raises(UserError, match=r"prepared.safetensors: is not there; `snakemake --cores 1 results/data/mnist"):
        fit_settings.main()


@pytest.mark.parametrize("content", ["", "row,epoch\na,1\n", "a,b\n1\n", "row,epoch,fits,of,misfit\na,1,3,3,much\n"])
def test_a_file_that_is_no_table_is_refused_in_a_line(tmp_path, content):
    (tmp_path / "fit.csv").write_text(content)
    with pytest.raises(UserError, match="is not a table of a search"):
        summary(tmp_path / "fit.csv")


def test_what_fits_comes_first_or_else_the_nearest(tmp_path):
    lines = ["row,momentum,epoch,seeds,train_loss,train_correct,test_correct,fits,of,misfit"]
    lines += ["a,0,1,2,0,0,0,2,3,0.1", "a,0,2,2,0,0,0,3,3,0.9", "a,0.9,1,2,0,0,0,3,3,0.5", "b,0,1,2,0,0,0,1,3,2"]
    (tmp_path / "fit.csv").write_text("\n".join(lines))
    summarized = summary(tmp_path / "fit.csv")
    a, b = summarized["rows"]
    assert (a["fitting"], [(one["momentum"], one["epoch"]) for one in a["nearest"]]) == (2, [("0.9", "1"), ("0", "2")])
    assert (b["tried"], b["fitting"], b["nearest"]) == (1, 0, [{"momentum": "0", "epoch": "1", "fits": 1, "of": 3}])
