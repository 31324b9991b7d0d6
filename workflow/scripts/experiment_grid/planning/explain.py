"""The plan in words, for a terminal: what would run now and why, in one screen."""

from collections import defaultdict

from experiment_grid.planning.differences import some
from experiment_grid.planning.found import alone
from experiment_grid.planning.plan import AFTER, Plan

MOST_LINES = 30  # reasons shown one by one; the rest is counted


def explain(plan: Plan) -> str:
    """What would run now and why, grouped by reason; a line for each, at most a screen."""
    runs = [job for job in plan.jobs() if plan.decision(*job).runs]
    trained = [cell for stage, cell in runs if stage == "train"]
    found = [cell for cell in trained if plan.decision("train", cell).found]
    cells = sum(1 for stage, _ in plan.jobs() if stage == "train")
    if not runs:
        lines = [f"Nothing to do: all {cells} cells are kept, the page is up to date."]
    else:
        again = f"{len(found)} found again, " if found else ""
        lines = [f"{cells} cells: {len(trained) - len(found)} to train, {again}{cells - len(trained)} kept."]
        lines += _reasons(plan, runs)
    stale = plan.stale()
    if stale:
        lines.append(f"No longer configured, still there: {some(stale, 4)} (make stale lists, make prune removes them)")
    if taken := sum(map(alone, plan.old_trainings())):
        lines.append(f"Trainings that no cell has any more: {taken / 1e6:.1f} MB (make stale, make prune)")
    return "\n".join(lines)


def _reasons(plan: Plan, runs: list[tuple[str, str | None]]) -> list[str]:
    by_cell: dict[tuple[str, str], list[str]] = defaultdict(list)
    by_why: dict[str, list[str]] = defaultdict(list)
    for stage, cell in runs:
        why = "; ".join(plan.decision(stage, cell).why)
        if cell is None:
            by_why[why.partition("; " + AFTER)[0] if not why.startswith(AFTER) else "made from these"].append(stage)
        elif stage == "train" or not plan.decision("train", cell).runs:  # evaluation follows training: no news
            by_cell[stage, why].append(cell)
    lines = [f"{stage:<8}  {some(cells, 4)}: {why}" for (stage, why), cells in by_cell.items()]
    lines += [f"{', '.join(stages)}: {why}" for why, stages in by_why.items()]
    if len(lines) > MOST_LINES:
        lines[MOST_LINES:] = [f"… and {len(lines) - MOST_LINES} more reasons"]
    return [f"  {line}" for line in lines]
