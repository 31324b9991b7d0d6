"""Compare all cells: tables, effects, findings, audit of the report. No other stage compares cells."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from experiment_grid.analysis.audit import audit
from experiment_grid.analysis.calibration import calibration
from experiment_grid.analysis.cell_reports import cell_blocks
from experiment_grid.analysis.cell_results import CellResults, read_cells
from experiment_grid.analysis.claims import asked, judge
from experiment_grid.analysis.comparison_table import comparison_table
from experiment_grid.analysis.effects import find_effects
from experiment_grid.analysis.findings import findings
from experiment_grid.analysis.linear_model import fit
from experiment_grid.analysis.scores import score_cells
from experiment_grid.analysis.table_files import shown_table, write_csv, write_latex, write_markdown
from experiment_grid.analysis.times import read_timing
from experiment_grid.runtime.files import replacing, write_json
from experiment_grid.runtime.records import now, write_record

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

CURVES = [
    "cell",
    "seed",
    "epoch",
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_accuracy",
    "seconds",
    "test_loss",
    "test_accuracy",
    "elapsed_seconds",
]


def compare(
    settings: dict[str, Any],
    folders: dict[str, Path],
    outputs: dict[str, Path],
    plan: Path,
    inputs: list[Path],
    timing: tuple[Path, Path] | None = None,
) -> None:
    """Compare the cells of `settings`; `folders` holds those that have results, `outputs` maps rule names to files.

    `timing` are timing.csv and timing/rounds.csv; without them, no times are compared.
    """
    started = now()
    confidence, reference = settings["confidence"], settings["reference"]
    cells = read_cells(folders, settings["cells"])
    seeds, classes = score_cells(cells, confidence)
    comparison = comparison_table(cells, seeds, confidence)
    timed = read_timing(*timing) if timing else None
    effects = find_effects(cells, seeds, settings["baseline"], confidence, asked(reference), timed)
    agreement = audit(cells, seeds, reference, confidence)
    claims = judge(cells, effects, reference)
    final = next(cell for cell in cells if cell.name == settings["final"])
    calibrated = calibration(final, folders[final.name] / "predictions.npz") if final.comparable else None
    model = fit(settings, cells, confidence)
    found = findings(settings, cells, seeds, comparison, effects, agreement.rows, calibrated, timed, model)

    write_csv(outputs["comparison"], comparison)
    write_csv(outputs["effects"], effects.table)
    write_csv(outputs["reference"], agreement.table)
    write_csv(outputs["model"], model.table)
    write_csv(outputs["curves"], curves(cells))
    write_csv(outputs["seeds"], seeds)
    write_csv(outputs["classes"], classes)
    write_predictions(outputs["predictions"], cells)
    write_confusion(outputs["confusion"], cells)
    write_json(outputs["findings"], found)
    write_json(outputs["claims"], {"claims": claims})
    stated = {"not_stated": {}, "search": None} if reference is None else reference
    write_json(outputs["rows"], {"rows": agreement.rows} | {key: stated.get(key) for key in ("not_stated", "search")})
    write_json(outputs["cells"], {"cells": cell_blocks(cells, seeds, reference)})
    shown = shown_table(comparison)
    write_latex(outputs["latex"], shown, f"Results of the experiments on {settings['dataset']}.")
    write_markdown(outputs["markdown"], shown)
    for finding in found["findings"]:
        print(finding["text"])
    record = outputs["record"]
    files = [file for file in outputs.values() if file != record]
    write_record(
        record,
        plan,
        files,
        inputs=inputs,
        started=started,
        packages=("numpy", "pandas", "scikit-learn", "scipy", "statsmodels"),
    )


def curves(cells: list[CellResults]) -> pd.DataFrame:
    """curves.csv: what happened in every epoch of every seed, with the training seconds so far."""
    tables = {cell.name: cell.curves for cell in cells if len(cell.curves)}
    if not tables:
        return pd.DataFrame(columns=CURVES)
    table = pd.concat(tables, names=["cell"]).reset_index("cell").reset_index(drop=True)
    table["elapsed_seconds"] = table.groupby(["cell", "seed"], sort=False)["seconds"].cumsum()
    return table[CURVES]


def write_predictions(path: Path, cells: list[CellResults]) -> None:
    """What the representative models predict, cells side by side."""
    known = [cell for cell in cells if len(cell.predicted)]
    predicted = [cell.predicted[cell.representative] for cell in known]
    labels = known[0].labels if known else np.empty(0, np.uint8)
    with replacing(path) as part:
        np.savez_compressed(
            part,
            cells=np.array([cell.name for cell in known], dtype=str),
            seeds=np.array([cell.seeds[cell.representative] for cell in known], np.int64),
            predicted=np.array(predicted, np.uint8).reshape(len(known), len(labels)),
            probability=np.array([cell.probability for cell in known], np.float32).reshape(len(known), len(labels)),
            labels=labels,
        )


def write_confusion(path: Path, cells: list[CellResults]) -> None:
    """The representative models' confusion matrices of every epoch that they trained."""
    known = [cell for cell in cells if len(cell.confusion)]
    matrices = {f"counts/{c.name}": c.confusion[c.representative][: c.last_epochs[c.representative]] for c in known}
    with replacing(path) as part:
        np.savez_compressed(part, **matrices)


if __name__ == "__main__":
    from experiment_grid.runtime.stage import stage

    with stage(snakemake) as plan:
        compare(
            plan["recipe"]["settings"],
            dict(zip(snakemake.params.cells, (Path(file).parent for file in snakemake.input.run), strict=True)),
            {name: Path(file) for name, file in snakemake.output.items()},
            Path(snakemake.input.plan),
            [Path(file) for file in snakemake.input if file != snakemake.input.plan],
            (Path(snakemake.input.timing), Path(snakemake.input.rounds)),
        )
