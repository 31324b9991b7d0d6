"""What the rules of inspect.smk ask the plan."""

import sys
from collections.abc import Mapping

from planning.plan import Plan


def reasons(plan: Plan) -> list[tuple[str, str | None, list[str]]]:
    """Every job, stage and cell, with why it would run; no reason: it is kept."""
    why = {job: plan.decision(*job).why for job in plan.jobs()}
    for job in reversed(plan.jobs()):
        absent = [other for other in plan.upstream(*job) if plan.decision(*other).absent]
        if why[job]:
            why |= {other: ["not there, and needed"] for other in absent}
    return [(stage, cell, reasons) for (stage, cell), reasons in why.items()]


def named_cell(cells: list[str], environment: Mapping[str, str]) -> str:
    """What `make cell NAME=…` asks for: the last file of that cell. Ends the program where there is no such cell."""
    name = environment.get("NAME", "")
    if name not in cells:
        sys.exit(f"NAME: no such cell; given: {name or 'nothing'}; allowed: {', '.join(cells)}")
    return f"<results>/cells/{name}/evaluation.csv"
