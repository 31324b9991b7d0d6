"""The stages of the workflow, and which feed which."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """A stage as the plan sees it: where its record is and which stages feed it."""

    record: str
    after: tuple[str, ...]
    per_cell: bool = False


STAGES = {
    "download": Stage("data/{dataset}/download.json", ()),
    "prepare": Stage("data/{dataset}/prepare.json", ("download",)),
    "train_seed": Stage("seeds/{cell}/run.json", ("prepare",), per_cell=True),
    "train": Stage("cells/{cell}/run.json", ("prepare", "train_seed"), per_cell=True),
    "evaluate": Stage("cells/{cell}/evaluation.json", ("prepare", "train"), per_cell=True),
    "timing": Stage("timing/timing.json", ("prepare", "train")),
    "compare": Stage("comparison/compare.json", ("train", "evaluate", "timing")),
    "figures": Stage("figures/figures.json", ("compare",)),
    "errors": Stage("errors/errors.json", ("prepare", "train", "evaluate")),
    "report": Stage("report.json", ("timing", "compare", "errors")),
    "record": Stage("record.json", ("train", "evaluate", "timing", "compare", "figures", "errors", "report")),
}
