"""Head: what was run, on what, when, how long, and how much of it in this run."""

from collections import Counter
from typing import Any

from experiment_grid.format import level, moment, plural, seconds, whole
from experiment_grid.report.labels import DATASETS, INK, device_name, epoch_words
from experiment_grid.report.results import Results
from experiment_grid.report.sections import provenance
from experiment_grid.runtime.kept_trainings import FOUND

SETTINGS = "each a set of parameters"  # what a cell is, where the page first speaks of them


def context(results: Results) -> dict[str, Any]:
    """The head's facts; nothing in it depends on when the page is drawn."""
    run, settings = results.run, results.settings
    known = [cell for cell in results.cells if cell["status"] != "failed"]
    models = sum(len(cell["seeds"]) for cell in known)
    trainings = int((results.trained["epoch"] == 1).sum())
    finished = sorted(cell["finished"] for cell in known if cell.get("finished"))
    troubled = len(results.names) - sum(row["status"] == "ok" for row in results.comparison)
    dataset = DATASETS.get(settings["dataset"], settings["dataset"])
    facts = [
        _fact("Data set", dataset, "; ".join(filter(None, [_images(known), *results.errors.get("warnings", ())]))),
        _fact("Cells", whole(len(results.names)), SETTINGS + f"; {troubled} failed or diverged" * bool(troubled)),
        _fact("Models", whole(models), _seeds(known) + (f"; {plural(trainings, 'training')}" * (trainings < models))),
    ]
    if "trained" in run:
        counts = Counter(provenance.in_run(results).values())
        others = (FOUND, "found again"), ("kept", "kept from before")
        more = ", ".join(f"{counts[key]:,} {words}" for key, words in others if counts[key])
        facts.append(_fact("In this run", f"{plural(counts['trained'], 'cell')} trained", more))
    spent = f"{seconds(results.trained['seconds'].sum())} in total" if models else "–"
    facts.append(_fact("Training, all models", spent, _devices(known)))
    judged = sum(row["judged"] or 0 for row in results.original)
    if judged:
        consistent = sum(row["consistent"] or 0 for row in results.original)
        facts.append(_fact("Original report", f"{consistent} of {judged}", "of its figures agree"))
    span = f"Trainings finished between {moment(finished[0])} and {moment(finished[-1])}. " if finished else ""
    started = f"This run started {moment(run['started'])}. " if run.get("started") else ""
    how = (
        f"{span}{started}Test figures are taken at the {epoch_words(settings['epoch'])}. Intervals are "
        f"{level(settings['confidence'])}.{_no_gpu(known)}"
    )
    return {
        "kicker": f"Experiments on {dataset}",
        "ink": settings["dataset"].partition("-")[0] in INK,
        "note": settings.get("note") or (_of_audit(known) if judged else ""),
        "facts": facts,
        "how": how,
    }


def _of_audit(cells: list[dict[str, Any]]) -> str:
    again = f"trained again, {_seeds(cells)}" if cells else "not trained yet"
    return f"The original report's experiments, {again}; its figures and conclusions are checked against the results."


def _fact(name: str, value: str, more: str = "") -> dict[str, str]:
    return {"name": name, "value": value, "more": more}


def _images(cells: list[dict[str, Any]]) -> str:
    if not cells:
        return ""
    first = cells[0]
    images = first["training_images"] + first["validation_images"]
    return f"{whole(images)} to train and validate, {whole(first['test_images'])} to test"


def _seeds(cells: list[dict[str, Any]]) -> str:
    counts = sorted({len(cell["seeds"]) for cell in cells})
    if not counts:
        return ""
    most = plural(counts[-1], "seed") if len(counts) == 1 else f"{counts[0]} to {counts[-1]} seeds"
    return f"{most} each" + ("; single runs say nothing about chance" if counts == [1] else "")


def _devices(cells: list[dict[str, Any]]) -> str:
    return "; ".join(dict.fromkeys(device_name(cell["device"]) for cell in cells))


def _no_gpu(cells: list[dict[str, Any]]) -> str:
    """A sentence about cells that were to train on a GPU and could not."""
    reasons = [
        cell["device"]["no_gpu"] for cell in cells if isinstance(cell["device"], dict) and "no_gpu" in cell["device"]
    ]
    if not reasons:
        return ""
    return f" {plural(len(reasons), 'cell')} trained on the CPU since PyTorch could not use a GPU: {reasons[0]}."
