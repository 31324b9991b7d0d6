"""effects.csv: what two cells' figures say of one factor."""

import numpy as np
import pytest
from scipy import stats
from simulated_cells import make_cells

from experiment_grid.analysis.cells import read_cells
from experiment_grid.analysis.effects import COLUMNS, find_effects
from experiment_grid.analysis.scores import score_cells


def effects_of(results, grid=None, baseline="three-hidden-layers", **made):
    settings = make_cells(results, grid, **made)
    folders = {cell["name"]: results / "cells" / cell["name"] for cell in settings}
    cells = read_cells({name: folder for name, folder in folders.items() if folder.exists()}, settings)
    seeds, _ = score_cells(cells, 0.95)
    return {cell.name: cell for cell in cells}, seeds, find_effects(cells, seeds, baseline, 0.95).table


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return effects_of(tmp_path_factory.mktemp("results"), images=1000)


def pair(table, first, second):
    rows = table[(table["from"] == first) & (table["to"] == second)]
    assert len(rows) == 1
    return rows.iloc[0]


def test_every_pair_of_the_grid_is_there_baselines_first(made):
    table = made[2]
    assert list(table.columns) == COLUMNS
    assert table["is_baseline"].tolist() == [True] * 5 + [False]
    assert set(table["factor"]) == {"depth", "loss", "batch_size", "learning_rate", "train_fraction", "normalize"}


def test_figures_of_a_pair_are_those_of_its_predictions(made):
    cells, seeds, table = made
    row = pair(table, "no-normalization", "normalization")
    one, other = cells["no-normalization"], cells["normalization"]
    accuracy = seeds.set_index(["cell", "seed"])["accuracy"]
    by_seed = (accuracy["normalization"] - accuracy["no-normalization"]).to_numpy()
    assert row["difference"] == pytest.approx(by_seed.mean())
    right = [cell.correct[cell.representative] for cell in (one, other)]
    assert row["both_right"] == (right[0] & right[1]).sum()
    assert row["only_from_right"] == (right[0] & ~right[1]).sum()
    assert row["only_to_right"] == (~right[0] & right[1]).sum()
    assert row[["both_right", "only_from_right", "only_to_right", "both_wrong"]].sum() == 1000
    assert row["models_difference"] == pytest.approx(right[1].mean() - right[0].mean())
    assert row["loss_difference"] == pytest.approx(other.log_loss.mean() - one.log_loss.mean(), rel=1e-4)
    assert row["from_seed"] == one.seeds[one.representative]


def test_interval_counts_seeds_and_images(made):
    """As wide as the t interval over seeds alone would have to be for one more independent source, the images."""
    cells, _, table = made
    row = pair(table, "no-normalization", "normalization")
    changes = cells["normalization"].correct.astype(float) - cells["no-normalization"].correct
    variance = changes.mean(axis=1).var(ddof=1) / 3 + changes.mean(axis=0).var(ddof=1) / 1000
    assert (row["high"] - row["low"]) / 2 > stats.norm.ppf(0.975) * np.sqrt(variance)
    assert row["low"] < row["difference"] < row["high"]


def test_p_values_are_adjusted_within_the_family(made):
    table = made[2]
    short = table[table["is_baseline"]]
    assert set(short["family"]) == {"baseline"}
    least = short["p"].idxmin()
    assert short.loc[least, "p_adjusted"] == pytest.approx(min(1, 5 * short.loc[least, "p"]))
    alone = table[~table["is_baseline"]].iloc[0]
    assert alone["p_adjusted"] == alone["p"]
    assert ((table["p_adjusted"] < 0.05) == table["decided"]).all()


def test_three_seeds_cannot_reach_significance_by_sign_flips(made):
    assert (made[2]["seeds_p_floor"] == 0.25).all()
    assert (made[2]["seeds_p"] >= 0.25).all()


def test_one_seed_decides_nothing(tmp_path):
    _, _, table = effects_of(tmp_path, seeds=(4,), images=2000)
    assert not table["decided"].any()
    assert set(table["basis"]) == {"images (single run)"}
    assert table["p"].equals(table["mcnemar_p"])
    assert table["low"].equals(table["models_low"])
    assert table["p"].min() < 0.05


def test_diverged_and_failed_cells_keep_a_row_without_figures(tmp_path):
    _, _, table = effects_of(tmp_path, diverged=("mse",), missing=("batch-128",))
    for name in ("mse", "batch-128"):
        row = pair(table, "three-hidden-layers", name)
        assert np.isnan(row["difference"]) and np.isnan(row["p_adjusted"])
        assert row["seeds"] == 0 and not row["decided"]


def test_cells_that_predict_the_same_do_not_differ(tmp_path):
    effects_of(tmp_path, {"three-hidden-layers": ({}, 4.0), "ce": ({"loss": "cross_entropy"}, 4.0)})
    copy = (tmp_path / "cells/three-hidden-layers/predictions.npz").read_bytes()
    (tmp_path / "cells/ce/predictions.npz").write_bytes(copy)
    settings = make_cells(tmp_path / "none", {"three-hidden-layers": ({}, 4.0), "ce": ({"loss": "cross_entropy"}, 4.0)})
    cells = read_cells({name: tmp_path / "cells" / name for name in ("three-hidden-layers", "ce")}, settings)
    row = find_effects(cells, score_cells(cells, 0.95)[0], None, 0.95).table.iloc[0]
    assert (row["difference"], row["low"], row["high"], row["mcnemar_p"]) == (0, 0, 0, 1)
    assert np.isnan(row["p"]) and np.isnan(row["p_adjusted"]) and not row["decided"]


def test_seeds_are_paired_by_their_number(tmp_path):
    grid = {"three-hidden-layers": ({}, 4.0), "wide": ({"hidden": [300, 128, 64], "seeds": [3, 1, 9]}, 4.0)}
    _, seeds, table = effects_of(tmp_path, grid)
    accuracy = seeds.set_index(["cell", "seed"])["accuracy"]
    expected = [accuracy["wide", seed] - accuracy["three-hidden-layers", seed] for seed in (1, 3)]
    assert table.iloc[0]["seeds"] == 2
    assert table.iloc[0]["difference"] == pytest.approx(np.mean(expected))


def test_no_seed_in_common_leaves_the_two_models(tmp_path):
    grid = {"three-hidden-layers": ({}, 4.0), "wide": ({"hidden": [300, 128, 64], "seeds": [8, 9]}, 4.0)}
    row = effects_of(tmp_path, grid)[2].iloc[0]
    assert row["seeds"] == 0 and np.isnan(row["difference"])
    assert 0 <= row["mcnemar_p"] <= 1
