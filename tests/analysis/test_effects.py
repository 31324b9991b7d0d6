"""effects.csv: the difference between two cells that differ in one factor."""

import shutil

import numpy as np
import pytest
from scipy import stats
from simulated_cells import make_cells

from experiment_grid.analysis.cell_results import read_cells
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


def test_every_pair_of_the_grid_has_a_row_those_of_the_baseline_first(made):
    table = made[2]
    assert list(table.columns) == COLUMNS
    assert table["is_baseline"].tolist() == [True] * 5 + [False]
    assert set(table["factor"]) == {"depth", "loss", "batch_size", "learning_rate", "train_fraction", "normalize"}


def test_numbers_of_a_pair_are_those_of_its_predictions(made):
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
    """It is wider than the normal interval from the variance over seeds plus that over images."""
    cells, _, table = made
    row = pair(table, "no-normalization", "normalization")
    changes = cells["normalization"].correct.astype(float) - cells["no-normalization"].correct
    variance = changes.mean(axis=1).var(ddof=1) / 3 + changes.mean(axis=0).var(ddof=1) / 1000
    assert (row["high"] - row["low"]) / 2 > stats.norm.ppf(0.975) * np.sqrt(variance)
    assert row["low"] < row["difference"] < row["high"]


def test_all_pairs_are_one_family_and_intervals_say_what_is_decided(made):
    table = made[2]
    assert set(table["family"]) == {"page"}
    least = table["p"].idxmin()
    assert table.loc[least, "p_adjusted"] == pytest.approx(min(1, 6 * table.loc[least, "p"]))
    assert ((table["p_adjusted"] < 0.05) == table["decided"]).all()
    assert (((table["low"] >= 0) | (table["high"] <= 0)) == table["decided"]).all()


def test_comparisons_for_claims_are_in_the_family_too(made):
    cells, seeds, table = made
    asked = [("train_loss", "normalize"), ("train_accuracy", "hidden"), ("train_seconds", "depth")]
    effects = find_effects([*cells.values()], seeds, "three-hidden-layers", 0.95, asked)
    assert effects.tests == len(table) + 2
    assert set(effects.others) == {"train_loss", "train_accuracy"}
    row = effects.others["train_accuracy"].iloc[0]
    means = seeds.groupby("cell")["train_accuracy"].mean()
    assert row["difference"] == pytest.approx(means["four-hidden-layers"] - means["three-hidden-layers"])
    assert (effects.table["p_adjusted"] >= table["p_adjusted"]).all()


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


def test_diverged_and_failed_cells_keep_a_row_without_numbers(tmp_path):
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
    assert row["basis"] == "same predictions"


def test_equal_cells_are_one_in_the_family(tmp_path):
    """nll and cross_entropy predict the same, so their differences from another cell are one comparison, not two."""
    grid = {"three-hidden-layers": ({}, 4.0), "mse": ({"loss": "mse"}, 3.0)}
    alone = effects_of(tmp_path / "two", grid)[2].iloc[0]
    settings = make_cells(tmp_path / "three", grid | {"ce": ({"loss": "cross_entropy"}, 4.0)})
    shutil.copy(*(tmp_path / "three/cells" / name / "predictions.npz" for name in ("three-hidden-layers", "ce")))
    shutil.copy(*(tmp_path / f"{n}/cells/mse/predictions.npz" for n in ("two", "three")))
    shutil.copy(*(tmp_path / f"{n}/cells/three-hidden-layers/predictions.npz" for n in ("two", "three")))
    shutil.copy(*(tmp_path / "three/cells" / name / "predictions.npz" for name in ("three-hidden-layers", "ce")))
    cells = read_cells({c["name"]: tmp_path / "three/cells" / c["name"] for c in settings}, settings)
    table = find_effects(cells, score_cells(cells, 0.95)[0], "three-hidden-layers", 0.95).table
    columns = ["difference", "low", "high", "p", "p_adjusted"]
    one = pair(table, "three-hidden-layers", "mse")[columns]
    assert one.tolist() == pytest.approx(alone[columns].tolist())
    other = table[table["basis"] == "seeds and images"]
    assert len(other) == 2 and other["p_adjusted"].nunique() == 1


def test_every_cell_counts_with_its_own_seeds(tmp_path):
    grid = {"three-hidden-layers": ({}, 4.0), "wide": ({"hidden": [300, 128, 64], "seeds": [3, 1, 9]}, 4.0)}
    _, seeds, table = effects_of(tmp_path, grid)
    accuracy = seeds.set_index(["cell", "seed"])["accuracy"]
    expected = accuracy["wide"].mean() - accuracy["three-hidden-layers"].mean()
    assert table.iloc[0]["seeds"] == 2
    assert table.iloc[0]["difference"] == pytest.approx(expected)


def test_cells_without_a_seed_in_common_are_compared(tmp_path):
    grid = {"three-hidden-layers": ({}, 4.0), "wide": ({"hidden": [300, 128, 64], "seeds": [8, 9]}, 4.0)}
    row = effects_of(tmp_path, grid)[2].iloc[0]
    assert (row["seeds"], row["from_seeds"], row["to_seeds"]) == (0, 3, 2)
    assert row["low"] < row["difference"] < row["high"]
    assert np.isnan(row["seeds_p"]) and 0 <= row["mcnemar_p"] <= 1


def test_a_single_run_beside_three_is_no_interval(tmp_path):
    grid = {"three-hidden-layers": ({}, 4.0), "wide": ({"hidden": [300, 128, 64], "seeds": [8]}, 4.0)}
    row = effects_of(tmp_path, grid)[2].iloc[0]
    assert row["basis"] == "images (single run)" and not row["decided"]
    assert np.isnan(row["low"]) and not np.isnan(row["difference"])
