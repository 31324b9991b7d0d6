"""A results folder as the stages would leave it, and its plan, without running a stage."""

from pathlib import Path

from experiment_grid.planning.plan import Plan
from experiment_grid.planning.stages import STAGES
from experiment_grid.runtime.records import now, write_record

CELLS = ["a", "b"]
OUTPUTS = {
    "download": "data/digits/images.gz",
    "prepare": "data/digits/prepared.safetensors",
    "train": "cells/{cell}/history.csv",
    "evaluate": "cells/{cell}/evaluation.csv",
    "timing": "timing.csv",
    "compare": "comparison.csv",
    "figures": "figures/time.svg",
    "errors": "errors/atlas.png",
    "report": "report.html",
    "record": "ro-crate-metadata.json",
}


class Recipes:
    """Recipes as the configuration would make them, easy to change."""

    def __init__(self):
        self.rates = dict.fromkeys(CELLS, 0.01)
        self.code = {stage: {stage: "1"} for stage in STAGES}
        self.note = "a note"

    def recipe(self, stage, cell=None):
        settings = {
            "train": {"parameters": {"learning_rate": self.rates.get(cell)}},
            "evaluate": {"parameters": {"learning_rate": self.rates.get(cell)}},
            "compare": {"cells": [{"name": name, "rate": rate} for name, rate in self.rates.items()]},
            "report": {"note": self.note},
        }
        return {"settings": settings.get(stage, {}), "code": self.code[stage]}


def make(results: Path, recipes: Recipes) -> Plan:
    return Plan(results, "digits", list(recipes.rates), recipes)


def finish(results: Path, plan: Plan) -> None:
    """Execute the plan: leave outputs and records as the stages would."""
    made: dict[tuple, list[Path]] = {}
    for stage, cell in plan.jobs():
        # timing runs after train, but reads nothing of it
        read = [job for job in plan.upstream(stage, cell) if (stage, job[0]) != ("timing", "train")]
        inputs = [path for job in read for path in made[job]]
        output = results / OUTPUTS[stage].format(cell=cell)
        record = results / STAGES[stage].record.format(dataset="digits", cell=cell)
        made[stage, cell] = [output]
        if plan.decision(stage, cell).runs or not output.exists():
            output.parent.mkdir(parents=True, exist_ok=True)
            output.write_text(f"{stage} {cell}")
            write_record(record, plan.file(stage, cell), [output], inputs=inputs, started=now())


def running(results, recipes) -> list[str]:
    plan = make(results, recipes)
    return [f"{stage} {cell}" if cell else stage for stage, cell in plan.jobs() if plan.decision(stage, cell).runs]
