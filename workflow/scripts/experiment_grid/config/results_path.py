"""Where results may go. Snakemake uses the path unchecked, before the workflow sees it."""

from collections.abc import Iterable
from pathlib import Path

from experiment_grid.config.problems import Problem, Sources

ALLOWED = "a path, relative to the working directory or from /, e.g. /home/me/results"
WRONG = {
    "~": "is not expanded where it starts with ~",
    "$": "is not expanded, with $ in it",
    "://": "is an address",
    "{": "has a brace, which Snakemake takes for a wildcard",
    "}": "has a brace, which Snakemake takes for a wildcard",
    "<": "has <, which Snakemake takes for a path variable",
}


def check(results: str, files: Iterable[Path | str]) -> None:
    """Raise a UserError of one line where `pathvars.results` is a path that Snakemake would take for another one."""
    signs = [sign for sign in WRONG if (results.startswith(sign) if sign == "~" else sign in results)]
    if signs or not results.strip():
        wrong = WRONG[signs[0]] if signs else "is empty"
        Sources(files).refuse([Problem(("pathvars", "results"), wrong, results, ALLOWED)])
