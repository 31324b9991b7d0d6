"""The plan in words, for a terminal: what would run now and why, in one screen."""

from collections import defaultdict

from experiment_grid.format import megabytes
from experiment_grid.planning.decisions import AFTER
from experiment_grid.planning.found_trainings import alone
from experiment_grid.planning.plan import Plan
from experiment_grid.runtime.errors import some

MOST_LINES = 30  # reasons shown one by one; the rest is counted


def explain(plan: Plan) -> str:
    """What would run now and why, grouped by reason; a line for each, at most a screen."""
    cells = [cell for stage, cell in plan.jobs() if stage == "train"]
    runs = {job: why for job, why in plan.reasons.items() if why}
    if not runs:
        lines = [f"Nothing to do: all {len(cells)} cells are kept, the page is up to date."]
    else:
        trained = [cell for cell in cells if ("train", cell) in runs]
        found = [cell for cell in trained if plan.decision("train", cell).found]
        again = f"{len(found)} found again, " if found else ""
        counts = f"{len(trained) - len(found)} to train, {again}{len(cells) - len(trained)} kept"
        lines = [f"{len(cells)} cells: {counts}.", *_reasons(runs)]
    stale = plan.stale()
    if stale:
        lines.append(f"No longer configured, still there: {some(stale, 4)} (make stale lists, make prune removes them)")
    if taken := sum(map(alone, plan.old_trainings())):
        lines.append(f"Trainings no longer used by any cell: {megabytes(taken)} (make stale, make prune)")
    return "\n".join(lines)


def _reasons(runs: dict[tuple[str, str | None], list[str]]) -> list[str]:
    of_cells: dict[tuple[str, str], list[str]] = defaultdict(list)
    of_all: dict[str, list[str]] = defaultdict(list)
    for (stage, cell), reasons in runs.items():
        why = "; ".join(reason for reason in reasons if not reason.startswith(AFTER)) or "made from these"
        if cell is None:
            of_all[why].append(stage)
        else:
            of_cells[stage, why].append(cell)
    lines = [f"{stage:<8}  {some(cells, 4)}: {why}" for (stage, why), cells in of_cells.items()]
    lines += [f"{', '.join(stages)}: {why}" for why, stages in of_all.items()]
    if len(lines) > MOST_LINES:
        lines[MOST_LINES:] = [f"… and {len(lines) - MOST_LINES} more reasons"]
    return [f"  {line}" for line in lines]
