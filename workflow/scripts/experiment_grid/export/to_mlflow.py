"""Every cell of a run as a run in MLflow, with a run of each seed below it."""

import json

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NAME

from experiment_grid.analysis.cell_results import CellResults
from experiment_grid.api.run import Run
from experiment_grid.export.curves import began, compared, parameters, points

TRAINED = "experiment_grid.trained"  # tag: when; a training is exported once
MOST_METRICS = 1000  # in one call, as the server allows


def export(run: Run) -> str:
    """Write the run into the store that MLFLOW_TRACKING_URI names, MLflow's own default if it names none."""
    client = MlflowClient()
    name = title(run)
    known = client.get_experiment_by_name(name)
    experiment = known.experiment_id if known else client.create_experiment(name)
    new = 0
    for cell in map(run.cell, run.cells):
        trained = f"{cell.name} {cell.run['finished']}"
        if not client.search_runs([experiment], f"tags.`{TRAINED}` = '{trained}'", max_results=1):
            new += 1
            _add_cell(client, experiment, run, cell, trained)
    return f"{new} of {len(run.cells)} cells are new in the experiment {name!r} of {client.tracking_uri}"


def title(run: Run) -> str:
    """The config's title; the folder's path before the run is finished."""
    path = run.folder / "record.json"
    return json.loads(path.read_text("utf-8"))["recipe"]["settings"]["title"] if path.is_file() else str(run.folder)


def _add_cell(client: MlflowClient, experiment: str, run: Run, cell: CellResults, trained: str) -> None:
    begun = int(1000 * began(cell))
    tags = {MLFLOW_RUN_NAME: cell.name, "status": cell.status, "device": cell.device}
    parent = client.create_run(experiment, begun, tags).info.run_id
    params = [Param(name, value) for name, value in parameters(cell).items()]
    figures = [Metric(name, value, begun, 0) for name, value in compared(run, cell.name).items()]
    client.log_batch(parent, metrics=figures, params=params)
    for seed in cell.seeds:
        tags = {MLFLOW_RUN_NAME: f"{cell.name}, seed {seed}", MLFLOW_PARENT_RUN_ID: parent}
        child = client.create_run(experiment, begun, tags).info.run_id
        metrics = [Metric(point.name, point.value, int(1000 * point.time), point.epoch) for point in points(cell, seed)]
        client.log_batch(child, params=[*params, Param("seed", str(seed))])
        for start in range(0, len(metrics), MOST_METRICS):
            client.log_batch(child, metrics=metrics[start : start + MOST_METRICS])
        client.set_terminated(child, end_time=max((metric.timestamp for metric in metrics), default=begun))
    client.log_batch(parent, tags=[RunTag(TRAINED, trained)])  # last: what was cut short is exported again
    client.set_terminated(parent)
