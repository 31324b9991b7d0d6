"""The finished run, compared beside an original report of one row."""

import json

import pytest
from compare import compare
from recomputed import ROW, TIME, CellFiles, claim_on
from simulated_cells import compare_outputs
from tables import rows


@pytest.fixture(scope="session")
def compared_run(finished, tmp_path_factory):
    """The cells' files, the settings of compare, and the tables that it writes."""
    results = finished / "results"
    plan = results / "plan/compare.json"
    settings = json.loads(plan.read_text("utf-8"))["recipe"]["settings"]
    reference = {"title": "t", "rows": [ROW], "times": [TIME], "claims": [claim_on("train_loss")], "not_stated": {}}
    cells = {cell["name"]: results / "cells" / cell["name"] for cell in settings["cells"]}
    outputs = compare_outputs(tmp_path_factory.mktemp("recomputed"))
    compare(settings | {"reference": reference}, cells, outputs, plan, [])
    tables = {name: rows(outputs[name]) for name in ("comparison", "effects", "reference")}
    return {name: CellFiles(folder) for name, folder in cells.items()}, settings, tables
